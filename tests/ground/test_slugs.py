"""Anchors are made of headings as GitHub and MkDocs make them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ground.slugs import attribute_id, github_slug, mkdocs_slug, numbered


@pytest.mark.parametrize(
    ("text", "github", "mkdocs"),
    [
        ("Restart Service", "restart-service", "restart-service"),
        ("Health  Checks", "health--checks", "health-checks"),
        ("Issue: It's down!", "issue-its-down", "issue-its-down"),
        ("a - b", "a---b", "a-b"),
        ("a — b", "a--b", "a-b"),
        ("a – b", "a--b", "a-b"),
        ("🚀 Deploy", "-deploy", "deploy"),
        ("Deploy 🚀", "deploy-", "deploy"),
        (":rocket: Deploy", "rocket-deploy", "rocket-deploy"),
        ("kubectl get_pods --all", "kubectl-get_pods---all", "kubectl-get_pods-all"),
        ("C++ & C#", "c--c", "c-c"),
        ("1.2.3 Version", "123-version", "123-version"),
        ("/healthz (GET)", "healthz-get", "healthz-get"),
        ("Überblick", "überblick", "uberblick"),
        ("Café au lait", "café-au-lait", "cafe-au-lait"),
        ("Cafe\u0301", "cafe\u0301", "cafe"),
        ("Перезапуск сервиса", "перезапуск-сервиса", ""),
        ("서비스 재시작", "서비스-재시작", ""),
        ("日本語 — テスト", "日本語--テスト", ""),
        ("हिन्दी", "हिन्दी", ""),
        ("مرحبا", "مرحبا", ""),
        ("m² and ½", "m-and-", "m2-and-12"),
        ("1️⃣ First", "1\ufe0f\u20e3-first", "1-first"),
        ("a\tb", "ab", "a-b"),
        ("a\u00a0b", "ab", "a-b"),
        ("snake_case__x_", "snake_case__x_", "snake_case__x_"),
        ("a‿b", "a‿b", "ab"),
        ("-", "-", "-"),
        ("", "", ""),
        ("***", "", ""),
    ],
)
def test_the_anchor_of_a_heading(text, github, mkdocs):
    assert github_slug(text) == github
    assert mkdocs_slug(text) == mkdocs


@pytest.mark.parametrize(
    ("slugs", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a-1", "a-2"]),
        (["a", "a", "a-1"], ["a", "a-1", "a-1-1"]),
        (["a-1", "a", "a"], ["a-1", "a", "a-2"]),
        (["", "", ""], ["", "-1", "-2"]),
    ],
)
def test_repeated_anchors_are_numbered(slugs, expected):
    assert numbered(slugs) == expected


def test_mkdocs_numbers_with_an_underscore():
    assert numbered(["a", "a"], "_") == ["a", "a_1"]


@given(st.lists(st.sampled_from(["a", "a-1", "a-1-1", "b", "", "-1"]), max_size=12))
def test_no_two_anchors_of_a_page_are_the_same(slugs):
    found = numbered(slugs)
    assert len(set(found)) == len(found) == len(slugs)
    assert all(made == slug or made.startswith(f"{slug}-") for made, slug in zip(found, slugs, strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Deploy {#ship}", ("Deploy", "ship")),
        ("Deploy {: #ship }", ("Deploy", "ship")),
        ("Deploy {#ship .wide}", ("Deploy", "ship")),
        ("Deploy {.wide #ship}", ("Deploy", "ship")),
        ("Deploy {ship}", ("Deploy {ship}", None)),
        ("Deploy {#ship} now", ("Deploy {#ship} now", None)),
        ("Deploy {{#ship}}", ("Deploy {{#ship}}", None)),
        ("{#ship}", ("", "ship")),
        ("}", ("}", None)),
    ],
)
def test_an_id_of_its_own_stands_behind_a_heading_in_braces(text, expected):
    assert attribute_id(text) == expected


@given(st.text(max_size=40))
def test_an_anchor_holds_no_space_and_no_capital_letter(text):
    for slug in (github_slug(text), mkdocs_slug(text)):
        assert " " not in slug and slug == slug.lower()

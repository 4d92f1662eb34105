"""A page knows its title, its sections with their places, the slots that it fills, and the anchors that it offers."""

from __future__ import annotations

import pytest
from hypothesis import given
from msgspec.structs import replace
from tests.book.whole_reading import page_of
from tests.markdown_pieces import any_page

from opsbook.book.headings import Headings
from opsbook.book.page import Reading, default_reading, is_slot_text, stem


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# One\n\n# Two\n", "One"), ("## Two\n\n# One\n", "One"), ("## Two\n", "Two"), ("---\ntitle: Front\n---\n## Two\n", "Front"),
        ("---\ntitle: Front\n---\n# One\n", "One"), ("---\ntitle: ''\n---\n", "a"), ("#\n\n## Two\n", "a"), ("", "a"),
        ("# One {#one}\n", "One"), ("# `kubectl` *now*\n", "kubectl now"), ("# ![logo](x.png) One\n", "One"), ("One\n===\n", "One"),
        ("# <%= title %>\n\n## Two\n", "<%= title %>"), ("---\ntitle: Front\n---\n# <%= t %>\n", "Front"), ("- # In a list\n  text\n", "In a list"),
        ("```\n# no\n```\n", "a"), ("+++\ntitle = 'Toml'\n+++\n", "Toml"), ("---\ntitle: 2026\n---\n", "2026"),
    ],
)  # fmt: skip
def test_the_title_of_a_page(text, title):
    assert page_of(text, "docs/a.md").title == title


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/b.md", "b"), ("b.html.md.erb", "b"), ("B.MD", "B"), ("b.markdown", "b"), ("b", "b"), (".md", ""), ("a.b.md", "a.b")],
)
def test_a_page_is_called_by_its_file_without_the_ending(path, name):
    assert stem(path) == name


def test_a_section_ends_where_the_next_begins_and_stops_where_the_next_of_its_level_does():
    text = "before\n# A\na\n## B\nb\n### C\nc\n## D\nd\n# E\n"
    page = page_of(text)
    shown = {
        s.title: (text[s.start : s.body], text[s.body : s.end], text[s.body : s.stop]) for s in page.sections
    }  # fmt: skip
    assert shown == {
        "A": ("# A\n", "a\n", "a\n## B\nb\n### C\nc\n## D\nd\n"),
        "B": ("## B\n", "b\n", "b\n### C\nc\n"),
        "C": ("### C\n", "c\n", "c\n"),
        "D": ("## D\n", "d\n", "d\n"),
        "E": ("# E\n", "", ""),
    }


def test_the_innermost_section_holds_a_byte_and_none_the_first_ones():
    text = "x\n# A\ny\n## B\nz\n"
    page = page_of(text)
    found = [section.title if (section := page.section_at(at)) else None for at in (0, 2, 6, 8, 14)]
    assert found == [None, "A", "A", "B", "B"]


def test_sections_know_those_in_them_and_beside_them():
    page = page_of("# A\n## B\n### C\n## D\n# E\n## F\n")
    titles = [section.title for section in page.sections]
    assert {titles[at]: [titles[child] for child in page.children[at]] for at in range(6)} == {
        "A": ["B", "D"], "B": ["C"], "C": [], "D": [], "E": ["F"], "F": [],
    }  # fmt: skip
    assert [titles[at] for at in page.family(1)] == ["B", "D"]
    assert [titles[at] for at in page.family(0)] == ["A", "E"]


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("## Overview\n\n## Deploy\n", {"overview", "deployment", "steps", "meaning"}),
        ("**Symptoms:** slow\n", {"symptoms", "meaning"}),
        ("## Meaning\n", {"meaning", "overview"}),
        ("## Root cause\n", {"root-cause", "diagnosis"}),
        ("## Mitigation\n", {"mitigation", "resolution", "steps"}),
        ("## Steps\n", {"steps", "common-operations", "diagnosis", "mitigation"}),
        ("## Deployment\n", {"deployment", "steps"}),
        ("## My own words\n", set()),
    ],
)
def test_the_slots_that_a_page_fills_by_itself_and_by_what_stands_for_another(text, slots):
    assert page_of(text).slots == slots


def test_a_users_own_words_fill_slots():
    reading = Reading(Headings({"monitoring": ("Beobachtung",)}))
    page = page_of("## Beobachtung\n\n**Beobachtung:** x\n", reading=reading)
    assert (page.sections[0].slot, "monitoring" in page.slots) == ("monitoring", True)


@pytest.mark.parametrize(
    ("form", "anchors"),
    [
        ("github", ["a--b", "own", "twice", "twice-1", "-go"]),
        ("myst", ["a--b", "own", "twice", "twice-1", "-go"]),
        ("mkdocs", ["a-b", "own", "twice", "twice_1", "go"]),
    ],
)
def test_the_anchors_of_the_headings_follow_the_host(form, anchors):
    text = "# A — B\n\n## C {#own}\n\n## Twice\n\n## Twice\n\n## 🚀 Go\n\n<a id='html'></a>\n"
    page = page_of(text, reading=replace(default_reading(), anchors=form))
    assert [section.anchor for section in page.sections] == anchors
    assert set(anchors) | {"html"} <= page.anchors


def test_a_heading_with_an_id_of_its_own_is_found_by_either_name():
    page = page_of("# Deploy {#ship}\n")
    assert {"ship", "deploy-ship"} <= page.anchors
    assert page.sections[0].title == "Deploy"
    assert page.section("ship") is page.sections[0]
    assert page.section("deploy") is None


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("[Team/Person]", True), (" [Date] ", True), ("[]", False), ("[a] [b]", False), ("[a](b)", False), ("a", False),
        ("[a [b] c]", False), ("x [a]", False),
    ],
)  # fmt: skip
def test_a_value_that_is_an_unfilled_slot(value, is_one):
    assert is_slot_text(value) is is_one


@given(any_page())
def test_equal_bytes_give_equal_pages(raw):
    one, other = page_of(raw), page_of(raw)
    assert (one.kind, one.title, one.sections, one.fields, one.anchors, one.slots) == (
        other.kind, other.title, other.sections, other.fields, other.anchors, other.slots,
    )  # fmt: skip


@given(any_page())
def test_every_byte_behind_the_first_heading_lies_in_a_section(raw):
    page = page_of(raw)
    for at in range(0, len(raw), max(1, len(raw) // 30)):
        section = page.section_at(at)
        if section is None:
            assert not page.sections or at < page.sections[0].start
        else:
            assert section.start <= at < section.stop

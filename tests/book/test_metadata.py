"""What a page says about itself is read from every form people use, each value with where it came from."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.book.whole_reading import page_of

from opsbook.book.metadata import plain_key


def read(text: str | bytes, path: str = "notes.md") -> list[tuple[str, str, str]]:
    return [(entry.key, entry.value, entry.origin) for entry in page_of(text, path).metadata.entries]


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("owner: Platform", {"owner": "Platform"}),
        ("Owner_Slack: '#ops'", {"owner slack": "#ops"}),
        ('owner: "@team: a"', {"owner": "@team: a"}),
        ("last_reviewed_on: 2026-01-02\nreview_in: 3 months", {"last reviewed on": "2026-01-02", "review in": "3 months"}),
        ("last-verified: 2026-01-02T10:00:00Z", {"last verified": "2026-01-02 10:00:00+00:00"}),
        ("tags: [a, b]\nowners:\n  - x\n  - y", {"tags": "a, b", "owners": "x, y"}),
        ("weight: 10\ndraft: false", {"weight": "10", "draft": "false"}),
        ("owner:\nservice: api", {"service": "api"}),
        ("owner: null\nservice: ~", {}),
        ("# a comment\nowner: x  # who", {"owner": "x"}),
        ("owner: >\n  two\n  words", {"owner": "two words"}),
        ("title: Überblick – 2", {"title": "Überblick – 2"}),
        ("nested:\n  owner: x", {}),
        ("ops:\n  owner: '@dba'\n  drill: {schedule: monthly}", {"owner": "@dba"}),
        ("ops: {owner: '@dba'}\nowner: x", {"owner": "x"}),
        ("owner: x\nowner: y", {"owner": "y"}),
        ("", {}),
    ],
)  # fmt: skip
def test_front_matter_is_read_flat_nested_listed_and_quoted(front, expected):
    page = page_of(f"---\n{front}\n---\n# A\n")
    first = {}
    for entry in page.metadata.entries:
        assert entry.origin == "front-matter"
        first.setdefault(entry.key, entry.value)
    assert {key: value for key, value in first.items() if value} == expected
    assert page.metadata.front_error is None


def test_front_matter_in_toml_is_read_too():
    page = page_of('+++\ntitle = "A"\nowners = ["x", "y"]\nlastmod = 2026-01-02\n+++\n')
    assert {entry.key: entry.value for entry in page.metadata.entries} == {
        "title": "A", "owners": "x, y", "lastmod": "2026-01-02",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("---\na: 1\nb: [\n---\n", 3), ("---\n\ta: 1\n---\n", 2), ("---\n- a\n- b\n---\n", 2), ("---\njust words\n---\n", 2),
        ("---\na: 1\na b\n---\n", 3), ("+++\na = \n+++\n", 2), ("---\na: !!python/object:os.system x\n---\n", 2),
        ("---\na: &x [*x]\n---\n", None), ("---\n? [a, b]\n: c\n---\n", None), ("---\n{a: {b: *none}}\n---\n", 2),
    ],
)  # fmt: skip
def test_front_matter_that_cannot_be_read_is_told_with_its_line(raw, line):
    page = page_of(raw)
    wrong = page.metadata.front_error
    if line is None:
        assert wrong is None or wrong[1]
        return
    assert wrong is not None
    offset, words = wrong
    assert words and "\n" not in words
    assert page.document.front_start <= offset <= len(raw.encode())
    assert abs(page.document.line(offset) - line) <= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Owner:** A  \n**Last Updated:** 2026-01-02", [("owner", "A", "bold"), ("last updated", "2026-01-02", "bold")]),
        ("- **Owner**: A", [("owner", "A", "bold")]),
        ("| Field | Value |\n|---|---|\n| Owner | A |\n| `Service` | `b` |", [("owner", "A", "table"), ("service", "b", "table")]),
        ("| | |\n|---|---|\n| **Owner** | A |", [("owner", "A", "table")]),
        ("| Property | Value |\n|---|---|\n| Owner |\n| Team | B |", [("owner", "", "table"), ("team", "B", "table")]),
        ("| Field | Value | More |\n|---|---|---|\n| Owner | A | b |", []),
        ("| Metric | Value |\n|---|---|\n| Owner | A |", []),
        ("Owner: A\nUnknown words: b\nStatus: live", [("owner", "A", "plain"), ("status", "live", "plain")]),
        ("Note that Owner: A", []),
        ("## First\n\n**Owner:** A\n\nOwner: B\n\n| Field | Value |\n|-|-|\n| Owner | C |", []),
        ("# Title\n\n**Owner:** A", [("owner", "A", "bold")]),
        ("`Owner: A`\n\n    Owner: B\n\n```\nOwner: C\n```", []),
    ],
)  # fmt: skip
def test_bold_lines_field_tables_and_plain_lines_before_the_first_section_are_read(text, expected):
    assert read(text) == expected


def test_front_matter_is_trusted_before_bold_lines_tables_and_plain_lines():
    text = "---\nowner: front\n---\n# A\n\n**Owner:** bold\n\n| Field | Value |\n|-|-|\n| Owner | table |\n\nOwner: plain\n"
    page = page_of(text)
    assert [entry.origin for entry in page.metadata.entries] == ["front-matter", "bold", "table", "plain"]
    assert page.owner is not None and (page.owner.value, page.owner.origin) == ("front", "front-matter")


def test_each_value_knows_where_it_stands():
    raw = "---\ntitle: é\nowner: front\n---\n**Team:** bold\n\n| Field | Value |\n|-|-|\n| Service | table |\n\nStatus: plain\n".encode()
    found = {entry.key: raw[entry.start : entry.end].decode().strip() for entry in page_of(raw).metadata.entries}
    assert found == {"title": "title: é", "owner": "owner: front", "team": "bold", "service": "table", "status": "plain"}


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("---\nowner_slack: '#sre'\n---\n", "#sre"), ("**Team:** SRE", "SRE"), ("**Maintainers:** a, b", "a, b"),
        ("**Owner:** [Team/Person]", None), ("**Owner:**", None), ("**Escalation contact:** a\n**Owner:** b", "b"),
        ("", None),
    ],
)  # fmt: skip
def test_the_owner_of_a_page(text, owner):
    found = page_of(text).owner
    assert (found.value if found else None) == owner


@pytest.mark.parametrize(
    ("text", "path", "service"),
    [
        ("**Service:** `payments`", "notes.md", "payments"),
        ("---\nsystem_name: Payments\n---\n", "notes.md", "Payments"),
        ("# Payments Runbook\n", "runbooks/p.md", "Payments"),
        ("# Runbook: Payments\n", "runbooks/p.md", "Payments"),
        ("# Payments - Runbook\n", "runbooks/p.md", "Payments"),
        ("# Payments\n", "runbooks/p.md", "Payments"),
        ("", "runbooks/payments-api.md", "payments-api"),
        ("# [Service Name] Runbook\n\n**Service:** [Service Name]\n", "runbooks/p.md", None),
        ("# Payments\n", "notes.md", None),
    ],
)
def test_the_service_of_a_page(text, path, service):
    assert page_of(text, path).service == service


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("**Last Updated:** 2026-01-02", "2026-01-02"), ("---\nlast_reviewed_on: Jan 2, 2026\n---\n", "2026-01-02"),
        ("**Last Updated:** [Date]\n**Date:** 2026-01-02", "2026-01-02"), ("---\ndate: 2026-01-02\n---\n", "2026-01-02"),
        ("---\nlastmod: 2026-01-02T10:00:00Z\n---\n", "2026-01-02"), ("**Last Updated:** soon", None), ("", None),
    ],
)  # fmt: skip
def test_the_day_on_which_a_page_was_last_updated(text, day):
    found = page_of(text).last_updated
    assert (found[0] if found else None) == day


@pytest.mark.parametrize(
    ("text", "alerts"),
    [
        ("**Alert:** `DiskFull`", ("DiskFull",)), ("---\nalerts: [A, b_c]\n---\n", ("A", "b_c")),
        ("| Field | Value |\n|-|-|\n| Alert Name | `DiskFull`, NodeDown |", ("DiskFull", "NodeDown")), ("", ()),
    ],
)  # fmt: skip
def test_the_alerts_that_a_page_says_it_is_about(text, alerts):
    assert page_of(text).alert_names == alerts


@given(st.text(max_size=20))
def test_a_key_is_compared_in_one_form(key):
    plain = plain_key(key)
    assert plain_key(plain) == plain
    assert plain_key(key.replace(" ", "_")) == plain_key(key.replace(" ", "-")) == plain


@given(st.text(alphabet="ab:1 -[]{}&*!|>'\"%@`#?,\n\t~é\\", max_size=40))
def test_the_quick_reading_of_front_matter_agrees_with_yaml(front):
    page = page_of(f"---\n{front}\n---\n")
    if page.document.front != front + "\n" or page.metadata.front_error:
        return
    try:
        loaded = yaml.load(page.document.front, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
    except yaml.YAMLError:
        return  # read all the same, which hurts nobody
    read = {key: str(value) for key, value in page.metadata.front.items() if value is not None}
    assert read == {str(key): str(value) for key, value in loaded.items() if value is not None}

"""What is an unfilled slot, and what only looks like one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.page import read_page
from opsbook.book.slots import is_unfilled, read_slots


def slots(text: str) -> list[str]:
    page = read_page("docs/a.md", text.encode())
    found = list(read_slots(page))
    assert all(page.document.source(slot.start, slot.end) for slot in found)
    return [slot.text for slot in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# [Service Name] Runbook", ["[Service Name]"]),
        ("**Owner:** [Team/Person]  \n**Last Updated:** [Date]", ["[Team/Person]", "[Date]"]),
        ("- [Time] - [Event]", ["[Time]", "[Event]"]),
        ("- Current: [Value]", ["[Value]"]),
        ("| A |\n| --- |\n| [x y] |", ["[x y]"]),
        ("**Cause:** TBD", ["TBD"]),
        ("- **Due:** YYYY-MM-DD HH:MM UTC", ["YYYY-MM-DD HH:MM UTC"]),
        ("TODO", ["TODO"]),
        ("**Owner:** [TBD]", ["[TBD]"]),
    ],
)
def test_slots(text: str, found: list[str]) -> None:
    assert slots(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "- [x] done\n- [ ] open", "See [a](b) and [c][d] and [d].\n\n[d]: e", "A note[^1].\n\n[^1]: [of it](x)", "As said [1].",
        "`[Service Name]`", "```\n[Service Name]\n```", "[TOC]", "# KubeMacPoolDown [Deprecated]", "Replace [user] with yours",
        "- [Optional] Warm the cache", "> [!NOTE]\n> x", "<!-- [Date] -->", "**Range:** [0-9]", "The TODO list", "## TODO",
        "![image](x.png)", "[[_TOC_]]", "| [Alerting] Kafka is down |", "## [1.2.0] - 2026-01-01", "\\[Date\\]",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_slot(text: str) -> None:
    assert slots(text) == []


def test_every_slot_of_the_templates_is_found(root: Path) -> None:
    readme = (root / "src/opsbook/seed/README.md").read_text(encoding="utf-8")
    for template in re.findall(r"```markdown\n(.*?)```", readme, re.S):
        assert slots(template) == re.findall(r"\[[^\]]*\]", template)


@given(st.text(alphabet="[]()*_:|-#> \n`!<>TODBCYMaé\r\\", max_size=80))
def test_reading_slots_never_raises_and_places_them_in_order(text: str) -> None:
    page = read_page("docs/a.md", text.encode())
    for slot in read_slots(page):
        assert 0 <= slot.start < slot.end <= len(page.document.content)
    is_unfilled(text)

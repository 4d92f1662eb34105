"""When a post-mortem is due stands on the policy page, in the team's own words."""

from __future__ import annotations

from datetime import date
from importlib.resources import files

import pytest

from opsbook.book.page import read_page
from opsbook.book.post_mortem_policy import USUAL, Term, due_day, read_post_mortem_policy


def read(text: str):
    return read_post_mortem_policy(read_page("incidents/incident-response.md", f"# Incident Response\n\n{text}".encode()))


def days(text: str) -> list[tuple[int, bool]]:
    return [(term.days, term.is_working) for term in read(f"## Post-Mortems\n\n{text}\n").terms.values()]


def test_the_page_that_comes_with_it_says_what_is_usual():
    raw = (files("opsbook") / "seed/incidents/incident-response.md").read_bytes()
    found = read_post_mortem_policy(read_page("incidents/incident-response.md", raw))
    assert (found.terms, found.required) == (USUAL.terms, ("P0", "P1"))
    assert found.line > 0


@pytest.mark.parametrize(("text", "expected"), [
    ("A P0 within 3 working\ndays, the others within 5.", [(3, True), (5, True), (5, True), (5, True)]),
    ("P0 and P1 within 2 business days, all others within 2 weeks.",
     [(2, True), (2, True), (14, False), (14, False)]),
    ("Due within five business days.", [(5, True)] * 4),
    ("We write one within 48 hours.", [(2, False)] * 4),
    ("- **P0:** 24 hours\n- **P1:** 3 calendar days", [(1, False), (3, False), (5, True), (5, True)]),
    ("We like them.", [(3, True), (5, True), (5, True), (5, True)]),
])  # fmt: skip
def test_it_is_read_in_many_words(text, expected):
    assert days(text) == expected


def test_a_column_of_the_matrix_says_it_too():
    found = read("| Severity | Post-Mortem |\n| --- | --- |\n| P0 | 2 working days |\n| P2 | 10 days |\n")
    assert (found.terms["P0"], found.terms["P1"], found.terms["P2"]) == (Term(2), Term(5), Term(10, is_working=False))


def test_it_says_which_need_one():
    assert read("## Post-Mortems\n\nEvery P0, P1 and P2 gets one.\n").required == ("P0", "P1", "P2")


@pytest.mark.parametrize(("start", "term", "holidays", "expected"), [
    ("2026-11-26", Term(3), (), "2026-12-01"),
    ("2026-11-27", Term(1), (), "2026-11-30"),
    ("2026-11-28", Term(1), (), "2026-11-30"),
    ("2026-12-23", Term(3), ("2026-12-24", "2026-12-25"), "2026-12-30"),
    ("2026-11-27", Term(1, is_working=False), (), "2026-11-28"),
    ("2026-11-27", Term(0), (), "2026-11-27"),
])  # fmt: skip
def test_working_days_pass_over_weekends_and_holidays(start, term, holidays, expected):
    days_off = [date.fromisoformat(each) for each in holidays]
    assert due_day(date.fromisoformat(start), term, days_off).isoformat() == expected

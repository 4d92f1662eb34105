"""Who is on call on each day: hand-overs, overrides and gaps, by the clock of the schedule."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.entrypoints.door import write_repository

from opsbook.config import load
from opsbook.usecases.duty_book import duty_book
from opsbook.usecases.oncall_calendar import calendar, month_of, week_of
from opsbook.wire import build_book

PAGE = """# Incident Response

## People

| Name | Handle | Phone |
| --- | --- | --- |
| Kim | @kim | +45 5550 0102 |
| Ana | @ana | +45 5550 0103 |

## Schedules

### Primary On-Call

- **Time Zone:** Europe/Copenhagen

| Rotation | Start | Hand-Over | Participants | Hours |
| --- | --- | --- | --- | --- |
| daily | 2026-03-01 | 09:00 | @kim, @ana | {hours} |

### Overrides

| Schedule | From | To | On Call | Instead of | Reason |
| --- | --- | --- | --- | --- | --- |
| Primary On-Call | 2026-03-05 12:00 | 2026-03-05 15:00 | @ana | | dentist |
"""


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The week of 2 March of a schedule with an override, by hours."""

    def week(hours: str, first: date = date(2026, 3, 2), days: int = 7) -> Any:
        root = tmp_path_factory.mktemp("book")
        write_repository(root, {"docs/operations/incidents/incident-response.md": PAGE.replace("{hours}", hours)})
        book = duty_book(build_book(load(book=str(root / "docs" / "operations"), environ={})))
        (found,) = calendar(book, first, days)
        return found

    return week


def test_a_day_has_its_hand_over_in_it(lane):
    monday = lane("always").days[0]
    assert [(spell.people, spell.since, spell.until) for spell in monday.spells] == [
        (("Kim",), "", "09:00"), (("Ana",), "09:00", ""),
    ]  # fmt: skip


def test_an_override_is_marked(lane):
    thursday = lane("always").days[3]
    assert [(spell.people, spell.since, spell.is_override) for spell in thursday.spells][-2:] == [
        (("Ana",), "12:00", True), (("Kim",), "15:00", False),
    ]  # fmt: skip


def test_hours_in_which_nobody_is_on_call_are_marked(lane):
    days = lane("Mon-Fri 08:00-18:00").days
    assert all(day.has_gap for day in days)
    assert [spell.people for spell in days[5].spells] == [()]


def test_a_day_on_which_the_clocks_change_is_whole(lane):
    (day,) = lane("always", date(2026, 3, 29), 1).days
    assert [(spell.since, spell.until) for spell in day.spells] == [("", "09:00"), ("09:00", "")]


def test_a_month_is_shown_in_whole_weeks():
    assert week_of(date(2026, 11, 26)) == date(2026, 11, 23)
    assert month_of(date(2026, 11, 26)) == (date(2026, 10, 26), 42)
    assert month_of(date(2027, 2, 3)) == (date(2027, 2, 1), 28)

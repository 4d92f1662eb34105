"""Whom a name means: people, teams, schedules, escalations, over all pages of the book."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.book.whole_reading import page_of

from opsbook.book.reach import Directory
from opsbook.book.roster.reading import read_roster
from opsbook.book.roster.values import Reference

AT = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)
PEOPLE = """# People

| Name | Handle | Phone |
|-|-|-|
| Ada Byron | @ada | +45 5550 0101 |
| Ben Nevis | @ben | +44 5550 0102 |

## Teams

| Team | Members |
|-|-|
| Maintainers | @ada, @ben, @gone |
| Empty | - |
"""
ROTA = """# On-Call

## Primary On-Call

- **Time Zone:** UTC

| Rotation | Start | Hand-Over | Participants | Hours |
|-|-|-|-|-|
| weekly | 2026-11-02 | Monday 09:00 | @ada, @ben | always |

## Office Hours

- **Time Zone:** UTC

| Rotation | Start | Hand-Over | Participants | Hours |
|-|-|-|-|-|
| weekly | 2026-11-02 | Monday 09:00 | @ada, @ben | Mon-Fri 09:00-17:00 |

## Nowhere

- **Time Zone:** Mars/Olympus

| Rotation | Start | Hand-Over | Participants | Hours |
|-|-|-|-|-|
| weekly | 2026-11-02 | Monday 09:00 | @ada, @ben | always |

## Urgent Escalation

| Level | After | Contact |
|-|-|-|
| 1 | 0 minutes | #ops |
| 2 | 5 minutes | Primary On-Call |

## Ring Escalation

| Level | After | Contact |
|-|-|-|
| 1 | 0 minutes | Ring Escalation |
"""


@pytest.fixture(scope="module")
def directory() -> Directory:
    pages = {"policies/people.md": PEOPLE, "policies/rota.md": ROTA}
    return Directory((path, read_roster(page_of(text, path))) for path, text in pages.items())


def meant(directory: Directory, name: str, form: str = "name"):
    return directory.meant(Reference(name, form, 0, 0), AT)


@pytest.mark.parametrize("name", ["ada", "Ada Byron", "ada byron", "@ada"])
def test_a_person_is_known_by_name_and_handle(directory, name):
    found = meant(directory, name)
    assert (found.meaning, found.path) == ("person", "policies/people.md")
    assert [(each.name, each.contacts) for each in found.people] == [("Ada Byron", (("phone", "+45 5550 0101"),))]


def test_a_schedule_is_whoever_has_the_turn_and_how_to_reach_them(directory):
    found = meant(directory, "Primary On-Call")
    (person,) = found.people
    assert (person.name, person.handle, person.contacts) == ("Ben Nevis", "ben", (("phone", "+44 5550 0102"),))
    assert person.until == datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def test_nobody_on_call_is_told(directory):
    found = meant(directory, "Office Hours")
    assert (found.people, found.why) == ((), "Nobody is on call now by the schedule 'Office Hours'.")


def test_a_schedule_that_cannot_be_computed_says_why(directory):
    assert "Mars/Olympus" in meant(directory, "Nowhere").why


def test_a_team_is_its_members_also_those_whom_no_page_knows(directory):
    assert [(each.name, bool(each.contacts)) for each in meant(directory, "Maintainers").people] == [
        ("Ada Byron", True), ("Ben Nevis", True), ("gone", False),
    ]  # fmt: skip
    assert meant(directory, "Empty").why == "The team 'Empty' has no members."


def test_an_escalation_is_the_first_level_that_reaches_somebody(directory):
    assert [each.until for each in meant(directory, "Urgent Escalation").people] == [
        datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
    ]


def test_an_escalation_that_leads_to_itself_reaches_nobody(directory):
    found = meant(directory, "Ring Escalation")
    assert (found.people, found.why) == ((), "Its first level reaches nobody by name.")


def test_a_name_that_no_page_knows_is_told_with_a_guess(directory):
    found = meant(directory, "adda", "handle")
    assert (found.meaning, found.why, found.guess) == ("unknown", "No page of the book knows 'adda'.", "Ada Byron")


def test_a_book_without_people_calls_no_name_unknown():
    assert meant(Directory(()), "ada", "handle").meaning == "text"


@pytest.mark.parametrize(
    ("name", "form"), [("#ops", "channel"), ("ops@x.example", "address"), ("ask the team", "text")]
)
def test_channels_addresses_and_prose_are_what_they_are(directory, name, form):
    assert meant(directory, name, form).meaning == form

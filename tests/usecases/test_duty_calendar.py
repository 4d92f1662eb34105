"""Calendars of duty as other programs read them, and their secret addresses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.usecases.test_policy_choice import AT, book

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.book.roster.ics import Entry, calendar_text
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.views import VIEWS
from opsbook.usecases.duty_calendar import About, duty_calendar
from opsbook.usecases.shared_calendars import SharedCalendars


def events(content: bytes) -> list[icalendar.Event]:
    return icalendar.Calendar.from_ical(content).walk("VEVENT")


def uids(content: bytes) -> dict[str, tuple[datetime, datetime]]:
    return {str(each["UID"]): (each["DTSTART"].dt, each["DTEND"].dt) for each in events(content)}


def test_a_person_sees_their_shifts_from_a_month_ago_to_a_year_ahead():
    found = events(duty_calendar(book(), About("person", "@ada"), AT))
    assert {str(each["SUMMARY"]) for each in found} == {"Ada Byron: Primary"}
    starts = [each["DTSTART"].dt for each in found]
    assert starts[0] == datetime(2026, 11, 2, 8, tzinfo=UTC)  # nobody was on call before
    assert AT + timedelta(days=345) < starts[-1] <= AT + timedelta(days=365)
    assert all(each["DTEND"].dt - each["DTSTART"].dt < timedelta(days=7, hours=2) for each in found)


def test_a_shift_is_no_appointment():
    text = duty_calendar(book(), About("schedule", "primary"), AT).decode()
    for line in ("METHOD:PUBLISH", "TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE", "X-WR-CALNAME:Primary"):
        assert f"\r\n{line}\r\n" in text


def test_a_shift_keeps_its_identity_while_days_go_by():
    about = About("schedule", "primary")
    today, later = (uids(duty_calendar(book(), about, AT + timedelta(days=days))) for days in (0, 20))
    both = today.keys() & later.keys()
    assert len(both) > 45
    assert all(today[each] == later[each] for each in both)


def test_the_same_day_has_the_same_bytes():
    first, second = (duty_calendar(book(), About(), AT + timedelta(hours=hours)) for hours in (0, 20))
    assert first == second


@pytest.mark.parametrize(
    ("about", "names"),
    [
        (About("team", "databases"), {"Ben Nevis: Primary"}),
        (About("service", "api-service"), {"Ada Byron: Primary", "Ben Nevis: Primary"}),
        (About(), {"Ada Byron: Primary", "Ben Nevis: Primary"}),
        (About("person", "cem"), set()),
    ],
)
def test_a_calendar_is_of_a_team_a_service_or_everybody(about, names):
    assert {str(each["SUMMARY"]) for each in events(duty_calendar(book(), about, AT))} == names


@pytest.mark.parametrize("about", [About("person", "zoe"), About("team", "x"), About("schedule", "x"), About("service", "x")])
def test_what_the_book_does_not_know_has_no_calendar(about):
    with pytest.raises(Usage, match="The book knows no"):
        duty_calendar(book(), about, AT)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_words_are_read_back_and_no_line_is_longer_than_75_octets(name, words):
    content = calendar_text(name, [Entry("a@opsbook", AT, AT + timedelta(days=7), words, words, AT)])
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    (event,) = events(content)
    kept = words.replace("\r\n", "\n")
    assert str(event["SUMMARY"]) == "".join(letter for letter in kept if letter.isprintable() or letter == "\n")


def test_an_address_is_good_until_it_is_revoked(tmp_path):
    ledger = SqliteLedger(str(tmp_path / "ledger.db"), views=VIEWS)
    shared = SharedCalendars(ledger, now=lambda: AT, chance=lambda size: b"\x07" * size)
    secret, made = shared.share(About("person", "ada"), "ada")
    found = shared.by_secret(secret)
    assert found == made
    assert (made.about, shared.select("ada"), shared.select("ben")) == (About("person", "ada"), [made], [])
    recorded = repr([event.facts for event in ledger.read(ledger.streams("calendar/")[0])]) + repr(ledger.streams(""))
    assert secret not in recorded
    with pytest.raises(Refusal, match="was made by ada"):
        shared.revoke(made.id, "ben")
    shared.revoke(made.id, "ada")
    assert (shared.by_secret(secret), shared.select()) == (None, [])
    with pytest.raises(Usage):
        shared.revoke(made.id, "ada")
    ledger.close()

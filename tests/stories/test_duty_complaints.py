"""Schedules and who is paged: the complaints about other tools, each as a story over a book whose pages change.

The numbers are those of the list in the reference of incidents, part D, and its last one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import icalendar
from msgspec.structs import replace
from tests.usecases.snapshots import snapshot
from tests.usecases.test_calendar_import import ADA, Shelf
from tests.usecases.test_calendar_import import calendar as ics
from tests.usecases.test_calendar_import import written as with_calendar
from tests.usecases.test_policy_choice import LEVELS, PEOPLE

from opsbook.book.roster.calendar import gaps
from opsbook.usecases.duty_calendar import About, duty_calendar
from opsbook.usecases.imported_calendars import ImportedCalendars, calendar_troubles
from opsbook.usecases.library import Book
from opsbook.usecases.on_duty import coverage_of, on_duty
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.page_plan import BookAddresses, page_plan, policy_for

AT = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)


def book(more: str = "", **runbooks: str) -> Book:
    pages = {"docs/on-call.md": f"{PEOPLE}\n{more}"}
    for service, contacts in runbooks.items():
        head = f"# {service} Runbook\n\n**Service:** {service}\n\n## Emergency Contacts\n\n"
        pages[f"docs/runbooks/{service}.md"] = head + contacts
    return snapshot(pages)


def names(of: Book, at: datetime, schedule: str = "Primary") -> list[str]:
    return [each.person for each in on_duty(of, at, schedule=schedule).people]


def test_23_a_weekly_rotation_has_no_hour_without_anybody_when_the_clocks_change():
    _, schedule = directory_of(book()).schedules["primary"]
    assert gaps(schedule, datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 11, 30, tzinfo=UTC)) == []
    assert names(book(), datetime(2027, 3, 29, 6, 59, tzinfo=UTC)) != names(book(), datetime(2027, 3, 29, 7, 0, tzinfo=UTC))


def test_23_days_of_a_calendar_are_whole_days_and_no_gaps():
    days = [
        f"DTSTART;VALUE=DATE:202611{day:02}\r\nDTEND;VALUE=DATE:202611{day + 2:02}\r\nSUMMARY:{who}"
        for day, who in ((24, "Ada Byron"), (26, "Ben Nevis"), (28, "Ada Byron"))
    ]
    shelf = Shelf({"docs/rota.ics": ics(*days)})
    of = with_calendar()
    calendars = ImportedCalendars(shelf, now=lambda: AT, in_background=lambda job: job())

    of = replace(of, calendars=calendars.current(of))
    _, schedule = directory_of(of).schedules["rota"]
    assert gaps(schedule, datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 29, tzinfo=UTC)) == []
    assert [names(of, datetime(2026, 11, day, 12, tzinfo=UTC), "Rota") for day in (25, 26)] == [["Ada Byron"], ["Ben Nevis"]]


def test_23_a_calendar_that_cannot_be_read_any_more_is_told_and_its_copy_is_used():
    shelf = Shelf({"docs/rota.ics": ics(ADA)})
    now = AT
    calendars = ImportedCalendars(shelf, now=lambda: now, in_background=lambda job: job())
    calendars(with_calendar())
    shelf.calendars["docs/rota.ics"] = None
    now += timedelta(days=2)
    calendars(with_calendar())

    of = replace(with_calendar(), calendars=calendars(with_calendar()))
    assert names(of, now, "Rota") == ["Ada Byron"]
    (trouble,) = calendar_troubles(of, now)
    assert trouble.endswith("It answers 503. Its copy of 2026-11-26 03:10 UTC is used, which is old.")


def test_23_who_is_next_knows_overrides_and_the_list_shows_them():
    override = "### Overrides\n\n| From | To | On Call |\n|-|-|-|\n| 2026-11-30 09:00 | 2026-12-01 09:00 | @cem |\n"
    answer = on_duty(book(override), AT, schedule="Primary")
    assert [(over.people, over.why) for over in answer.hand_overs] == [(("Cem Kaya",), "override of Primary")]
    assert names(book(override), datetime(2026, 11, 30, 12, tzinfo=UTC)) == ["Cem Kaya"]
    calendar = icalendar.Calendar.from_ical(duty_calendar(book(override), About("schedule", "Primary"), AT))
    assert "Cem Kaya: Primary" in {str(event["SUMMARY"]) for event in calendar.walk("VEVENT")}


def test_24_hours_without_anybody_are_a_measure_to_alert_on():
    ends = PEOPLE.replace("| Hours |\n|-|-|-|-|-|", "| Hours | End |\n|-|-|-|-|-|-|").replace("| always |\n", "| always | 2026-11-28 |\n")
    (whole,) = coverage_of(book(), AT, AT + timedelta(days=7))
    (gap,) = coverage_of(snapshot({"docs/on-call.md": ends}), AT, AT + timedelta(days=7))
    assert (whole.people, whole.gap_s) == (1, 0.0)
    assert (gap.people, gap.gap_s) == (1, (AT + timedelta(days=7) - datetime(2026, 11, 28, 23, tzinfo=UTC)).total_seconds())


def test_25_a_subscription_reaches_a_year_ahead_and_makes_nobody_busy():
    calendar = icalendar.Calendar.from_ical(duty_calendar(book(), About("person", "ada"), AT))
    events = calendar.walk("VEVENT")
    assert max(event["DTSTART"].dt for event in events) > AT + timedelta(days=345)
    assert {str(event["TRANSP"]) for event in events} == {"TRANSPARENT"}
    assert {str(event["X-MICROSOFT-CDO-BUSYSTATUS"]) for event in events} == {"FREE"}


def test_26_services_share_one_escalation_and_a_change_of_it_is_one_line():
    shared = f"## Urgent\n\n- **Severities:** P0, P1\n\n{LEVELS}| 1 | 0 min | Primary |\n| 2 | 10 min | @cem |\n"
    of = book(shared, api="- **Escalation:** Urgent\n", web="- **Escalation:** Urgent\n")
    policies = {service: policy_for(of, service, "P1", commit=None)[0] for service in ("api", "web")}
    assert {policy.name for policy in policies.values() if policy} == {"Urgent"}
    slower = book(shared.replace("10 min", "20 min"), api="- **Escalation:** Urgent\n", web="- **Escalation:** Urgent\n")
    for service in ("api", "web"):
        steps = page_plan(slower, service, "P1", AT, addresses=BookAddresses(slower)).steps
        assert [step.after_s for step in steps] == [0, 1200]


def test_40_schedules_are_code_and_an_override_is_a_commit():
    shared = f"## Urgent\n\n- **Severities:** P1\n\n{LEVELS}| 1 | 0 min | Primary |\n"
    before = book(shared)
    frozen, _ = policy_for(before, None, "P1", commit="c0ffee")
    row = "\n### Overrides\n\n| Schedule | From | To | On Call | Reason |\n|-|-|-|-|-|\n| Primary | 2026-11-26 | 2026-11-27 | @cem | Ben is ill |\n"
    after = book(shared + row)
    plans = [page_plan(each, None, "P1", AT, addresses=BookAddresses(each)).steps for each in (before, after)]
    assert [[step.person for step in steps] for steps in plans] == [["Ben Nevis"], ["Cem Kaya"]]
    assert plans[1][0].why.endswith("override of Primary: Ben is ill")
    assert frozen is not None
    assert frozen.commit == "c0ffee"

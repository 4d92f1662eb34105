"""Who is on call at an instant, across hand-overs, holidays, overrides and changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.page import read_page
from opsbook.book.roster.calendar import gaps, on_call, shifts
from opsbook.book.roster.reading import read_roster
from opsbook.book.roster.values import Schedule

HEAD = "| Rotation | Start | Hand-Over | Participants | Hours | End |\n| --- | --- | --- | --- | --- | --- |\n"


def schedule(rows: str, zone: str = "Europe/Copenhagen", more: str = "") -> Schedule:
    text = f"# On-Call\n\n## Primary\n\n- **Time Zone:** {zone}\n\n{HEAD}{rows}\n\n{more}"
    (found,) = read_roster(read_page("docs/operations/on-call.md", text.encode())).schedules
    assert not found.flaws
    return found


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def names(plan: Schedule, when: str) -> list[str]:
    return [duty.person for duty in on_call(plan, at(when))]


WEEKLY = "| weekly | 2026-03-02 | Monday 09:00 | @ada, @ben, @cem | always | |"


@pytest.mark.parametrize(
    ("when", "who"),
    [
        ("2026-03-02 07:59", []),  # it begins at 09:00 in Copenhagen, which is 08:00 in UTC
        ("2026-03-02 08:00", ["ada"]),
        ("2026-03-09 07:59", ["ada"]),
        ("2026-03-09 08:00", ["ben"]),
        ("2026-03-23 08:00", ["ada"]),
        ("2026-03-30 06:59", ["ada"]),  # the clocks went forward on the 29th: 09:00 is now 07:00 in UTC
        ("2026-03-30 07:00", ["ben"]),
        ("2026-10-26 07:59", ["ada"]),
        ("2026-10-26 08:00", ["ben"]),
    ],
)
def test_the_hand_over_stays_where_it_is_on_the_wall(when: str, who: list[str]) -> None:
    assert names(schedule(WEEKLY), when) == who


def test_somebody_is_on_call_until_the_next_hand_over() -> None:
    (duty,) = on_call(schedule(WEEKLY), at("2026-03-29 01:10"))
    assert (duty.person, duty.until) == ("ada", at("2026-03-30 07:00"))
    assert duty.why == "weekly rotation of Primary"


def test_a_start_within_the_week_makes_a_short_first_turn() -> None:
    plan = schedule("| weekly | 2026-03-04 | Monday 09:00 | @ada, @ben | always | |")
    assert (names(plan, "2026-03-04 08:00"), names(plan, "2026-03-09 08:00")) == (["ada"], ["ben"])


def test_a_daily_rotation_changes_every_day_and_a_monthly_one_on_the_day_of_its_start() -> None:
    daily = schedule("| daily | 2026-03-28 | 17:00 | @ada, @ben | | |")
    assert [names(daily, f"2026-03-{day} 18:00") for day in (28, 29, 30)] == [["ada"], ["ben"], ["ada"]]
    monthly = schedule("| monthly | 2026-01-31 | | @ada, @ben | | |", "UTC")
    assert [names(monthly, f"{day} 12:00") for day in ("2026-02-27", "2026-02-28", "2026-03-31")] == [
        ["ada"], ["ben"], ["ada"],
    ]  # fmt: skip


def test_pairs_are_on_call_together() -> None:
    plan = schedule("| every 2 weeks | 2026-03-02 | | @ada + @ben, @cem | | |", "UTC")
    assert (names(plan, "2026-03-03 00:00"), names(plan, "2026-03-16 00:00")) == (["ada", "ben"], ["cem"])


def test_the_first_row_that_applies_is_on_call() -> None:
    plan = schedule(
        "| weekly | 2026-03-02 | Monday 09:00 | @ada, @ben | Mon–Fri 09:00–17:00 | |\n"
        "| always | | | @night | always | |"
    )
    assert names(plan, "2026-03-03 12:00") == ["ada"]
    assert names(plan, "2026-03-03 16:30") == ["night"]
    assert names(plan, "2026-03-07 12:00") == ["night"]


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    plan = schedule(
        "| always | | | @ada | Mon-Thu 17:00-09:00, Fri 17:00 - Mon 09:00 | |\n"
        "| always | | | @ben | weekdays 09:00-17:00 | |",
        "UTC",
    )
    assert gaps(plan, at("2026-03-01 00:00"), at("2026-04-01 00:00")) == []
    assert names(plan, "2026-03-08 03:00") == ["ada"]


def test_on_a_holiday_the_hours_of_a_sunday_hold() -> None:
    plan = schedule(
        "| always | | | @ada | weekdays | |\n| always | | | @ben | weekends | |",
        more="### Holidays\n\n| Date | Holiday |\n| --- | --- |\n| 2026-12-25 | Christmas Day |\n",
    )
    assert (names(plan, "2026-12-24 12:00"), names(plan, "2026-12-25 12:00")) == (["ada"], ["ben"])


OVERRIDE = "### Overrides\n\n| From | To | On Call | Instead of |\n| --- | --- | --- | --- |\n{}\n"


def test_an_override_stands_in_until_its_end_and_then_the_turn_goes_on() -> None:
    plan = schedule(WEEKLY, more=OVERRIDE.format("| 2026-03-03 09:00 | 2026-03-04 09:00 | @dan | @ada |"))
    assert [names(plan, f"2026-03-0{day} 12:00") for day in (2, 3, 4)] == [["ada"], ["dan"], ["ada"]]
    assert on_call(plan, at("2026-03-03 12:00"))[0].until == at("2026-03-04 08:00")


def test_an_override_replaces_one_of_a_pair() -> None:
    rows = "| weekly | 2026-03-02 | | @ada + @ben | | |"
    plan = schedule(rows, more=OVERRIDE.format("| 2026-03-03 | 2026-03-03 | @dan | @ben |"))
    assert names(plan, "2026-03-03 12:00") == ["ada", "dan"]


def test_hours_that_nobody_has_are_gaps() -> None:
    plan = schedule("| weekly | 2026-03-02 | Monday 09:00 | @ada | Mon-Fri 09:00-17:00 | |", "UTC")
    found = gaps(plan, at("2026-03-06 12:00"), at("2026-03-09 12:00"))
    assert found == [(at("2026-03-06 17:00"), at("2026-03-09 09:00"))]


def test_a_rotation_that_ends_leaves_a_gap_after_its_last_day() -> None:
    plan = schedule("| weekly | 2026-03-02 | | @ada, @ben | always | 2026-03-15 |", "UTC")
    found = gaps(plan, at("2026-03-14 00:00"), at("2026-03-20 00:00"))
    assert found == [(at("2026-03-16 00:00"), at("2026-03-20 00:00"))]


@pytest.mark.parametrize(
    "zone", ["Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe", "Asia/Gaza", "Pacific/Apia"]
)
@pytest.mark.parametrize("hand_over", ["Sunday 02:30", "Sunday 02:00", "01:30", "00:00", "23:59"])
def test_a_full_rotation_has_no_gap_when_the_clocks_change(zone: str, hand_over: str) -> None:
    kind = "weekly" if " " in hand_over else "daily"
    plan = schedule(f"| {kind} | 2020-01-05 | {hand_over} | @ada, @ben, @cem | always | |", zone)
    assert gaps(plan, at("2026-01-01 00:00"), at("2026-12-31 00:00")) == []


def test_two_halves_of_the_day_have_no_gap_when_the_clocks_change() -> None:
    plan = schedule(
        "| daily | 2026-01-01 | 09:00 | @ada, @ben | 09:00-21:00 | |\n"
        "| daily | 2026-01-01 | 21:00 | @cem | 21:00-09:00 | |"
    )
    assert gaps(plan, at("2026-01-02 00:00"), at("2026-12-31 00:00")) == []


@given(
    st.sampled_from(["weekly", "daily", "every 3 days", "12 hours", "monthly", "fortnightly"]),
    st.dates(datetime(2024, 1, 1).date(), datetime(2026, 6, 1).date()),
    st.datetimes(datetime(2026, 6, 2), datetime(2027, 6, 1)),
)
def test_shifts_follow_one_another_and_agree_with_who_is_on_call(kind: str, start: object, when: datetime) -> None:
    plan = schedule(f"| {kind} | {start} | 08:30 | @ada, @ben, @cem | always | |")
    begin = when.replace(tzinfo=UTC)
    found = shifts(plan, begin, begin + timedelta(days=20))
    assert found[0].start == begin and found[-1].end == begin + timedelta(days=20)
    assert all(a.end == b.start and a.people != b.people for a, b in pairwise(found))
    for shift in found:
        middle = shift.start + (shift.end - shift.start) / 2
        assert tuple(duty.person for duty in on_call(plan, middle)) == shift.people

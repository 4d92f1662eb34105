"""Hand-overs in every time zone of the database, over the changes of the clocks of ten years: no gap, no overlap, and at
the time that the clock on the wall shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from msgspec.structs import replace

from opsbook.book.page import read_page
from opsbook.book.roster.calendar import shifts, zone_of
from opsbook.book.roster.reading import read_roster
from opsbook.book.roster.values import Schedule

# `Factory` and `localtime` are no places.
ZONES = sorted(available_timezones() - {"Factory", "localtime"})
SAMPLE = sorted({*ZONES[::12], "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
                 "America/Santiago", "Asia/Gaza", "Africa/Cairo", "America/Havana", "Atlantic/Azores", "Pacific/Easter"})  # fmt: skip
BEGIN, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
HEAD = "| Rotation | Start | Hand-Over | Participants | Hours |\n|-|-|-|-|-|\n"
# What changes hands when: the rows, and the times on the wall at which it may.
ROTAS = {
    "weekly": ("| weekly | 2024-01-01 | Sunday 02:30 | @a, @b, @c | always |", {(2, 30)}),
    "midnight": ("| weekly | 2024-01-01 | Sunday | @a, @b | always |", {(0, 0)}),
    "monthly": ("| monthly | 2024-01-31 | 01:15 | @a, @b | always |", {(1, 15)}),
    "halves": (
        "| weekly | 2024-01-01 | Monday 09:00 | @a, @b | 09:00–21:00 |\n| weekly | 2024-01-01 | Monday 09:00 | @c, @d | 21:00–09:00 |",
        {(9, 0), (21, 0)},
    ),
    "nights": ("| fixed | | | @a | 02:30–01:30 |\n| fixed | | | @b | always |", {(2, 30), (1, 30)}),
    "daily": ("| daily | 2024-01-01 | 02:30 | @a, @b, @c | always |", {(2, 30)}),
    "hourly": ("| 6 hours | 2024-01-01 | 02:00 | @a, @b, @c | always |", {(2, 0), (8, 0), (14, 0), (20, 0)}),
}


def schedule(rows: str) -> Schedule:
    (found,) = read_roster(read_page("on-call.md", f"# On-Call\n\n## Primary\n\n{HEAD}{rows}\n".encode())).schedules
    assert not found.flaws
    return found


def check(rota: str, zone: str) -> None:
    """Shifts follow one another without a hole, somebody is on each, and each begins when the wall says so."""
    rows, clocks = ROTAS[rota]
    found = shifts(replace(schedule(rows), time_zone=zone), BEGIN, END)
    assert (found[0].start, found[-1].end) == (BEGIN, END)
    place = ZoneInfo(zone)
    for before, after in pairwise(found):
        assert before.start < before.end == after.start
        assert before.people
        local = after.start.astimezone(place)
        if (local.hour, local.minute) not in clocks:
            assert is_skipped(local, clocks), f"{zone}: {local}"
    assert found[-1].people


def is_skipped(local: datetime, clocks: set[tuple[int, int]]) -> bool:
    """Whether the clocks skipped, just before this local time, the one at which hands change."""
    for hour, minute in clocks:
        wall = datetime(local.year, local.month, local.day, hour, minute)
        taken = wall.replace(tzinfo=local.tzinfo).astimezone(UTC)
        is_gone = taken.astimezone(local.tzinfo).replace(tzinfo=None) != wall
        if is_gone and taken == local.astimezone(UTC):
            return True
        earlier = wall - timedelta(days=1)  # a zone may skip midnight, and with it the day
        taken = earlier.replace(tzinfo=local.tzinfo).astimezone(UTC)
        if taken == local.astimezone(UTC) and taken.astimezone(local.tzinfo).replace(tzinfo=None) != earlier:
            return True
    return False


@pytest.mark.parametrize("rota", ["weekly", "midnight", "monthly"])
def test_hands_change_at_the_time_on_the_wall_in_some_zones(rota: str) -> None:
    for zone in SAMPLE:
        check(rota, zone)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago"])
@pytest.mark.parametrize("rota", ["halves", "nights", "daily", "hourly"])
def test_short_turns_do_in_the_oddest_zones(rota: str, zone: str) -> None:
    check(rota, zone)


@pytest.mark.torture
@pytest.mark.parametrize("rota", ROTAS)
def test_hands_change_at_the_time_on_the_wall_in_every_zone(rota: str) -> None:
    for zone in ZONES:
        check(rota, zone)


def test_every_zone_of_the_database_is_known() -> None:
    assert len(ZONES) > 400
    assert all(zone_of(zone) is not None for zone in SAMPLE)

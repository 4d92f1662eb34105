"""The verb calendar: who is on call on each day of some weeks, by every schedule, with overrides and gaps marked."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise

from msgspec import Struct

from opsbook.book.reach import Directory
from opsbook.book.roster.calendar import Shift, shifts, zone_of
from opsbook.book.roster.values import Schedule, plain_name
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import directory_of

MOST_DAYS = 42


class Spell(Struct, frozen=True):
    """A stretch of a day with the same people; `since` and `until` are clock times of the schedule's zone, and empty
    where it has begun before the day, or goes on after it. Nobody is on call where `people` is empty."""

    people: tuple[str, ...]
    since: str
    until: str
    why: str
    is_override: bool = False


class Day(Struct, frozen=True):
    """A day of a schedule, from midnight to midnight of its zone."""

    day: date
    spells: tuple[Spell, ...]

    @property
    def has_gap(self) -> bool:
        """Whether nobody is on call for some of it."""
        return any(not spell.people for spell in self.spells)


class Lane(Struct, frozen=True):
    """A schedule over some days. `why_not` tells why it cannot be computed."""

    schedule: Schedule
    path: str
    line: int
    anchor: str
    days: tuple[Day, ...]
    why_not: str = ""


def calendar(book: Book, first: date, days: int) -> tuple[Lane, ...]:
    """Every schedule of the book from a day on, in the order of pages."""
    directory = directory_of(book)
    lanes = []
    for path, facts in sorted(book.facts.items()):
        if facts.policy is None:
            continue
        spots = {spot.name: (spot.line, spot.anchor) for spot in facts.policy.spots}
        for schedule in facts.policy.roster.schedules:
            line, anchor = spots.get(plain_name(schedule.name), (1, ""))
            _, schedule = directory.schedules[plain_name(schedule.name)]  # with what its calendars say
            found, why_not = _days(schedule, directory, first, min(days, MOST_DAYS))
            lanes.append(Lane(schedule, path, line, anchor, found, why_not))
    return tuple(lanes)


def _days(schedule: Schedule, directory: Directory, first: date, count: int) -> tuple[tuple[Day, ...], str]:
    zone = zone_of(schedule.time_zone)
    if zone is None:
        return (), f"There is no time zone '{schedule.time_zone}'."
    bounds = [datetime.combine(first + timedelta(days=number), time(), zone) for number in range(count + 1)]
    found = shifts(schedule, bounds[0], bounds[-1])
    if not found:
        return (), schedule.flaws[0].message if schedule.flaws else "It names nobody."
    return tuple(_day(found, directory, start, end) for start, end in pairwise(bounds)), ""


def _day(found: list[Shift], directory: Directory, start: datetime, end: datetime) -> Day:
    spells = []
    for shift in found:
        if shift.start < end and shift.end > start:
            since = f"{shift.start.astimezone(start.tzinfo):%H:%M}" if shift.start > start else ""
            until = f"{shift.end.astimezone(start.tzinfo):%H:%M}" if shift.end < end else ""
            people = tuple(directory.somebody(name).name for name in shift.people)
            spells.append(Spell(people, since, until, shift.why, shift.why.startswith("override")))
    return Day(start.date(), tuple(spells))


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def month_of(day: date) -> tuple[date, int]:
    """The Monday on or before the first of a day's month, and how many days whole weeks need to hold the month."""
    first = week_of(day.replace(day=1))
    following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return first, -(-(following - first).days // 7) * 7

"""Who is on call at an instant and when nobody is, by a schedule. Knows no page, and never asks what time it is.

All of a schedule's times are wall-clock times of its zone, so a hand-over at 09:00 stays at 09:00 when the clocks
change, and a turn lasts an hour more or less. A time that the clocks skip is taken with the offset before the change;
one that they repeat is taken the first time. Ends and beginnings are converted alike, so a change of the clocks makes
no gap.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct

from opsbook.book.roster.values import Override, Reference, Rotation, Schedule, Step, plain_name
from opsbook.book.roster.words import read_hours

_DAY_S = 86_400
_SUNDAY = 6
_LONG_AGO = date(1970, 1, 5)  # a Monday, for rotations that have always been
# How far ahead the end of a turn is looked for; most turns end within a week.
_NEAR, _HORIZON = timedelta(days=8), timedelta(days=100)


class Shift(Struct, frozen=True):
    """A stretch of time with the same people on call; nobody when `people` is empty. Times are in UTC."""

    start: datetime
    end: datetime
    people: tuple[str, ...]
    why: str


class Duty(Struct, frozen=True):
    """Somebody who is on call, until when (None: no end in sight), and by what."""

    person: str
    until: datetime | None
    why: str


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo | None:
    """The time zone of an IANA name, or None when there is none of that name."""
    if name.upper() in ("UTC", "GMT", "Z", "ETC/UTC"):
        return UTC
    from zoneinfo import ZoneInfo  # inside: few books have schedules, and it reads the zone's file

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def on_call(schedule: Schedule, at: datetime) -> tuple[Duty, ...]:
    """Who is on call at an instant; empty when nobody is, or the schedule cannot be computed."""
    merged = shifts(schedule, at, at + _NEAR)
    if len(merged) == 1:
        merged = shifts(schedule, at, at + _HORIZON)
    if not merged:
        return ()
    shift = merged[0]
    until = None if len(merged) == 1 else shift.end
    return tuple(Duty(person, until, shift.why) for person in shift.people)


def holds_at(hours: str, time_zone: str, at: datetime) -> bool:
    """Whether an instant lies within hours as written, local to a time zone; yes where either is not understood."""
    windows, zone = read_hours(hours), zone_of(time_zone or "UTC")
    if not windows or zone is None:
        return True
    wall = at.astimezone(zone).replace(tzinfo=None)
    for window in windows:
        for back in range(window.until // _DAY_S + 1):
            midnight = _midnight(wall.date()) - timedelta(days=back)
            passed = (wall - midnight).total_seconds()
            if midnight.weekday() in window.days and window.since <= passed < window.until:
                return True
    return False


def gaps(schedule: Schedule, start: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """The stretches between two instants in which nobody is on call."""
    return [(shift.start, shift.end) for shift in shifts(schedule, start, until) if not shift.people]


def shifts(schedule: Schedule, start: datetime, until: datetime) -> list[Shift]:
    """Who is on call from one instant to another, in order and without holes; empty when it cannot be computed."""
    zone = zone_of(schedule.time_zone)
    if zone is None or until <= start:
        return []
    plan = _Plan(schedule, zone, start.astimezone(UTC), until.astimezone(UTC))
    merged: list[Shift] = []
    for begin, end in plan.pieces():
        people, why = plan.at(begin)
        if merged and merged[-1].people == people and merged[-1].why == why:
            merged[-1] = Shift(merged[-1].start, end, people, why)
        else:
            merged.append(Shift(begin, end, people, why))
    return merged


class _Turns:
    """A rotation between two instants: its hand-overs in UTC, and whose turn begins at each."""

    __slots__ = ("begins", "bounds", "end", "first", "rotation", "start", "stretches", "windows", "zone")

    def __init__(self, rotation: Rotation, plan: _Plan) -> None:
        self.rotation = rotation
        self.zone = plan.zone
        began = rotation.start or _LONG_AGO
        opens = _midnight(began) + timedelta(seconds=rotation.handoff_s if rotation.step.amount else 0)
        self.start = _utc(opens, self.zone) if rotation.start else None
        self.end = _utc(_midnight(rotation.end) + timedelta(days=1), self.zone) if rotation.end else None
        self.first, self.bounds = self._hand_overs(_anchor(rotation, began), plan.start, plan.until)
        self.windows = _joined(_window_spans(rotation, plan)) if rotation.windows else None
        self.begins = [begin for begin, _ in self.windows or ()]
        self.stretches = [each for each in rotation.stretches if each.start < plan.until and each.end > plan.start]

    def _hand_overs(self, anchor: datetime, start: datetime, until: datetime) -> tuple[int, list[datetime]]:
        """The number of the turn before the first of these hand-overs, and the hand-overs from there to `until`."""
        step = self.rotation.step
        if not step.amount:
            return 0, []
        number = max(0, _turns_between(anchor, start.astimezone(self.zone).replace(tzinfo=None), step) - 1)
        bounds, first = [], number
        while (bound := _utc(_plus(anchor, step, number), self.zone)) <= until:
            bounds.append(bound)
            number += 1
        return first, bounds

    def at(self, instant: datetime) -> tuple[str, ...]:
        """Whose turn it is, or nobody outside of its time and hours."""
        if (self.start and instant < self.start) or (self.end and instant >= self.end):
            return ()
        if self.windows is not None:
            before = bisect_right(self.begins, instant) - 1
            if before < 0 or instant >= self.windows[before][1]:
                return ()
        if self.rotation.calendar:
            now = (each for each in self.stretches if each.start <= instant < each.end)
            return tuple(dict.fromkeys(each.names[0] for each in now if each.names))
        turns = self.rotation.turns
        if not turns:
            return ()
        if not self.rotation.step.amount:
            return _names([reference for turn in turns for reference in turn])
        index = self.first + max(bisect_right(self.bounds, instant) - 1, 0)
        return _names(turns[index % len(turns)])

    def edges(self) -> Iterator[datetime]:
        """The instants at which something of it changes."""
        yield from self.bounds
        yield from (edge for edge in (self.start, self.end) if edge)
        for begin, end in self.windows or ():
            yield begin
            yield end
        for each in self.stretches:
            yield each.start
            yield each.end


class _Plan:
    """A schedule between two instants, with all its times in UTC."""

    __slots__ = ("holidays", "overrides", "schedule", "start", "turns", "until", "zone")

    def __init__(self, schedule: Schedule, zone: tzinfo, start: datetime, until: datetime) -> None:
        self.schedule, self.zone, self.start, self.until = schedule, zone, start, until
        self.holidays = frozenset(holiday.day for holiday in schedule.holidays)
        self.turns = [_Turns(rotation, self) for rotation in schedule.rotations]
        every = (*_holiday_overrides(schedule), *schedule.overrides)
        spans = [(_utc(override.start, zone), _utc(override.end, zone), override) for override in every]
        self.overrides = [span for span in spans if span[0] < until and span[1] > start]

    def pieces(self) -> Iterator[tuple[datetime, datetime]]:
        """The stretches between two neighbouring changes."""
        edges = {self.start, self.until}
        for turns in self.turns:
            edges.update(turns.edges())
        for begin, end, _ in self.overrides:
            edges.update((begin, end))
        ordered = sorted(edge for edge in edges if self.start <= edge <= self.until)
        yield from pairwise(ordered)

    def at(self, instant: datetime) -> tuple[tuple[str, ...], str]:
        """The people on call at an instant, and by what."""
        found: tuple[str, ...] = ()
        why = "nobody is on call"
        for turns in self.turns:
            people = turns.at(instant)
            if people:
                what = "calendar" if turns.rotation.calendar else f"{turns.rotation.kind} rotation"
                found, why = people, f"{what} of {self.schedule.name}"
                break
        for begin, end, override in self.overrides:
            if begin <= instant < end:
                found = _overridden(found, override)
                why = f"override of {self.schedule.name}" + (f": {override.reason}" if override.reason else "")
        return found, why


def _names(references: Sequence[Reference]) -> tuple[str, ...]:
    return tuple(reference.name for reference in references if reference.form != "slot")


def _overridden(people: tuple[str, ...], override: Override) -> tuple[str, ...]:
    """One of several is replaced where that one is named and on call, else all are."""
    stand_ins = _names(override.people)
    replaced = [plain_name(person) == override.instead_of for person in people]
    if len(people) < 2 or not any(replaced):
        return stand_ins
    pairs = zip(people, replaced, strict=True)
    return tuple(name for person, is_out in pairs for name in (stand_ins if is_out else (person,)))


def _holiday_overrides(schedule: Schedule) -> Iterator[Override]:
    for holiday in schedule.holidays:
        if holiday.people:
            start = _midnight(holiday.day)
            yield Override(holiday.people, start, start + timedelta(days=1), holiday.place, reason=holiday.name)


def _anchor(rotation: Rotation, began: date) -> datetime:
    """The hand-over, on the wall, that the first turn counts from: on the start, or on the hand-over day before it."""
    back = 0
    if rotation.handoff_day is not None and rotation.step.unit == "week":
        back = (began.weekday() - rotation.handoff_day) % 7
    midnight = _midnight(began) - timedelta(days=back)
    return midnight + timedelta(seconds=rotation.handoff_s)


def _plus(anchor: datetime, step: Step, number: int) -> datetime:
    if step.unit == "month":
        months = anchor.year * 12 + anchor.month - 1 + step.amount * number
        year, month = divmod(months, 12)
        day = min(anchor.day, _days_in(year, month + 1))
        return anchor.replace(year=year, month=month + 1, day=day)
    return anchor + number * _length(step)


def _length(step: Step) -> timedelta:
    return {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}[step.unit] * step.amount


def _turns_between(anchor: datetime, at: datetime, step: Step) -> int:
    if step.unit == "month":
        return ((at.year - anchor.year) * 12 + at.month - anchor.month) // step.amount
    return (at - anchor) // _length(step)


def _days_in(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _utc(wall: datetime, zone: tzinfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _joined(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The stretches in order, those that touch as one: none of them overlaps another."""
    found: list[tuple[datetime, datetime]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def _window_spans(rotation: Rotation, plan: _Plan) -> Iterator[tuple[datetime, datetime]]:
    """The hours of a rotation as stretches in UTC; a holiday has the hours of a Sunday."""
    longest = max(window.until for window in rotation.windows) // _DAY_S + 1
    day = plan.start.astimezone(plan.zone).date() - timedelta(days=longest)
    last = plan.until.astimezone(plan.zone).date()
    while day <= last:
        weekday = _SUNDAY if day in plan.holidays else day.weekday()
        midnight = _midnight(day)
        for window in rotation.windows:
            if weekday in window.days:
                begin = _utc(midnight + timedelta(seconds=window.since), plan.zone)
                end = _utc(midnight + timedelta(seconds=window.until), plan.zone)
                if begin < end:
                    yield begin, end
        day += timedelta(days=1)

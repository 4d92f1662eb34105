"""An instant as somebody types it, to a value: `2027-03-28 02:30 Europe/Berlin`, `tomorrow 03:10`, RFC 3339, `in 2 h`.

Never asks what time it is. Where the clocks skip a time it is taken with the offset before the change; one that they
repeat is taken the first time; either is told.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from msgspec import Struct

from opsbook.book.roster.calendar import zone_of
from opsbook.book.roster.words import DAYS, read_clock
from opsbook.book.times import read_time
from opsbook.ground.durations import read_date, read_duration

_ZONE = re.compile(r"\s+\(?([A-Za-z_]+(?:/[A-Za-z_+\-0-9]+)+|UTC|GMT|Z)\)?$")
_DAY = re.compile(r"(today|tonight|tomorrow|yesterday|(?:next |on )?(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)\b,?", re.I)


class Instant(Struct, frozen=True, gc=False):
    """An instant in UTC, the zone that it was told or taken in, and what is odd about it, as a sentence."""

    at: datetime
    zone: str
    note: str = ""


def read_instant(text: str, now: datetime, zone: str = "UTC") -> Instant | None:
    """The instant that a text tells, or None when it tells none; `zone` is that of a time without one."""
    words = " ".join(text.split())
    if words.lower() in ("", "now"):
        return Instant(now.astimezone(UTC), zone)
    exact = _exact(words)
    if exact is not None:
        return Instant(exact, "UTC")
    later = re.fullmatch(r"(?:in\s+|\+)(.+)", words, re.I)
    length = read_duration(later.group(1)) if later else None
    if length is not None:
        return Instant((now + length).astimezone(UTC), zone)
    found = _ZONE.search(words)
    if found is not None:
        zone, words = found.group(1), words[: found.start()]
    return _on_the_wall(words, now, zone)


def _exact(words: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo is not None and 1970 <= at.year < 9999 else None


def _on_the_wall(words: str, now: datetime, zone: str) -> Instant | None:
    known = zone_of(zone)
    if known is None:
        return None
    today = now.astimezone(known).date()
    named = _DAY.match(words)
    if named:
        day = _named_day(named.group(1).lower(), today)
        second = _second(words[named.end() :])
        return None if second is None else _instant(day, second, known, zone)
    clock = read_clock(words)
    if clock is not None and not words.isdigit():
        return _instant(today, clock, known, zone)
    return _dated(words, known, zone)


def _dated(words: str, known: tzinfo, zone: str) -> Instant | None:
    when = read_time(words)
    if when is None or when.day is None or not 1970 <= when.day.year < 9999:
        day = read_date(words)
        return _instant(day, 0, known, zone) if day is not None and 1970 <= day.year < 9999 else None
    if when.offset is None:
        return _instant(when.day, when.second or 0, known, zone)
    offset = timezone(timedelta(hours=when.offset))
    return _instant(when.day, when.second or 0, offset, when.zone.upper() or "UTC")


def _named_day(word: str, today: date) -> date:
    steps = {"today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1}
    if word in steps:
        return today + timedelta(days=steps[word])
    weekday = DAYS.index(word.removeprefix("next ").removeprefix("on ")[:3])
    return today + timedelta(days=(weekday - today.weekday()) % 7 or 7)


def _second(words: str) -> int | None:
    clock = words.strip().removeprefix("at ").strip()
    return read_clock(clock) if clock else 0


def _instant(day: date, second: int, known: tzinfo, zone: str) -> Instant:
    wall = datetime(day.year, day.month, day.day) + timedelta(seconds=second)
    at = wall.replace(tzinfo=known).astimezone(UTC)
    shown = at.astimezone(known)
    if shown.replace(tzinfo=None) != wall:
        note = f"{wall:%H:%M} is skipped by the clocks of {zone} on {day}; it is taken as {shown:%H:%M}."
    elif wall.replace(tzinfo=known, fold=1).astimezone(UTC) != at:
        note = f"{wall:%H:%M} comes twice by the clocks of {zone} on {day}; it is taken the first time."
    else:
        note = ""
    return Instant(at, zone, note)

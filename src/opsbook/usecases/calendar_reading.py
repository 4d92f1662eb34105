"""A calendar that others keep (iCalendar, RFC 5545) to the shifts in it. Fetches nothing and knows no schedule.

Recurrences, exceptions, moved and cancelled ones are what a calendar program shows; the end of a day-long shift is the
day after its last; zones may go by the names of Outlook, without a definition.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from opsbook.book.roster.calendar import zone_of
from opsbook.book.roster.imported import title_names
from opsbook.book.roster.values import Stretch
from opsbook.ground.errors import Failure

MOST_BYTES = 5_000_000
_MOST_EVENTS = 5_000  # as written
_MOST_STRETCHES = 20_000  # as they recur
# Recurrences that no shift has, and that would be counted for ever.
_TOO_OFTEN = ("SECONDLY", "MINUTELY")
# What the libraries raise for what is no calendar, or a broken one.
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)


def read_stretches(raw: bytes, start: datetime, until: datetime, zone: str) -> tuple[Stretch, ...]:
    """The shifts that touch a stretch of time, in order; `zone` is that of days and times without one, where the
    calendar names none itself. Raises Failure for what is no calendar."""
    if len(raw) > MOST_BYTES:
        raise Failure(f"It is larger than {MOST_BYTES // 1_000_000} MB.")
    if b"BEGIN:VCALENDAR" not in raw.upper():
        raise Failure("It is no calendar: it has no BEGIN:VCALENDAR.")
    try:
        found = list(_stretches(raw, start, until, zone))
    except _BROKEN as wrong:
        raise Failure(f"It cannot be read: {' '.join(str(wrong).split())[:200] or type(wrong).__name__}.") from wrong
    return tuple(sorted(found, key=lambda each: (each.start, each.end, each.title)))


def _stretches(raw: bytes, start: datetime, until: datetime, zone: str) -> Iterator[Stretch]:
    import icalendar  # inside: few books import calendars, and it takes 100 ms
    import recurring_ical_events

    calendar = icalendar.Calendar.from_ical(raw)
    if isinstance(calendar, list):
        calendar = calendar[0]
    events = calendar.walk("VEVENT")
    if len(events) > _MOST_EVENTS:
        raise ValueError(f"it has more than {_MOST_EVENTS} events")
    for event in events:
        _check_rule(event)
    known = zone_of(str(calendar.get("X-WR-TIMEZONE", zone))) or zone_of(zone) or UTC
    for count, event in enumerate(recurring_ical_events.of(calendar, components=["VEVENT"]).between(start, until)):
        if count > _MOST_STRETCHES:
            raise ValueError(f"its events recur more than {_MOST_STRETCHES} times")
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        begin, end = _instant(event["DTSTART"].dt, known), _end(event, known)
        if begin < end and begin < until and end > start:
            title = " ".join(str(event.get("SUMMARY", "")).split())
            yield Stretch(begin, end, tuple(dict.fromkeys(_names(event, title))), title)


def _check_rule(event: Any) -> None:
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        often = [str(each).upper() for each in rule.get("FREQ", [])]
        if any(each in _TOO_OFTEN for each in often) or any(part in rule for part in ("BYSECOND", "BYMINUTE")):
            raise ValueError("an event recurs more often than every hour, which is no shift")


def _end(event: Any, zone: tzinfo) -> datetime:
    if "DTEND" in event:
        return _instant(event["DTEND"].dt, zone)
    begin = event["DTSTART"].dt
    if "DURATION" in event:
        length: timedelta = event["DURATION"].dt
        return _instant(begin, zone) + length
    whole_day = not isinstance(begin, datetime)
    return _instant(begin + timedelta(days=1) if whole_day else begin, zone)


def _instant(at: date | datetime, zone: tzinfo) -> datetime:
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day)
    return (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)


def _names(event: Any, title: str) -> Iterator[str]:
    """Whom an event may mean: those who attend, then whom its title names."""
    attending = event.get("ATTENDEE", [])
    for each in attending if isinstance(attending, list) else [attending]:
        yield str(each).removeprefix("mailto:").removeprefix("MAILTO:")
        parameters = getattr(each, "params", {})
        if parameters.get("CN"):
            yield str(parameters["CN"])
    yield from title_names(title)

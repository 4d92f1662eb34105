"""Shifts as an iCalendar (RFC 5545), for people to subscribe to. Writes; reads none.

Events are transparent, so that a week on call does not make somebody look busy, which Outlook else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

_OCTETS = 75  # of a line, without its end (RFC 5545, 3.1)
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
MEDIA = "text/calendar"


class Entry(Struct, frozen=True):
    """One event: `uid` is the same as long as it is the same shift; `changed` is when it was last written anew."""

    uid: str
    start: datetime
    end: datetime
    summary: str
    description: str
    changed: datetime


def calendar_text(name: str, entries: Sequence[Entry]) -> bytes:
    """The calendar of that name with these events, in order."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Opsbook//On-Call//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        f"NAME:{_text(name)}", f"X-WR-CALNAME:{_text(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]  # fmt: skip
    for entry in entries:
        lines += _event(entry)
    return b"".join(_folded([*lines, "END:VCALENDAR"]))


def _event(entry: Entry) -> list[str]:
    changed = _time(entry.changed)
    sequence = max(0, int((entry.changed - _EPOCH).total_seconds()))
    return [
        "BEGIN:VEVENT", f"UID:{entry.uid}", f"DTSTAMP:{changed}", f"LAST-MODIFIED:{changed}", f"SEQUENCE:{sequence}",
        f"DTSTART:{_time(entry.start)}", f"DTEND:{_time(entry.end)}", f"SUMMARY:{_text(entry.summary)}",
        f"DESCRIPTION:{_text(entry.description)}", "STATUS:CONFIRMED", "TRANSP:TRANSPARENT",
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE", "END:VEVENT",
    ]  # fmt: skip


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """A value of type TEXT; a control character has no place in one."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    escaped = escaped.replace("\r\n", "\n").replace("\n", "\\n")
    return "".join(letter for letter in escaped if letter.isprintable())


def _folded(lines: Iterable[str]) -> Iterator[bytes]:
    """The lines with their ends, broken at 75 octets and never within a character."""
    for line in lines:
        part: list[str] = []
        size = 0
        for letter in line:
            width = len(letter.encode())
            if size + width > _OCTETS:
                yield "".join(part).encode() + b"\r\n"
                part, size = [" "], 1
            part.append(letter)
            size += width
        yield "".join(part).encode() + b"\r\n"

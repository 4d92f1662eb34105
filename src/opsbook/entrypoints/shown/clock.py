"""Times as somebody at a terminal reads them: in their zone with UTC beside it, and lengths in words. Asks no clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Tells times as of `now`; with `is_utc` in UTC alone, else in the zone of the terminal with UTC kept."""

    def __init__(self, now: datetime, *, is_utc: bool = False) -> None:
        self.now = now
        local = now.astimezone()
        self._is_utc = is_utc or local.utcoffset() == timedelta(0)

    def at(self, at: datetime | None) -> str:
        """A time with its day: `2026-03-26 03:41 CET (02:41Z)`."""
        if at is None:
            return "-"
        there = at.astimezone(UTC)
        if self._is_utc:
            return f"{there:%Y-%m-%d %H:%M} UTC"
        here = at.astimezone()
        return f"{here:%Y-%m-%d %H:%M} {_zone(here)} ({there:%H:%M}Z)"

    def short(self, at: datetime) -> str:
        """A time in a list: `03:41:07 (02:41Z)`, with its day where that is not today's."""
        there = at.astimezone(UTC)
        here = there if self._is_utc else at.astimezone()
        today = self.now.astimezone(UTC if self._is_utc else None).date()
        day = "" if here.date() == today else f"{here:%Y-%m-%d} "
        return f"{day}{here:%H:%M:%S}{'Z' if self._is_utc else f' ({there:%H:%M}Z)'}"

    def ago(self, at: datetime) -> str:
        """How long ago it was, in the largest unit that is whole: `23 min`."""
        return length_words(self.now - at)


def length_words(length: timedelta) -> str:
    """A length in the largest unit that is whole: `40 s`, `23 min`, `5 h`, `3 d`."""
    seconds = max(0, round(length.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _zone(here: datetime) -> str:
    name = here.tzname() or ""
    return name if name.isalpha() else f"{here:%z}"

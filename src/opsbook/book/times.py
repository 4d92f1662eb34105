"""Moments as people write them in reports, to values: dates, times of day, zones. Never asks what time it is.

A report says as much as its author knew: a date alone, a time of day alone, a zone or none. Two moments are compared
only where both say enough; what is not said is never filled in.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from opsbook.ground.durations import read_date

# Hours east of UTC. Abbreviations that two regions share (IST, CST, BST is kept: London's is the common one) and those
# that stand for whichever is in force (PT, ET) are zones of their own, comparable with themselves only.
_OFFSETS: dict[str, float] = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3,
    "est": -5, "edt": -4, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "jst": 9, "kst": 9, "aest": 10,
    "aedt": 11,
}  # fmt: skip
_OWN = frozenset({"ist", "cst", "pt", "et", "ct", "mt", "sgt", "hkt", "local"})


class When(Struct, frozen=True, gc=False):
    """A moment as far as it is told: the day, seconds since midnight, and the zone as hours east or as its name.

    `is_rough` where the author says about; `is_relative` for `T+5m`, which orders nothing.
    """

    day: date | None = None
    second: int | None = None
    offset: float | None = None
    zone: str = ""
    is_rough: bool = False
    is_relative: bool = False


@lru_cache(maxsize=1)
def _clock() -> re.Pattern[str]:
    return re.compile(
        r"(?<![\d:.])(\d{1,2})(?:[:h](\d{2})(?::(\d{2})(?:[.,]\d+)?)?|\.(\d{2})(?![\d.])|(?=\s*[ap]\.?m\b))"
        r"(?![\d:])\s*([ap]\.?m\b\.?)?"
    )


@lru_cache(maxsize=1)
def _zone() -> re.Pattern[str]:
    return re.compile(r"\s*(?:\(?((?:utc|gmt)?\s*([+-]\d{1,2})(?::?(\d{2}))?|[a-z]{1,5})\b\)?)")


@lru_cache(maxsize=4096)
def read_time(text: str) -> When | None:
    """The first moment that a text begins with, or None when it does not tell one or tells one that cannot be.

    Read are dates, times of day, both, with `Z`, `UTC`, `+02:00`, `CEST`, `am`/`pm`, and ranges by their beginning.
    """
    lowered = " ".join(text.strip(" \t*_`[]()|~≈<>").lower().replace("—", "-").replace("–", "-").split())
    is_rough = bool(re.match(r"\s*[~≈<>]|.{0,24}\b(?:about|around|approx|circa|ca)\b", text.lower()))
    if re.match(r"(?:t\s?)?\+\s?\d|t-\d", lowered):
        return When(is_relative=True)
    lowered = re.sub(r"^(?:about|around|approx\w*\.?|circa|ca\.?|at|on|from|since|~)\s+", "", lowered)
    day_text, clock_text = _parted(lowered)
    day = read_date(day_text) if day_text else None
    if day_text and day is None:
        return When(is_relative=True) if day_text[0].isalpha() or day_text[-1].isalpha() else None
    found = _clock().match(clock_text) if clock_text else None
    if found is None:
        return When(day, is_rough=is_rough) if day is not None and not _looks_timed(clock_text) else None
    second = _second(found)
    if second is None:
        return None
    offset, zone = _read_zone(clock_text[found.end() :], has_seconds=found.group(3) is not None)
    return When(day, second, offset, zone, is_rough)


def _parted(lowered: str) -> tuple[str, str]:
    """What stands before the time of day, if it is a date, and from the time of day on."""
    iso = re.match(r"(\d+[-/.]\d+[-/.]\d+)(?:t|[\s,]+(?:at\s+)?|$)", lowered)
    if iso:
        return iso.group(1), lowered[iso.end() :]
    weekday = re.match(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", lowered)
    lowered = lowered[weekday.end() :] if weekday else lowered
    named = _named_day().match(lowered)
    if named is None:
        return "", lowered
    return named.group(1).replace(" of ", " "), lowered[named.end() :]


@lru_cache(maxsize=1)
def _named_day() -> re.Pattern[str]:
    """A day by the name of its month, with the year or (then it orders nothing) without."""
    month = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
    day = r"\d{1,2}(?:st|nd|rd|th)?\.?"
    return re.compile(rf"((?:{month}\s+{day}|{day}\s+(?:of\s+)?{month})(?:,?\s+\d{{4}})?)(?:[\s,]+(?:at\s+)?|$)")


def _looks_timed(rest: str) -> bool:
    """Whether what follows a date is meant as a time of day, for then it must be one."""
    return re.match(r"\d{1,3}[:.h]\d", rest) is not None


def _second(found: re.Match[str]) -> int | None:
    hour, minute = int(found.group(1)), int(found.group(2) or found.group(4) or 0)
    second = int(found.group(3) or 0)
    half = (found.group(5) or "").replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour == 24 and minute == second == 0:
        return 86_400
    if hour > 23 or minute > 59 or second > 60:
        return None
    return hour * 3600 + minute * 60 + second


def _read_zone(rest: str, *, has_seconds: bool) -> tuple[float | None, str]:
    """The zone behind a time of day. `14:00-15:30` is a range, whose zone follows its end; `14:00:00-05:00` a zone."""
    if not has_seconds:
        rest = re.sub(r"^\s*-\s*\d{1,2}[:.h]\d{2}(?:\s*[ap]m)?", "", rest)
    found = _zone().match(rest)
    if found is None:
        return None, ""
    if found.group(2):
        hours, minutes = int(found.group(2)), int(found.group(3) or 0)
        return hours + (minutes / 60 if hours >= 0 else -minutes / 60), ""
    name = found.group(1)
    if name in _OFFSETS:
        return _OFFSETS[name], name
    return None, name if name in _OWN else ""


def later_by(first: When, second: When) -> timedelta | None:
    """How much later `second` is than `first`, where both tell enough to say; days alone are compared as days."""
    if first.is_relative or second.is_relative:
        return None
    if (first.day is None) != (second.day is None):
        return None
    if first.second is None or second.second is None:
        if first.day is None or second.day is None:
            return None
        return second.day - first.day
    if first.offset is None and second.offset is None and first.zone != second.zone and first.zone and second.zone:
        return None
    if (first.offset is None) != (second.offset is None) and (first.zone in _OWN or second.zone in _OWN):
        return None
    # Where one of the two says its zone, the other is taken to mean the same: reports state it once.
    shift = 0.0 if first.offset is None or second.offset is None else first.offset - second.offset
    day = date(2000, 1, 1)
    try:
        return (
            datetime.combine(second.day or day, datetime.min.time())
            - datetime.combine(first.day or day, datetime.min.time())
            + timedelta(seconds=second.second - first.second, hours=shift)
        )
    except OverflowError:
        return None


def is_after(when: When, today: date) -> bool:
    """Whether a moment is later than a day for sure, anywhere: a zone that is not told may be the easternmost one."""
    if when.day is None or when.is_relative:
        return False
    second, offset = (when.second or 0), (14.0 if when.offset is None or when.second is None else when.offset)
    try:
        at = datetime.combine(when.day, datetime.min.time()) + timedelta(seconds=second, hours=-offset)
    except OverflowError:
        return when.day > today
    return at.date() > today

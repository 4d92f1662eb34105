"""Lengths of time and dates as people write them, to values. Never asks what time it is."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

_UNITS: dict[str, float] = {
    "ms": 0.001, "millisecond": 0.001, "milliseconds": 0.001,
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400,
    "w": 604800, "week": 604800, "weeks": 604800,
    # A month is 30 days and a year 365 where only a length is asked for; `after` counts by the calendar.
    "month": 2592000, "months": 2592000, "mo": 2592000,
    "y": 31536000, "yr": 31536000, "year": 31536000, "years": 31536000,
}  # fmt: skip
_MONTHS = {"month": 1, "months": 1, "mo": 1, "y": 12, "yr": 12, "year": 12, "years": 12}
_CYCLES = {
    "hourly": "1 hour", "daily": "1 day", "nightly": "1 day", "weekly": "1 week", "fortnightly": "2 weeks",
    "biweekly": "2 weeks", "monthly": "1 month", "bimonthly": "2 months", "quarterly": "3 months",
    "half-yearly": "6 months", "semiannually": "6 months", "semi-annually": "6 months", "biannually": "6 months",
    "twice a year": "6 months", "yearly": "1 year", "annually": "1 year", "annual": "1 year",
    "every quarter": "3 months", "continuously": "30 seconds",
}  # fmt: skip
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10, "twelve": 12}
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _part() -> re.Pattern[str]:
    # A number may touch its unit (`30s`), a word for a number may not, or `minute` would be `minut` of `e`.
    return re.compile(r"(?:(\d+(?:\.\d+)?)[\s-]*|([a-z]+)[\s-]+)?([a-z]+)(?:\s*(?:,|and)?\s*)")


@lru_cache(maxsize=1024)
def read_duration(text: str) -> timedelta | None:
    """The length of `30s`, `5m`, `1h30m`, `every 30 seconds`, `two weeks`, `quarterly`; None when it is no length."""
    words = _plain(text)
    if not words:
        return None
    words = _CYCLES.get(words, words)
    total, at = 0.0, 0
    for found in re.finditer(_part(), words):
        if found.start() != at:
            return None
        amount = _amount(found.group(1) or found.group(2))
        unit = _UNITS.get(found.group(3))
        if amount is None or unit is None:
            return None
        total, at = total + amount * unit, found.end()
    if at != len(words) or total > 3_153_600_000:  # a hundred years: beyond it, a slip of the keyboard
        return None
    return timedelta(seconds=total)


def _plain(text: str) -> str:
    words = " ".join(text.lower().strip(" .").split())
    for lead in ("once ", "every ", "each ", "per "):
        words = words.removeprefix(lead)
    return words.strip()


def _amount(word: str | None) -> float | None:
    if word is None:
        return 1.0
    if word[0].isdigit():
        return float(word)
    return _NUMBERS.get(word)


def after(day: date, length: str) -> date | None:
    """`day` plus a length as people write it; months and years by the calendar (31 January + 1 month is 28 or 29)."""
    words = _CYCLES.get(_plain(length), _plain(length))
    found = _part().fullmatch(words)
    if found and found.group(3) in _MONTHS:
        amount = _amount(found.group(1) or found.group(2))
        if amount is None or amount > 1200:
            return None
        return _add_months(day, round(amount * _MONTHS[found.group(3)]))
    step = read_duration(length)
    try:
        return None if step is None else day + step
    except OverflowError:
        return None


def _add_months(day: date, months: int) -> date | None:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if year > 9999:
        return None
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return None


def _iso_date() -> re.Pattern[str]:
    return re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")


def _named_date() -> re.Pattern[str]:
    month = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
    return re.compile(rf"\b(?:{month}\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})"
                      rf"|(\d{{1,2}})(?:st|nd|rd|th)?\.? {month}\.?,? (\d{{4}})|{month}\.?,? (\d{{4}}))\b")  # fmt: skip


@lru_cache(maxsize=4096)
def read_date(text: str) -> date | None:
    """The first date in a text: `2026-08-21`, `Aug 21, 2026`, `21st August 2026`, `August 2026` (its first day).

    Forms that two countries read differently (`03/04/2026`) are no date, unless one part is over 12.
    """
    iso = re.search(_iso_date(), text)
    if iso:
        return _made(int(iso.group(1)), int(iso.group(2)), int(iso.group(3)))
    named = re.search(_named_date(), text.lower())
    if named:
        a, b, c, d, e, f, g, h = named.groups()
        if a:
            return _made(int(c), _NAMES.index(a) + 1, int(b))
        if e:
            return _made(int(f), _NAMES.index(e) + 1, int(d))
        return _made(int(h), _NAMES.index(g) + 1, 1)
    return _slashed(text)


def _slashed(text: str) -> date | None:
    found = re.search(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b", text)
    if not found:
        return None
    first, second, year = (int(part) for part in found.groups())
    if first > 12 or "." in found.group():
        return _made(year, second, first)
    return _made(year, first, second) if second > 12 or first == second else None


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None

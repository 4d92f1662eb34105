"""When something that recurs begins again, by an RRULE of RFC 5545 and the clock on the wall. Asks no clock.

A rule is one line such as `FREQ=WEEKLY;BYDAY=SA`. A day is the shortest step, so that no question takes long. What is
never due would be looked for until the year 9999, so rules that say two things which seldom or never agree are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import islice
from typing import Any

from opsbook.book.roster.calendar import zone_of

# What is due by days or weeks and not within a year is never due; by months and years it may wait for a leap day.
LOOK_AHEAD = {"DAILY": timedelta(days=400), "WEEKLY": timedelta(days=400)}
_FURTHEST = timedelta(days=5 * 366)
_KEYS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYHOUR", "BYSETPOS",
                   "WKST"})  # fmt: skip
_STEPS = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_NUMBERS = {"BYMONTH": range(1, 13), "BYMONTHDAY": range(-31, 32), "BYHOUR": range(24), "BYSETPOS": range(-4, 5)}
_LONGEST_MONTH = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_MOST_TIMES = 10_000


def why_no_rule(text: str) -> str:
    """Why a text is no rule that can be followed, in a sentence; empty where it is one."""
    parts = _parts(text)
    if parts is None:
        return f"{text!r} is no rule; write one as in 'FREQ=WEEKLY;BYDAY=SA,SU'."
    unknown = sorted(parts.keys() - _KEYS)
    if unknown:
        return f"{unknown[0]} is nothing that a rule here can say. Known are {', '.join(sorted(_KEYS))}."
    if parts.get("FREQ") not in _STEPS:
        return "A rule must say FREQ=DAILY, WEEKLY, MONTHLY or YEARLY."
    for key, most in (("COUNT", _MOST_TIMES), ("INTERVAL", 1000)):
        if key in parts and not (parts[key].isdecimal() and 1 <= int(parts[key]) <= most):
            return f"{key}={parts[key]} must be a number from 1 to {most:,}."
    for key, known in _NUMBERS.items():
        for each in parts[key].split(",") if key in parts else ():
            is_number = re.fullmatch(r"[+-]?\d{1,3}", each) is not None
            if not is_number or int(each) not in known or (int(each) == 0 and key != "BYHOUR"):
                return f"{key}={parts[key]} has a number that is not possible there: {each}."
    if "UNTIL" in parts and _until(parts["UNTIL"], UTC) is None:
        return f"UNTIL={parts['UNTIL']} must be as in 20261231 or 20261231T180000Z."
    why = _at_odds(parts)
    if why:
        return why
    try:
        _rule(text, datetime(2026, 1, 1), datetime(2026, 1, 2), UTC)
    except ValueError as wrong:
        return f"The rule {text!r} cannot be followed: {wrong}."
    return ""


def _at_odds(parts: dict[str, str]) -> str:
    """What a rule says twice in ways that seldom or never agree, in a sentence; empty where nothing is."""
    step, interval = parts["FREQ"], int(parts.get("INTERVAL", "1"))
    is_short = step in LOOK_AHEAD
    ordinals = [int(each) for each in re.findall(r"([+-]?\d+)[A-Z]", parts.get("BYDAY", ""))]
    if is_short and ("BYMONTHDAY" in parts or "BYSETPOS" in parts or ordinals):
        return f"With FREQ={step} nothing is counted within a month; write it with FREQ=MONTHLY."
    if step == "DAILY" and interval > 1 and ("BYDAY" in parts or "BYMONTH" in parts):
        return "Each few days and only on some: write the days with FREQ=WEEKLY, or leave out INTERVAL."
    if step in ("WEEKLY", "MONTHLY") and interval > 1 and "BYMONTH" in parts:
        return "Each few weeks or months and only in some: write the months with FREQ=YEARLY, or leave out INTERVAL."
    if any(abs(each) > 5 for each in ordinals):
        return "A month has five of a weekday at the most."
    if "BYMONTHDAY" in parts and (ordinals or "BYSETPOS" in parts):
        return "BYMONTHDAY says which day it is; leave out BYSETPOS and the numbers in BYDAY."
    if "BYSETPOS" in parts and (ordinals or "BYDAY" not in parts):
        return "BYSETPOS chooses among weekdays: write them in BYDAY, without numbers."
    months = [int(each) for each in parts["BYMONTH"].split(",")] if "BYMONTH" in parts else []
    days = [abs(int(each)) for each in parts.get("BYMONTHDAY", "1").split(",")]
    if months and min(days) > max(_LONGEST_MONTH.get(month, 31) for month in months):
        return "None of these months has such a day."
    return ""


def begins(text: str, first: datetime, zone: str, since: datetime) -> Iterator[datetime]:
    """When it begins, from `since` on, in order and in UTC, for the next years: by the wall's clock in a zone, so that
    02:00 stays 02:00 when the clocks change. `first` is its earliest beginning."""
    wall = zone_of(zone) or UTC
    local = first.astimezone(wall).replace(tzinfo=None)
    # A day of slack on either side: the wall's clock may be ahead or behind, and set back.
    earliest = since.astimezone(wall).replace(tzinfo=None) - timedelta(days=1)
    step = (_parts(text) or {}).get("FREQ", "")
    until = max(earliest, local) + LOOK_AHEAD.get(step, _FURTHEST)
    rule, count = _rule(text, _nearer(text, local, earliest), until, wall)
    for each in islice(rule, count):
        if each >= earliest:
            begin = each.replace(tzinfo=wall).astimezone(UTC)
            if begin >= since:
                yield begin


def _nearer(text: str, first: datetime, earliest: datetime) -> datetime:
    """A later time at which the rule may as well be thought to begin, so that years are not counted through day by
    day: by whole steps of whole weeks, where nothing is counted."""
    parts = _parts(text) or {}
    if "COUNT" in parts or parts.get("FREQ") not in LOOK_AHEAD or earliest <= first:
        return first
    stride = timedelta(days=7 * int(parts.get("INTERVAL", "1")))
    return first + (earliest - first) // stride * stride


def _rule(text: str, first: datetime, until: datetime, wall: tzinfo) -> tuple[Any, int | None]:
    """The rule from its first time on, which ends at `until` at the latest, and how many times it has at the most."""
    from dateutil.rrule import rrulestr

    parts = dict(_parts(text) or {})
    count = int(parts.pop("COUNT")) if "COUNT" in parts else None
    own = _until(parts.pop("UNTIL"), wall) if "UNTIL" in parts else None
    rule = rrulestr(";".join(f"{key}={value}" for key, value in parts.items()), dtstart=first)
    return rule.replace(until=min(until, own) if own else until), count


@lru_cache(maxsize=256)
def _parts(text: str) -> dict[str, str] | None:
    line = text.strip().upper().removeprefix("RRULE:").strip(";")
    if not re.fullmatch(r"[A-Z]+=[A-Z0-9,+-]+(;[A-Z]+=[A-Z0-9,+-]+)*", line) or len(line) > 500:
        return None
    pairs = re.findall(r"([A-Z]+)=([^;]+)", line)
    return dict(pairs) if len(dict(pairs)) == len(pairs) else None


def _until(text: str, wall: tzinfo) -> datetime | None:
    """The end of a rule on the wall's clock: a day is meant whole, `Z` is UTC."""
    for form in ("%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S", "%Y%m%d"):
        try:
            found = datetime.strptime(text, form)
        except ValueError:
            continue
        if form.endswith("Z"):
            return found.replace(tzinfo=UTC).astimezone(wall).replace(tzinfo=None)
        return found + timedelta(days=1, microseconds=-1) if form == "%Y%m%d" else found
    return None

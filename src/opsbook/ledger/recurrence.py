"""When something that recurs begins again, by an RRULE of RFC 5545 and the clock on the wall. Asks no clock.

A rule is one line such as `FREQ=WEEKLY;BYDAY=SA`. A day is the shortest step, so that no question takes long; one
that is never due is noticed within the years that are looked ahead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import islice
from typing import Any

from opsbook.book.roster.calendar import zone_of

LOOK_AHEAD = timedelta(days=5 * 366)
_KEYS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYHOUR", "BYSETPOS", "WKST",
                   "BYYEARDAY", "BYWEEKNO"})  # fmt: skip
_STEPS = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
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
    if "UNTIL" in parts and _until(parts["UNTIL"], UTC) is None:
        return f"UNTIL={parts['UNTIL']} must be as in 20261231 or 20261231T180000Z."
    try:
        _rule(text, datetime(2026, 1, 1), datetime(2026, 1, 2), UTC)
    except ValueError as wrong:
        return f"The rule {text!r} cannot be followed: {wrong}."
    return ""


def begins(text: str, first: datetime, zone: str, since: datetime) -> Iterator[datetime]:
    """When it begins, from `since` on, in order and in UTC, for the next years: by the wall's clock in a zone, so that
    02:00 stays 02:00 when the clocks change. `first` is its earliest beginning."""
    wall = zone_of(zone) or UTC
    local = first.astimezone(wall).replace(tzinfo=None)
    # A day of slack on either side: the wall's clock may be ahead or behind, and set back.
    earliest = since.astimezone(wall).replace(tzinfo=None) - timedelta(days=1)
    until = max(earliest, local) + LOOK_AHEAD
    rule, count = _rule(text, local, until, wall)
    for each in islice(rule, count):
        if each >= earliest:
            begin = each.replace(tzinfo=wall).astimezone(UTC)
            if begin >= since:
                yield begin


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

"""How often people are told of an incident, as the severity matrix of a policy page says it. Tells nobody anything.

Where a page says nothing of a severity, what holds is the first within five minutes and then every 20 minutes for P0,
every 30 for P1, every working day for P2, and once at the end for P3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from opsbook.book.incident_policy import SeverityLevel
from opsbook.ground.durations import read_duration

Turn = Literal["every", "working days", "at the end", "never"]
FIRST = timedelta(minutes=5)  # after the declaration, for those severities where nobody may wait
URGENT = ("P0", "P1")
DAY = timedelta(days=1)


class Cadence(Struct, frozen=True):
    """When people are told: the first time, and then again. `is_told` says that the page says so, else the built-in
    holds; `words` are what stands there."""

    turn: Turn
    every: timedelta = timedelta(0)
    first: timedelta = timedelta(0)
    words: str = ""
    is_told: bool = False


_BUILT_IN: dict[str, Cadence] = {
    "P0": Cadence("every", timedelta(minutes=20), FIRST, "every 20 minutes"),
    "P1": Cadence("every", timedelta(minutes=30), FIRST, "every 30 minutes"),
    "P2": Cadence("working days", DAY, DAY, "every working day"),
    "P3": Cadence("at the end", words="when it is resolved"),
}
_AT_THE_END = re.compile(
    r"\b(?:(?:when|once|until|on|upon|at|after)\b.*\b(?:resolved|resolution|closed|closure|over|end|mended|fixed)"
    r"|only at the end)\b"
)
_NEVER = re.compile(r"(?:none|no|never|not needed|not required|n/?a|-|–|—|no updates?)")
_WORKING_DAYS = re.compile(
    r"\b(?:(?:every|each|per|once a|one a|the next|next|a)\s+(?:working|business|week)[\s-]?days?|weekdays?"
    r"|(?:working|business)\s+daily|daily on (?:working|business) days)\b"
)
_LENGTH = re.compile(
    r"(?<![\w.])(?:(?:\d+(?:\.\d+)?|an?|one|two|three|four|five|six|ten|twelve)[\s-]*(?:min(?:ute)?s?|m|hours?|hrs?|h"
    r"|days?|d|weeks?)|minute|hour|day|week|hourly|daily|weekly)\b", re.A,
)
_RANGE = re.compile(r"(\d+)\s*(?:-|–|to|or)\s*(\d+)", re.A)
_FIRST = re.compile(r"\b(?:first|initial|initially|at first)\b")
_THEN = re.compile(r"[,;]|\bthen\b|\band then\b|\bafterwards\b|\bafter that\b")


def cadence_of(levels: Sequence[SeverityLevel], severity: str) -> Cadence:
    """When people are told of an incident of a severity; where the page says nothing that can be read, the built-in."""
    built_in = _BUILT_IN.get(severity, _BUILT_IN["P2"])
    for level in levels:
        if level.level == severity and level.updates:
            read = read_cadence(level.updates)
            if read is not None:
                return _with_first(read, severity)
    return built_in


def _with_first(read: Cadence, severity: str) -> Cadence:
    """The first is owed sooner than the next ones, where nobody may wait and the page does not say when."""
    if read.first or read.turn in ("at the end", "never"):
        return read
    first = min(FIRST, read.every) if severity in URGENT and read.every else read.every
    return Cadence(read.turn, read.every, first, read.words, read.is_told)


@lru_cache(maxsize=512)
def read_cadence(text: str) -> Cadence | None:
    """What `every 20 minutes`, `hourly`, `first within 10 minutes, then every 30 minutes`, `every working day` or `when
    it is resolved` mean; None for words that say no cadence. Of a range (`15-30 minutes`) the shorter counts."""
    words = " ".join(text.lower().replace("**", "").strip(" .`_*").split())
    if not words:
        return None
    if _NEVER.fullmatch(words):
        return Cadence("never", words=text, is_told=True)
    first, rest = timedelta(0), words
    if _FIRST.search(words):
        parts = [part.strip() for part in _THEN.split(words) if part.strip()]
        told = next((part for part in parts if _FIRST.search(part)), "")
        first = _length(told) or timedelta(0)
        rest = ", ".join(part for part in parts if part != told) or told
    if _WORKING_DAYS.search(rest):
        return Cadence("working days", DAY, first, text, True)
    every = _length(rest)
    if every:
        return Cadence("every", every, first, text, True)
    return Cadence("at the end", timedelta(0), first, text, True) if _AT_THE_END.search(rest) else None


def _length(words: str) -> timedelta | None:
    """The first length of time in some words, at least a minute and at most a month; None where there is none."""
    words = _RANGE.sub(lambda found: min(found[1], found[2], key=int), words)
    words = re.sub(r"\bhalf an hour\b|\bhalf[\s-]hourly\b|\bhalf[\s-]hour\b", "30 minutes", words)
    for found in _LENGTH.finditer(words):
        length = read_duration(found.group().replace("-", " "))
        if length is not None and timedelta(minutes=1) <= length <= timedelta(days=31):
            return length
    return None


def next_due(cadence: Cadence, begun: datetime, told: datetime | None) -> datetime | None:
    """When people are to be told next of an incident that goes on: `begun` is when it was declared, `told` when they
    were told last, None for not yet. None where nothing is due before the end."""
    if cadence.turn == "never":
        return None
    if told is None and cadence.first and cadence.turn != "working days":
        return begun + cadence.first
    if cadence.turn == "every":
        return (told or begun) + cadence.every
    if cadence.turn == "working days":
        if told is None and timedelta(0) < cadence.first < DAY:
            return begun + cadence.first
        return next_working_day(told or begun)
    return None


def next_working_day(at: datetime) -> datetime:
    """The same time of the next day that is no Saturday and no Sunday."""
    later = at + DAY
    while later.weekday() >= 5:
        later += DAY
    return later

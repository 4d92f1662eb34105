"""What is searched and what comes back: sections in, hits out. Values only."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class SearchSection(Struct, frozen=True):
    """One section as search sees it: `page` and `section` are titles, `slot` is "" when it has none."""

    path: str
    anchor: str
    page: str
    section: str
    slot: str
    line: int
    alerts: tuple[str, ...]
    symptoms: str
    text: str


class Hit(Struct, frozen=True):
    """One section found. `score` is 0 to 1, higher is better; `marks` are [start, end) within `snippet`."""

    path: str
    anchor: str
    page: str
    section: str
    snippet: str
    score: float
    line: int
    marks: tuple[tuple[int, int], ...] = ()


# all: the best hits hold every word · most: none does, these hold the most telling of them · any: pasted
# text, by how much of it a section holds · none: nothing to look for, or nothing found.
Matched = Literal["all", "most", "any", "none"]


class SearchAnswer(Struct, frozen=True):
    """Hits, best first, and what was done to the words: `mended` is (as typed, as looked for)."""

    hits: tuple[Hit, ...]
    matched: Matched
    mended: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    took_ms: float = 0.0

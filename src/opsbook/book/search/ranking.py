"""Puts the sections that the index offers in order; reads their headings and words, never the index."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from opsbook.book.search.folding import indexed
from opsbook.book.search.planning import Plan, Sought

# How much a word counts for standing in a heading, beside at most 2.2 that bm25 gives it anywhere.
IN_ALERTS, IN_SECTION, IN_PAGE = 1.5, 1.0, 0.8
# Standing there only as another ending, or completed, counts for less.
INEXACT = 0.8
# The whole query being the name or title, in shares of the weight of all its words.
IS_ALERT, IS_SECTION, IS_PAGE, WITHIN_SECTION, WITHIN_PAGE = 2.0, 1.2, 1.0, 0.4, 0.3
# For pasted text: what a word counts for by where it stands. Symptoms quote errors.
PASTED_IN_SYMPTOMS, PASTED_IN_NAME, PASTED_IN_PAGE, PASTED_IN_TEXT = 2.0, 1.6, 1.2, 1.0
PASTED_SLOTS = frozenset(("troubleshooting", "symptoms", "diagnosis", "mitigation", "root-cause"))
PASTED_SLOT_FACTOR = 1.15
# A section this long covers many words by chance: beyond it, coverage counts for less.
LONG_TEXT = 3_000


class Candidate(Struct, frozen=True):
    """A section that the index offers: `names` as `names_of` wrote them, `weight` is bm25 (0 or more)."""

    number: int
    path: str
    line: int
    slot: str
    names: str
    weight: float
    symptoms: str = ""
    text: str = ""


class Ranked(Struct, frozen=True):
    """A candidate's number in the index and its score, 0 to 1."""

    number: int
    score: float


def rank(candidates: Iterable[Candidate], plan: Plan, *, covered: bool) -> list[Ranked]:
    """The candidates, best first; the same order for the same candidates.

    `covered` when each is known to hold everything required; else each is weighed by how much it holds, which
    needs its text.
    """
    mass = sum(sought.weight for sought in plan.sought) or 1.0
    scored: list[tuple[float, str, int, int]] = []
    for candidate in candidates:
        if plan.is_pasted:
            raw = _pasted(candidate, plan)
        else:
            raw = candidate.weight + _heads(candidate, plan, mass)
            if not covered:
                raw *= 0.1 + 0.9 * _coverage(candidate, plan, mass) ** 2
        score = round(raw / (raw + mass), 6)
        scored.append((-score, candidate.path, candidate.line, candidate.number))
    return [Ranked(number, -score) for score, _, _, number in sorted(scored)]


def _fields(candidate: Candidate) -> list[str]:
    return [*candidate.names.split("|"), "", "", "", "", "", ""][:6]


def _holds(field: str, sought: Sought) -> float:
    """1 when the field holds the thing itself, less when it holds another form of it, 0 when neither."""
    for place, phrase in enumerate(sought.phrases):
        if phrase.needle in field:
            return INEXACT if place else 1.0
    return 0.0


def _heads(candidate: Candidate, plan: Plan, mass: float) -> float:
    alert_names, alerts, section_name, section, page_name, page = _fields(candidate)
    total = 0.0
    for sought in plan.sought:
        held = (
            IN_ALERTS * _holds(alerts, sought),
            IN_SECTION * _holds(section, sought),
            IN_PAGE * _holds(page, sought),
        )
        total += sought.weight * max(held)
    whole = f" {plan.joined} "
    if whole in alert_names:
        total += IS_ALERT * mass
    if whole == section_name:
        total += IS_SECTION * mass
    elif " " in plan.phrase and f" {plan.phrase} " in section:
        total += WITHIN_SECTION * mass
    if whole == page_name:
        total += IS_PAGE * mass
    elif " " in plan.phrase and f" {plan.phrase} " in page:
        total += WITHIN_PAGE * mass
    return total


def _spaced(text: str) -> str:
    return f" {' '.join(indexed(text))} "


def _coverage(candidate: Candidate, plan: Plan, mass: float) -> float:
    everything = f"{candidate.names} {candidate.slot} {_spaced(candidate.symptoms)}{_spaced(candidate.text)}"
    held = sum(sought.weight for sought in plan.sought if _holds(everything, sought))
    return held / mass


def _pasted(candidate: Candidate, plan: Plan) -> float:
    _, alerts, _, section, _, page = _fields(candidate)
    text = _spaced(candidate.text)
    places = (
        (PASTED_IN_SYMPTOMS, _spaced(candidate.symptoms)),
        (PASTED_IN_NAME, alerts),
        (PASTED_IN_NAME, section),
        (PASTED_IN_PAGE, page),
        (PASTED_IN_TEXT, text),
    )
    total = 0.0
    for sought in plan.sought:
        total += sought.weight * max(
            (counts for counts, field in places if _holds(field, sought)), default=0.0
        )
    if candidate.slot in PASTED_SLOTS:
        total *= PASTED_SLOT_FACTOR
    return total / (1.0 + max(0, len(text) - LONG_TEXT) / (10 * LONG_TEXT))

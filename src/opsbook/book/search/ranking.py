"""Puts the sections that the index offers in order; reads their headings and words, never the index."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from opsbook.book.kinds import is_transcript
from opsbook.book.search.folding import fold, indexed
from opsbook.book.search.planning import Phrase, Plan

# How much a word counts for standing in a heading, beside at most 2.2 that bm25 gives it anywhere.
# They add up: the section that is about it on the page that is about it comes first.
IN_ALERTS, IN_SECTION, IN_PAGE = 1.5, 1.0, 0.8
# Standing there only as another ending, or completed, counts for less.
INEXACT = 0.8
# The whole query being the name or title, in shares of the weight of all its words.
IS_ALERT, IS_SECTION, IS_PAGE, WITHIN_SECTION, WITHIN_PAGE = 2.0, 0.6, 0.8, 0.4, 0.3
# For pasted text: what a word counts for by where it stands. Symptoms quote errors.
PASTED_IN_SYMPTOMS, PASTED_IN_NAME, PASTED_IN_PAGE, PASTED_IN_TEXT = 1.6, 1.6, 1.2, 1.0
PASTED_SLOTS = frozenset(("troubleshooting", "symptoms", "diagnosis", "mitigation", "root-cause"))
PASTED_SLOT_FACTOR = 1.15
# What was done once is read after what is to be done.
TRANSCRIPT_FACTOR = 0.1
# A section this long covers many words by chance: beyond it, coverage counts for less.
LONG_TEXT = 3_000
# And is read only so far.
MOST_READ = 5_000


# The weight of each thing sought, and its forms as they stand in words parted by spaces, the best first.
Needles = list[tuple[float, tuple[str, ...]]]


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
    needles = [(one.weight, tuple(phrase.needle for phrase in one.phrases)) for one in plan.sought]
    scored: list[tuple[float, str, int, int]] = []
    for candidate in candidates:
        if plan.is_pasted:
            raw = _pasted(candidate, needles)
        else:
            raw = candidate.weight + _heads(candidate, needles) + _exactness(candidate, plan) * mass
            if not covered:
                raw *= 0.1 + 0.9 * _coverage(candidate, plan, mass) ** 2
        if is_transcript(candidate.path):
            raw *= TRANSCRIPT_FACTOR
        score = round(raw / (raw + mass), 6)
        scored.append((-score, candidate.path, candidate.line, candidate.number))
    return [Ranked(number, -score) for score, _, _, number in sorted(scored)]


def _fields(candidate: Candidate) -> list[str]:
    return [*candidate.names.split("|"), "", "", "", "", "", ""][:6]


def _holds(field: str, needles: tuple[str, ...]) -> float:
    """1 when the field holds the thing itself, less when it holds another form of it, 0 when neither."""
    if needles[0] in field:
        return 1.0
    for needle in needles[1:]:
        if needle in field:
            return INEXACT
    return 0.0


def _heads(candidate: Candidate, needles: Needles) -> float:
    if not any(form in candidate.names for _, forms in needles for form in forms):
        return 0.0
    _, alerts, _, section, _, page = _fields(candidate)
    total = 0.0
    for weight, forms in needles:
        held = IN_SECTION * _holds(section, forms) + IN_PAGE * _holds(page, forms)
        if len(alerts) > 2:
            held += IN_ALERTS * _holds(alerts, forms)
        total += weight * held
    return total


def _exactness(candidate: Candidate, plan: Plan) -> float:
    """How far the whole query is a name or title, in shares of the weight of all its words."""
    whole, several = f" {plan.joined} ", " " in plan.phrase
    if whole not in candidate.names and not (several and f" {plan.phrase} " in candidate.names):
        return 0.0
    alert_names, _, section_name, section, page_name, page = _fields(candidate)
    share = IS_ALERT if whole in alert_names else 0.0
    if whole == section_name:
        share += IS_SECTION
    elif several and f" {plan.phrase} " in section:
        share += WITHIN_SECTION
    if whole == page_name:
        share += IS_PAGE
    elif several and f" {plan.phrase} " in page:
        share += WITHIN_PAGE
    return share


def _spaced(text: str) -> str:
    return f" {' '.join(indexed(text))} "


def _coverage(candidate: Candidate, plan: Plan, mass: float) -> float:
    prose = fold(candidate.text[:MOST_READ])
    held = 0.0
    for sought in plan.sought:
        in_names = any(phrase.needle in candidate.names for phrase in sought.phrases)
        if in_names or any(_stands_in(prose, phrase) for phrase in sought.phrases):
            held += sought.weight
    return held / mass


def _stands_in(prose: str, phrase: Phrase) -> bool:
    """Whether every word of the phrase begins, and unless it is a beginning ends, a word of the prose.

    Cutting the prose into words would be exact, and five times slower.
    """
    for word in phrase.words:
        place = prose.find(word)
        while place >= 0:
            end = place + len(word)
            if not (place and prose[place - 1].isalnum()) and (phrase.is_prefix or not prose[end : end + 1].isalnum()):
                break
            place = prose.find(word, end)
        if place < 0:
            return False
    return True


def _pasted(candidate: Candidate, needles: Needles) -> float:
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
    for weight, forms in needles:
        total += weight * max((counts for counts, field in places if _holds(field, forms)), default=0.0)
    if candidate.slot in PASTED_SLOTS:
        total *= PASTED_SLOT_FACTOR
    return total / (1.0 + max(0, len(text) - LONG_TEXT) / (10 * LONG_TEXT))

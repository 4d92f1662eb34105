"""Decides what to ask the index for: which words must match, what else counts as each, what is mended.

Every expression is put together here from words that are letters and digits only, within quotes, so nothing
that anyone types can be an operator of the index. Asks the book's vocabulary, never the index.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Protocol

from msgspec import Struct, structs

from opsbook.book.search.folding import stem
from opsbook.book.search.indexing import HEADS
from opsbook.book.search.query import STOP_WORDS, Query, Word
from opsbook.book.search.spelling import halves, mend, slips_allowed

# Reading one entry of a word's list costs about 15 ns to weigh and 0.5 µs to score, measured at 100,000
# sections. These bound what a query may read with other endings and completions: none are needed by one whose
# own words stand everywhere …
MOST_EXTRA_ENTRIES = 6_000
# … what the words that must match may add up to before the commonest become optional …
MOST_REQUIRED_ENTRIES = 100_000
# … what an any-of question may read, when it stands alone and when it only adds to hits that hold everything.
MOST_ANY_ENTRIES, MOST_ADDED_ENTRIES = 4_000, 1_000
# From this many expected sections on, headings are asked first.
MANY_SECTIONS = 2_000

MOST_VARIANTS = 5
MOST_COMPLETIONS = 3
MOST_TELLING_WORDS = 16
MOST_PAIRS = 8
# A word in the middle of a query is taken as the beginning of another only from this length on.
SHORTEST_BEGINNING = 3


class Vocabulary(Protocol):
    """What is known of the words of the book."""

    @property
    def sections(self) -> int:
        """How many sections there are."""

    def docs(self, words: Collection[str]) -> dict[str, int]:
        """In how many sections each word stands; words that stand in none are left out."""

    def starting(self, prefix: str) -> int:
        """How many entries the words of that beginning have together."""

    def completions(self, prefix: str, most: int) -> list[tuple[str, int]]:
        """(word, sections) of the most frequent words of that beginning."""

    def sharing(self, stems: Collection[str]) -> list[tuple[str, str, int]]:
        """(stem, word, sections) of every word with one of the stems, the most frequent first."""

    def resembling(self, beginning: str, shortest: int, longest: int) -> list[tuple[str, int]]:
        """(word, sections) of the words of that beginning whose length is within the bounds."""


class Phrase(Struct, frozen=True):
    """Words that must stand side by side; the last may be a beginning. At most `docs` sections hold it."""

    words: tuple[str, ...]
    docs: int
    is_prefix: bool = False

    @property
    def match(self) -> str:
        return f'"{" ".join(self.words)}"' + ("*" if self.is_prefix else "")

    @property
    def needle(self) -> str:
        """What to look for in space-parted words that begin and end with a space."""
        return f" {' '.join(self.words)}" + ("" if self.is_prefix else " ")


class Sought(Struct, frozen=True):
    """One thing looked for: any phrase will do, the first is the best. `weight` is how telling it is."""

    phrases: tuple[Phrase, ...]
    weight: float

    @property
    def docs(self) -> int:
        return sum(phrase.docs for phrase in self.phrases)

    @property
    def match(self) -> str:
        return f"({' OR '.join(phrase.match for phrase in self.phrases)})"


class Plan(Struct, frozen=True):
    """What to ask: every `required`, none of `excluded`; `optional` only helps the order.

    `pieces` are the single words of phrases, asked for when a phrase is nowhere. `joined` and `phrase` are
    all typed words without and with spaces, `expected` is about how many sections will match, `mended` is
    (as typed, as looked for), `unknown` are words that neither stand in the book nor resemble any that do.
    """

    required: tuple[Sought, ...] = ()
    optional: tuple[Sought, ...] = ()
    pieces: tuple[Sought, ...] = ()
    excluded: tuple[Phrase, ...] = ()
    joined: str = ""
    phrase: str = ""
    expected: float = 0.0
    is_pasted: bool = False
    mended: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def sought(self) -> tuple[Sought, ...]:
        return self.required + self.optional


def weigh(docs: int, sections: int) -> float:
    """How telling a word is that stands in `docs` of the sections (the usual inverse document frequency)."""
    docs = min(docs, sections)
    return math.log(1 + (sections - docs + 0.5) / (docs + 0.5))


def match_all(plan: Plan) -> str:
    """The expression for sections that hold everything required."""
    return _without(" AND ".join(sought.match for sought in plan.required), plan.excluded)


def match_heads(plan: Plan) -> str:
    """The same, within titles, alert names and symptoms."""
    return _without(f"{HEADS} : ({' AND '.join(sought.match for sought in plan.required)})", plan.excluded)


def match_any(plan: Plan, most_entries: int = MOST_ANY_ENTRIES) -> str:
    """The expression for sections that hold some of what is sought: the most telling that can be afforded."""
    chosen: list[str] = []
    entries = 0
    for sought in sorted(plan.sought, key=lambda one: one.docs):
        entries += sought.docs
        if chosen and entries > most_entries:
            break
        chosen.append(sought.match)
    return _without(" OR ".join(chosen), plan.excluded)


def relaxed(plan: Plan) -> Plan:
    """The same plan for an any-of question: everything counts, phrases also by their words."""
    return structs.replace(plan, required=(*plan.required, *plan.optional, *plan.pieces), optional=(), pieces=())


def without_exclusions(plan: Plan) -> Plan:
    """The same plan with nothing left out, for when that left nothing."""
    return structs.replace(plan, excluded=())


def _without(wanted: str, excluded: tuple[Phrase, ...]) -> str:
    if not wanted or not excluded:
        return wanted
    return f"({wanted}) NOT ({' OR '.join(phrase.match for phrase in excluded)})"


def plan(query: Query, vocabulary: Vocabulary) -> Plan:
    """What to ask the index for; an empty plan when no word of the query stands in the book."""
    if query.is_pasted:
        return _plan_pasted(query, vocabulary)
    return _Planning(query, vocabulary).plan()


class _Planning:
    """Gathers what one typed query asks the vocabulary, each kind of question once."""

    def __init__(self, query: Query, vocabulary: Vocabulary) -> None:
        self.query = query
        self.vocabulary = vocabulary
        self.mended: list[tuple[str, str]] = []
        self.unknown: list[str] = []
        self.pieces: list[Sought] = []
        wanted = [word for word in query.words if word.is_phrase or not _is_stop(word)]
        self.words = wanted or list(query.words)
        asked: dict[str, None] = {}
        for word in (*self.words, *query.excluded):
            asked.update(dict.fromkeys((*word.tokens, *word.parts, "".join(word.tokens))))
        self.known = vocabulary.docs(asked)
        self.extra = MOST_EXTRA_ENTRIES - sum(self._docs(word.tokens) for word in self.words)
        stems = {stem(word.tokens[0]) for word in self.words if len(word.tokens) == 1}
        self.related: dict[str, list[Phrase]] = {}
        for shared, other, docs in vocabulary.sharing(stems):
            self.related.setdefault(shared, []).append(Phrase((other,), docs))

    def plan(self) -> Plan:
        sought: list[Sought] = []
        for word in self.words:
            sought.extend(self._sought(word))
        unique = tuple({one.phrases[0].words: one for one in sought}.values())
        required, optional = _afforded(unique)
        tokens = [token for word in self.query.words for token in word.tokens]
        return Plan(
            required=required,
            optional=optional,
            pieces=tuple(self.pieces),
            excluded=tuple(Phrase(word.tokens, self._docs(word.tokens)) for word in self.query.excluded),
            joined="".join(tokens),
            phrase=" ".join(tokens),
            expected=_expected(required, self.vocabulary.sections),
            mended=tuple(self.mended),
            unknown=tuple(self.unknown),
        )

    def _docs(self, tokens: tuple[str, ...]) -> int:
        return min((self.known.get(token, 0) for token in tokens), default=0)

    def _sought(self, word: Word) -> list[Sought]:
        exact = [
            Phrase(tokens, self._docs(tokens))
            for tokens in dict.fromkeys((word.tokens, ("".join(word.tokens),), word.parts))
            if tokens and self._docs(tokens)
        ]
        if word.is_phrase:
            exact = exact[:1] if exact and exact[0].words == word.tokens else []
        if len(word.tokens) > 1 and not exact:
            singles = [Word(token, (token,)) for token in word.tokens]
            return [one for single in singles if not _is_stop(single) for one in self._sought(single)]
        if len(word.tokens) > 1:
            self.pieces.extend(self._weighed((Phrase((token,), self.known.get(token, 0)),)) for token in word.tokens)
        others = [] if word.is_phrase else self._others(word, is_found=bool(exact))
        if not exact and not others:
            return self._rescued(word)
        return [self._weighed((*exact, *others))]

    def _weighed(self, phrases: tuple[Phrase, ...]) -> Sought:
        return Sought(phrases, weigh(max(phrase.docs for phrase in phrases), self.vocabulary.sections))

    def _others(self, word: Word, *, is_found: bool) -> list[Phrase]:
        """Completions and other endings, as far as they can be afforded.

        A word that is only a beginning is looked for as its most frequent completions when it has too many.
        """
        token = word.tokens[-1]
        offered = list(self.related.get(stem(token), ())) if len(word.tokens) == 1 else []
        others: list[Phrase] = []
        if (word.is_open or not is_found) and not _is_stop(word):
            others = self._completions(word, is_found=is_found)
        is_begun = any(phrase.is_prefix for phrase in others)
        for phrase in offered[: MOST_VARIANTS + 1]:
            is_new = not phrase.words[0].startswith(token) if is_begun else phrase.words != word.tokens
            if is_new and phrase.docs <= self.extra:
                self.extra -= phrase.docs
                others.append(phrase)
        return others

    def _completions(self, word: Word, *, is_found: bool) -> list[Phrase]:
        if len(word.tokens) > 1 or (not word.is_open and len(word.tokens[0]) < SHORTEST_BEGINNING):
            return []
        token = word.tokens[0]
        if is_found and self.known[token] > self.extra:
            return []
        total = self.vocabulary.starting(token)
        if total <= self.known.get(token, 0):
            return []
        if total <= self.extra:
            self.extra -= total
            return [Phrase(word.tokens, total, is_prefix=True)]
        if is_found:
            return []
        frequent = self.vocabulary.completions(token, MOST_COMPLETIONS)
        self.extra -= sum(docs for _, docs in frequent)
        return [Phrase((other,), docs) for other, docs in frequent]

    def _rescued(self, word: Word) -> list[Sought]:
        """What a word that the book does not hold was meant to be: two words, another spelling, nothing."""
        token = word.tokens[0]
        if len(word.tokens) == 1:
            pieces = halves(token)
            known = self.vocabulary.docs({piece for pair in pieces for piece in pair}) if pieces else {}
            parted = [
                Phrase(pair, min(known[pair[0]], known[pair[1]]))
                for pair in pieces
                if pair[0] in known and pair[1] in known
            ]
            meant = self._meant(token)
            if parted and not (meant and len(token) < 8):
                best = max(parted, key=lambda phrase: (phrase.docs, phrase.words))
                return [self._weighed((best,))]
            if meant:
                self.mended.append((word.typed, meant))
                docs = self.vocabulary.docs((meant,))[meant]
                return [self._weighed((Phrase((meant,), docs),))]
            if word.parts:
                return [one for part in word.parts for one in self._sought(Word(part, (part,)))]
        self.unknown.append(word.typed)
        return []

    def _meant(self, token: str) -> str | None:
        allowed = slips_allowed(token)
        if not allowed:
            return None
        # The first letter is mostly right; failing that, it was swapped with the second. A look at every word
        # of the book would take ten times as long.
        for letter in dict.fromkeys(token[:2]):
            offered = self.vocabulary.resembling(letter, len(token) - allowed, len(token) + allowed)
            meant = mend(token, offered)
            if meant:
                return meant
        return None


def _is_stop(word: Word) -> bool:
    return len(word.tokens) == 1 and word.tokens[0] in STOP_WORDS


def _afforded(sought: tuple[Sought, ...]) -> tuple[tuple[Sought, ...], tuple[Sought, ...]]:
    """What must match and what need not: the commonest words are let go once the others say enough."""
    entries = 0
    required: list[Sought] = []
    for one in sorted(sought, key=lambda each: each.docs):
        entries += one.docs
        if len(required) >= 2 and entries > MOST_REQUIRED_ENTRIES:
            break
        required.append(one)
    return tuple(required), tuple(one for one in sought if one not in required)


def _expected(required: Iterable[Sought], sections: int) -> float:
    """About how many sections hold all of them: twice what chance would have, words keep company."""
    share = 2.0
    least = float(sections)
    for one in required:
        share *= min(1.0, one.docs / max(1, sections))
        least = min(least, one.docs)
    return min(least, share * sections)


def _plan_pasted(query: Query, vocabulary: Vocabulary) -> Plan:
    known = vocabulary.docs({word for run in query.runs for word in run if word not in STOP_WORDS})
    sections = vocabulary.sections
    chosen: list[Sought] = []
    entries = 0
    for word, docs in sorted(known.items(), key=lambda item: (item[1], item[0]))[:MOST_TELLING_WORDS]:
        entries += docs
        if chosen and entries > MOST_ANY_ENTRIES:
            break
        chosen.append(Sought((Phrase((word,), docs),), weigh(docs, sections)))
    pairs: dict[tuple[str, ...], int] = {}
    for run in query.runs:
        for pair in pairwise(run):
            if pair[0] in known and pair[1] in known:
                pairs[pair] = min(known[pair[0]], known[pair[1]])
    for both, docs in sorted(pairs.items(), key=lambda item: (item[1], item[0]))[:MOST_PAIRS]:
        chosen.append(Sought((Phrase(both, docs),), weigh(docs, sections)))
    return Plan(required=tuple(chosen), is_pasted=True)

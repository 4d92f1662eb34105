"""The verb similar: past incidents that are most like one, of the ledger and of the book, and what ended them.

Likeness is by words (title, what was hindered, cause), weighed by how few incidents have them, as BM25 does; a service
or an alert that both name weighs as much as several words. Everything that is alike has a reason in words.
"""

from __future__ import annotations

import math
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence

from msgspec import Struct

from opsbook.usecases.incident_cases import Case, Cases, Helped

K1, B = 1.2, 0.75  # the usual values of BM25 (Robertson and Zaragoza, 2009)
SAME_SERVICE, SAME_ALERT = 3.0, 5.0
LEAST = 0.15  # of the likeness to itself: below it nothing is in common but chance
MOST_WORDS = 200  # of one case
_WORD = re.compile(r"[^\W_]{3,40}")
# Words that every report has, and which tell nothing.
_PLAIN = frozenset(
    "the and for was were are with that this from not had has have but all its our their they there been when which"
    " into after before during incident incidents outage report post mortem postmortem issue problem service services"
    " response drill".split()
)


class Similar(Struct, frozen=True):
    """A past incident that is like one: `likeness` from 0 to 1, where 1 would be the same words; `why` a sentence.
    `ended_by` is the section that ended it, None where nobody knows; `resolution` what its report says."""

    case: Case
    likeness: float
    why: str
    ended_by: Helped | None
    resolution: str


class Remedy(Struct, frozen=True):
    """A section that ended incidents like one: how many of those that are like it."""

    path: str
    anchor: str
    title: str
    ended: int
    of: int


class Likeness:
    """What is like an incident. Any thread may ask; the words of the past are kept until the past changes."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._turn = threading.Lock()
        self._index: tuple[tuple[Case, ...], _Index] | None = None

    def similar(self, case: Case, *, limit: int = 5) -> list[Similar]:
        """Past incidents that are most like it, the most first; drills and live ones are left out."""
        past = tuple(each for each in self._cases.all() if not (each.is_live or each.is_drill or each.was_none))
        with self._turn:
            if self._index is None or self._index[0] != past:
                self._index = (past, _Index(past))
            index = self._index[1]
        found = index.like(case, limit + 1)
        return [_told(case, each, likeness) for each, likeness in found if not _is_same(each, case)][:limit]


def remedies(similar: Sequence[Similar]) -> list[Remedy]:
    """What ended those that are like it, the most often first."""
    known = [each.ended_by for each in similar if each.ended_by is not None]
    ended = Counter((each.path, each.anchor, each.title) for each in known)
    return [Remedy(*section, count, len(similar)) for section, count in ended.most_common()]


class _Index:
    """The words of many cases, each with the cases that have it."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = cases
        self._words = [Counter(_words(case)) for case in cases]
        self._lengths = [sum(words.values()) for words in self._words]
        self._mean = max(1.0, sum(self._lengths) / max(1, len(cases)))
        self._having: dict[str, list[int]] = defaultdict(list)
        self._named: dict[str, list[int]] = defaultdict(list)
        for at, words in enumerate(self._words):
            for word in words:
                self._having[word].append(at)
            for name in _names(cases[at]):
                self._named[name].append(at)

    def like(self, case: Case, limit: int) -> list[tuple[Case, float]]:
        """The cases that are most like one, with how much."""
        asked, scores = Counter(_words(case)), defaultdict[int, float](float)
        whole = 0.0
        for word in asked:
            having = self._having.get(word, ())
            rarity = math.log(1 + (len(self._cases) - len(having) + 0.5) / (len(having) + 0.5))
            whole += rarity * (K1 + 1) / (1 + K1)
            for at in having:
                often = self._words[at][word]
                scores[at] += rarity * often * (K1 + 1) / (often + K1 * (1 - B + B * self._lengths[at] / self._mean))
        for name in _names(case):
            weight = SAME_ALERT if name.startswith("alert ") else SAME_SERVICE
            whole += weight
            for at in self._named.get(name, ()):
                scores[at] += weight
        best = sorted(scores, key=lambda at: (-scores[at], at))[:limit]
        return [(self._cases[at], min(1.0, scores[at] / whole)) for at in best if scores[at] >= LEAST * whole]


def _words(case: Case) -> list[str]:
    text = f"{case.title} {case.title} {case.words} {case.cause}".casefold()
    return [word for word in _WORD.findall(text) if word not in _PLAIN][:MOST_WORDS]


def _names(case: Case) -> list[str]:
    return [*(f"service {name.casefold()}" for name in case.services), *(f"alert {name}" for name in case.alerts)]


def _is_same(one: Case, other: Case) -> bool:
    if one.number is not None or other.number is not None:
        return one.number == other.number
    return one.path == other.path


def _told(case: Case, found: Case, likeness: float) -> Similar:
    alerts = [name for name in found.alerts if name in case.alerts]
    own = {name.casefold() for name in case.services}
    services = [name for name in found.services if name.casefold() in own]
    theirs = set(_words(found))
    shared = [word for word in dict.fromkeys(_words(case)) if word in theirs][:4]
    why = [f"the same alert {', '.join(alerts[:2])}"] if alerts else []
    why += [f"the same service {', '.join(services[:2])}"] if services else []
    why += [f"the words {', '.join(shared)}"] if shared else []
    ended = next((each for each in found.helped if each.did_end), None)
    return Similar(found, round(likeness, 3), f"It has {' and '.join(why)}." if why else "", ended, found.resolution)

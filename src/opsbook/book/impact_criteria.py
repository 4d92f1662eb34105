"""What a severity is about, as a matrix says it: `> 50 %`, `lost or exposed`, `none`. Reads cells; rates nothing.

A row of the matrix may have columns for the share of users, the functions, data, security and the workaround. A cell
that is empty, or a dash, asks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from opsbook.book.impact import Impact
from opsbook.book.page import Page
from opsbook.book.severity import read_severity
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import Table, read_tables

Column = Literal["Users", "Functions", "Data", "Security", "Workaround"]


class Criterion(Struct, frozen=True, gc=False):
    """A cell of the matrix: its column, what it says."""

    column: Column
    text: str


class CriteriaRow(Struct, frozen=True, gc=False):
    """A row of the matrix, as far as it is computed with: its severity P0 to P3, what the page calls it, its place."""

    level: str
    words: str
    line: int
    anchor: str
    criteria: tuple[Criterion, ...]


class CriterionFlaw(Struct, frozen=True, gc=False):
    """A cell that cannot be read, by its byte range, and how it might be written."""

    start: int
    end: int
    column: Column
    text: str
    fix: str


class Share(Struct, frozen=True, gc=False):
    """A share of users in per cent: from `low` to `high`, each of which is in it or not."""

    low: float
    high: float = 100.0
    has_low: bool = True
    has_high: bool = True

    def has(self, pct: float) -> bool:
        """Whether a share is one of these."""
        above = pct > self.low or (self.has_low and pct == self.low)
        return above and (pct < self.high or (self.has_high and pct == self.high))


_HEADS: dict[Column, tuple[str, ...]] = {
    "Users": ("users", "users affected", "affected users", "share of users", "customers", "customers affected",
              "affected customers", "user impact", "people"),
    "Functions": ("functions", "function", "functionality", "features", "features affected", "functions affected"),
    "Data": ("data", "data loss", "data impact"),
    "Security": ("security", "security impact"),
    "Workaround": ("workaround", "workarounds", "work around", "way around"),
}  # fmt: skip
_LEVELS = ("severity", "severity level", "level", "sev", "priority", "class", "p level")
_NOT_A_MATRIX = ("contact", "after", "alert", "rotation")
_NOTHING = frozenset({"", "-", "–", "—", "n/a", "na", "*", "…", "..."})
FIXES: dict[Column, str] = {
    "Users": "Write a share of them, such as `> 50 %`, `10-50 %`, `most`, `some` or `none`.",
    "Functions": "Write `all`, `any`, `none`, how many (`2 or more`), or their names parted by commas.",
    "Data": "Write what becomes of it: `at risk`, `corrupted`, `lost`, `exposed`, `any` or `none`.",
    "Security": "Write `yes` or `no`.",
    "Workaround": "Write `none`, `partial` or `full`.",
}


def read_criteria(page: Page) -> tuple[tuple[CriteriaRow, ...], tuple[CriterionFlaw, ...]]:
    """The rows of a page's matrices that can be computed with, and the cells that cannot."""
    rows: list[CriteriaRow] = []
    flaws: list[CriterionFlaw] = []
    for table in read_tables(page.document):
        for row, wrong in _rows(page, table):
            flaws += wrong
            if row.criteria:
                rows.append(row)
    return tuple(rows), tuple(flaws)


def _rows(page: Page, table: Table) -> Iterator[tuple[CriteriaRow, list[CriterionFlaw]]]:
    named = table.column(*_LEVELS)
    columns = {column: at for column, heads in _HEADS.items() if (at := table.column(*heads)) is not None}
    if named is None or not columns or table.column(*_NOT_A_MATRIX) is not None:
        return
    for row in table.rows:
        level = read_severity(row[named].text)
        if level is None:
            continue
        found: list[Criterion] = []
        flaws: list[CriterionFlaw] = []
        for column, at in columns.items():
            text = row[at].text
            if asks_nothing(column, text):
                continue
            if can_be_read(column, text):
                found.append(Criterion(column, text))
            else:
                flaws.append(CriterionFlaw(row[at].start, row[at].end, column, text, FIXES[column]))
        section = page.section_at(row[named].start)
        line = page.document.line(row[named].start)
        anchor = section.anchor if section is not None else ""
        yield CriteriaRow(level, row[named].text, line, anchor, tuple(found)), flaws


def asks_nothing(column: Column, text: str) -> bool:
    """Whether a cell holds for whatever there is."""
    plain = _plain(text)
    return plain in _NOTHING or is_unfilled(text) or (column == "Workaround" and plain in ("any", "any or none"))


def can_be_read(column: Column, text: str) -> bool:
    """Whether a cell can be computed with."""
    if column == "Users":
        return shares(text) is not None
    if column == "Functions":
        return _functions(text) is not None
    return _known_words(column, text) is not None


def holds(criterion: Criterion, impact: Impact) -> bool | None:
    """Whether an impact is what a cell says; None where nobody has said what it is asked about. A cell that says that
    nothing is hindered (`none`) holds for that alone."""
    column, text = criterion.column, criterion.text
    if column == "Users":
        wanted = shares(text) or ()
        return None if impact.users_pct is None else any(share.has(impact.users_pct) for share in wanted)
    if column == "Functions":
        return _functions_hold(text, impact)
    words = _known_words(column, text) or frozenset()
    if column == "Data":
        return None if not impact.data else impact.data in words
    if column == "Security":
        return None if impact.is_security is None else ("yes" if impact.is_security else "no") in words
    if not impact.workaround:
        return None
    return _BADNESS[impact.workaround] >= min(map(_BADNESS.__getitem__, words), default=0)


def is_negative(criterion: Criterion) -> bool:
    """Whether a cell says that nothing is hindered."""
    if criterion.column == "Users":
        return all(share.high == 0 for share in shares(criterion.text) or ())
    if criterion.column == "Functions":
        return _functions(criterion.text) == "none"
    return (_known_words(criterion.column, criterion.text) or frozenset()) <= {"none", "no"}


# -- users -----------------------------------------------------------------------------------------------------------

_NUMBER = r"(\d{1,3}(?:[.,]\d+)?)"
_RANGE = re.compile(rf"(?:between |from )?{_NUMBER} ?%? ?(?:-|–|to|and|\.\.) ?{_NUMBER} ?(?:%|per ?cent|percent)")
_BOUND = re.compile(
    rf"(>=|≥|=>|at least|minimum|min|not less than|from|>|over|more than|above|exceeds|exceeding|beyond|<=|≤|=<|up to|"
    rf"at most|maximum|max|no more than|not more than|<|under|less than|below|fewer than|about|around|~|≈|=|)"
    rf" ?{_NUMBER} ?(?:%|per ?cent|percent)(\+| ?(?:or|and) (?:more|above|over|less|below|fewer|under)| upwards)?"
)
_RATIO = re.compile(r"(\d{1,4}) (?:in|of|out of) (\d{1,6})")
_OF_WHOM = re.compile(
    r"\b(?:of |the |all of |our |its )*(?:users?|customers?|people|clients?|visitors?|tenants?|traffic|requests?|them)"
    r"(?: (?:is |are )?(?:affected|hindered|impacted|concerned))?\b|\b(?:affected|hindered|impacted)\b"
)
_AT_LEAST = frozenset({">=", "≥", "=>", "at least", "minimum", "min", "not less than", "from", "about", "around", "~",
                       "≈", "=", ""})  # fmt: skip
_OVER = frozenset({">", "over", "more than", "above", "exceeds", "exceeding", "beyond"})
_UP_TO = frozenset({"<=", "≤", "=<", "up to", "at most", "maximum", "max", "no more than", "not more than"})
_NONE = Share(0.0, 0.0)
_SOME = Share(0.0, has_low=False)
# Words for a share. `all` is from 90 %: nobody counts the last tenth at night.
_SHARES: dict[str, Share] = {
    **dict.fromkeys(("none", "no", "nobody", "no one", "noone", "zero", "0", "not"), _NONE),
    **dict.fromkeys(("all", "everyone", "everybody", "every", "nearly all", "almost all", "virtually all", "100",
                     "whole", "complete", "entire"), Share(90.0)),
    **dict.fromkeys(("most", "majority", "a majority", "the majority", "more than half", "over half", "large majority",
                     "most or all", "the most"), Share(50.0, has_low=False)),
    **dict.fromkeys(("half", "at least half", "half or more"), Share(50.0)),
    **dict.fromkeys(("a third", "one third", "third"), Share(33.0)),
    **dict.fromkeys(("two thirds",), Share(66.0)), **dict.fromkeys(("three quarters",), Share(75.0)),
    **dict.fromkeys(("many", "a lot", "lots", "a large part", "large part", "large share", "significant", "a quarter",
                     "one quarter", "quarter", "significant share", "significant part", "significant number",
                     "large number"), Share(25.0)),
    **dict.fromkeys(("less than half", "under half", "minority", "a minority"), Share(0.0, 50.0, False, False)),
    **dict.fromkeys((
        "some", "a few", "few", "several", "a part", "part", "any", "single", "a single", "one", "a small part",
        "small part", "small share", "small number", "a small number", "a handful", "handful", "individual",
        "at least one", "one or more", "subset", "a subset", "limited", "a portion", "portion",
    ), _SOME),
}  # fmt: skip


def shares(text: str) -> tuple[Share, ...] | None:
    """The shares of users that a cell means; None for one that cannot be read."""
    plain = _plain(text)
    whole = _share(plain)
    if whole is not None:
        return (whole,)
    found = [_share(part.strip()) for part in re.split(r",|;|/|\bor\b", plain) if part.strip()]
    known = [share for share in found if share is not None]
    return tuple(known) if known and len(known) == len(found) else None


def _share(plain: str) -> Share | None:
    said = " ".join(_OF_WHOM.sub(" ", plain).split()) or ("all" if plain.startswith("all") else plain)
    if said in _SHARES:
        return _SHARES[said]
    ranged = _RANGE.fullmatch(said)
    if ranged is not None:
        low, high = sorted(map(_number, ranged.groups()))
        return Share(low, high) if high <= 100 else None
    ratio = _RATIO.fullmatch(said)
    if ratio is not None and int(ratio.group(2)) >= int(ratio.group(1)) > 0:
        return Share(100 * int(ratio.group(1)) / int(ratio.group(2)))
    bound = _BOUND.fullmatch(said)
    return _bounded(bound.group(1), _number(bound.group(2)), bound.group(3) or "") if bound is not None else None


def _bounded(word: str, number: float, behind: str) -> Share | None:
    if number > 100:
        return None
    if behind.endswith(("less", "below", "fewer", "under")):
        return Share(0.0, number, False)
    if word in _OVER:
        return Share(number, has_low=False)
    if word in _AT_LEAST:
        return Share(number) if number else _NONE
    return Share(0.0, number, has_low=False, has_high=word in _UP_TO)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


# -- functions -------------------------------------------------------------------------------------------------------

_COUNT = re.compile(r"(?:>=|≥|at least )? ?(\d{1,3})(?: or more| and more|\+)?|(?:>|more than|over) ?(\d{1,3})")
_ALL = frozenset({"all", "every", "everything", "all of them", "all functions", "the whole product", "all features"})
_ANY = frozenset({"any", "some", "one", "at least one", "one or more", "a function", "any function", "a feature", "yes",
                  "a part", "part", "one function", "some functions", "a few", "single"})  # fmt: skip
_NO = frozenset({"none", "no", "nothing", "no function", "no functions", "0"})
_SEVERAL = frozenset({"several", "multiple", "more than one", "many"})
_VAGUE = re.compile(r"\b(?:most|important|essential|critical|core|main|major|minor|key|half)\b|%|[<>]")


def _functions(text: str) -> str | int | tuple[str, ...] | None:
    """What a cell asks of functions: `all`, `none`, how many, or the names of which one is enough."""
    plain = _plain(text)
    for words, meaning in ((_ALL, "all"), (_NO, "none")):
        if plain in words:
            return meaning
    if plain in _ANY:
        return 1
    if plain in _SEVERAL:
        return 2
    count = _COUNT.fullmatch(plain.removesuffix(" functions").removesuffix(" features"))
    if count is not None:
        return int(count.group(1)) if count.group(1) else int(count.group(2)) + 1
    if _VAGUE.search(plain):
        return None
    names = tuple(_plain(each) for each in re.split(r",|;|/|\bor\b|\band\b", plain) if each.strip())
    return names or None


def _functions_hold(text: str, impact: Impact) -> bool | None:
    wanted = _functions(text)
    told = [_plain(each) for each in impact.functions]
    if not told:
        return None
    is_all, is_none = bool(_ALL & {*told}), {*told} <= _NO
    if wanted in ("all", "none"):
        return is_all if wanted == "all" else is_none
    if is_none or wanted is None:
        return False
    if isinstance(wanted, int):
        return is_all or len(told) >= wanted
    return is_all or any(name in told for name in wanted)


# -- words -----------------------------------------------------------------------------------------------------------

_WORDS: dict[Column, dict[str, tuple[str, ...]]] = {
    "Data": {
        "none": ("none", "no", "not affected", "unaffected", "safe", "no loss", "no data loss", "intact", "no impact"),
        "at risk": ("at risk", "risk", "in danger", "endangered", "possible loss", "delayed", "may be lost"),
        "corrupted": ("corrupted", "corrupt", "corruption", "damaged", "wrong", "inconsistent", "incorrect"),
        "lost": ("lost", "loss", "data loss", "deleted", "being lost", "is lost", "destroyed", "missing"),
        "exposed": ("exposed", "exposure", "leaked", "leak", "breach", "breached", "stolen", "disclosed", "shown",
                    "shown to strangers", "data breach", "public"),
    },
    "Security": {
        "yes": ("yes", "breach", "breached", "compromised", "compromise", "affected", "touched", "suspected",
                "incident", "any", "exploited", "intrusion", "attack", "suspected breach", "confirmed", "true", "x",
                "✓", "✅"),
        "no": ("no", "none", "not affected", "unaffected", "untouched", "false"),
    },
    "Workaround": {
        "none": ("none", "no", "no workaround", "impossible", "not available", "unavailable", "nothing"),
        "partial": ("partial", "partly", "limited", "difficult", "hard", "for some", "some", "painful", "partially"),
        "full": ("full", "yes", "exists", "available", "easy", "simple", "there is one", "possible", "complete", "any"),
    },
}  # fmt: skip
_MEANT = {column: {word: key for key, words in known.items() for word in words} for column, known in _WORDS.items()}
_HARM = frozenset({"at risk", "corrupted", "lost", "exposed"})
_BADNESS = {"full": 1, "partial": 2, "none": 3}


def _known_words(column: Column, text: str) -> frozenset[str] | None:
    """The words of ours that a cell means; None for one that cannot be read."""
    plain = _plain(text)
    if column == "Data" and plain in ("any", "yes", "affected", "any of it"):
        return _HARM
    meant = _MEANT[column]
    if plain in meant:
        return frozenset({meant[plain]})
    parts = [part.removeprefix("data ").removeprefix("is ").strip() for part in _PARTS.split(plain) if part.strip()]
    found = [meant.get(part) for part in parts]
    known = frozenset(word for word in found if word is not None)
    return known if parts and None not in found else None


_PARTS = re.compile(r",|;|/|\bor\b|\band\b")


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("`", "").strip(" .*_").split())

"""When a post-mortem is due and for whom there must be one, as a policy page says it: `a P0 within 3 working days, the
others within 5`, a label, or a column of the severity matrix. Writes none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date, timedelta

from msgspec import Struct

from opsbook.book.page import Page, Section
from opsbook.book.severity import PRIORITIES, read_severity
from opsbook.book.tables import plain_text, read_tables


class Term(Struct, frozen=True, gc=False):
    """So many days, or only those on which people work."""

    days: int
    is_working: bool = True


class PostMortemPolicy(Struct, frozen=True):
    """By severity how long there is for a post-mortem, and for which there must be one; `line` is where it is said, 0
    where the page says nothing and this is the usual."""

    terms: dict[str, Term]
    required: tuple[str, ...]
    line: int = 0


USUAL = PostMortemPolicy({"P0": Term(3), "P1": Term(5), "P2": Term(5), "P3": Term(5)}, ("P0", "P1"))
_TITLE = re.compile(r"post[- ]?mortem|retrospective|post[- ]incident|incident review|after[- ]action", re.I)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10, "a": 1, "an": 1}
_NAME = r"(?:P[0-4]|SEV[- ]?[0-5]|S[0-4])"
_WHO = (
    rf"(?:{_NAME}s?(?:(?:\s*(?:,|/|and|or|&)\s*)+{_NAME}s?)*"
    r"|(?:all )?(?:the )?(?:others?|rest)|all|every(?:thing| one)?)"
)
_WITHIN = re.compile(
    rf"\b(?P<who>{_WHO})\b[^.;|\n]{{0,40}}?(?:\bwithin|\bin|\bafter|:)\s*(?P<count>\d{{1,3}}|[a-z]{{1,5}})\b"
    rf"(?:[ -](?P<kind>working|business|calendar))?[ -]?(?P<unit>weekday|day|week|hour)?s?\b",
    re.I,
)
_BARE = re.compile(
    r"(?:\bwithin|\bin)\s+(?P<count>\d{1,3}|[a-z]{1,5})[ -](?:(?P<kind>working|business|calendar)[ -])?"
    r"(?P<unit>day|week|hour)s?\b", re.I,
)  # fmt: skip
_MUST = re.compile(rf"(?:every|all|each|for|after)\s+(?P<who>{_NAME}(?:(?:\s*(?:,|/|and|or|&)\s*)+{_NAME})*)", re.I)


def read_post_mortem_policy(page: Page) -> PostMortemPolicy:
    """What a policy page says of it; what it does not say is as usual: 3 working days for a P0, 5 for the others, and
    one for every P0 and P1."""
    terms: dict[str, Term] = {}
    required: list[str] = []
    line = 0
    for text, at in _texts(page):
        found = _terms(text)
        must = [level for each in _MUST.finditer(text) for level in _levels(each.group("who"))]
        if found or must:
            line = line or page.document.line(at)
        for level, term in found.items():
            terms.setdefault(level, term)
        required = required or must
    for level, term in _column(page):
        terms.setdefault(level, term)
    return PostMortemPolicy({**USUAL.terms, **terms}, tuple(dict.fromkeys(required)) or USUAL.required, line)


def due_day(start: date, term: Term, holidays: Collection[date] = ()) -> date:
    """The day by which it is due that begins to count the day after `start`."""
    if not term.is_working:
        return start + timedelta(days=term.days)
    day, left = start, term.days
    for _ in range(term.days * 7 + 400):  # an end also where every day is a holiday
        if left <= 0:
            break
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in holidays:
            left -= 1
    return day


def _texts(page: Page) -> Iterator[tuple[str, int]]:
    """The paragraphs and items of the sections about it, each with its place; and labels that name it."""
    done = 0
    for section in page.sections:
        if section.start >= done and section.level > 1 and _TITLE.search(section.title):
            done = section.stop
            yield from _paragraphs(page, section)
    for field in page.fields:
        if field.start >= done and _TITLE.search(field.name):
            yield f"{field.name}: {field.value(page.document)}", field.start


def _paragraphs(page: Page, section: Section) -> Iterator[tuple[str, int]]:
    for index in range(*page.blocks(section.body, section.stop)):
        block = page.document.blocks[index]
        if block.kind == "paragraph":
            yield plain_text(" ".join(page.document.source(block.start, block.end).split())), block.start


def _terms(text: str) -> dict[str, Term]:
    """The terms of a text by severity; `the others` are those that it does not name."""
    named: dict[str, Term] = {}
    others: Term | None = None
    kind, unit = "", ""
    for found in _WITHIN.finditer(text):
        count = _count(found.group("count"))
        kind = (found.group("kind") or ("" if found.group("unit") else kind)).lower()
        unit = (found.group("unit") or unit).lower()  # `a P0 within 3 working days, the others within 5`
        if count is None or not unit:
            continue
        term, levels = _term(count, kind, unit), _levels(found.group("who"))
        named.update((level, term) for level in levels if level not in named)
        others = others if levels else others or term
    bare = _BARE.search(text) if not named and others is None else None
    count = _count(bare.group("count")) if bare is not None else None
    if bare is not None and count is not None:
        others = _term(count, (bare.group("kind") or "").lower(), bare.group("unit").lower())
    return {**dict.fromkeys(PRIORITIES, others), **named} if others is not None else named


def _term(count: int, kind: str, unit: str) -> Term:
    if unit == "hour":
        return Term(max(1, -(-count // 24)), is_working=False)
    if unit == "week":
        return Term(count * 7, is_working=False)
    return Term(count, is_working=unit == "weekday" or kind in ("working", "business"))


def _count(word: str) -> int | None:
    return int(word) if word.isdigit() else _NUMBERS.get(word.lower())


def _levels(words: str) -> list[str]:
    found = (read_severity(each.replace(" ", "")) for each in re.findall(_NAME, words, re.I))
    return [level for level in found if level is not None]


def _column(page: Page) -> Iterator[tuple[str, Term]]:
    """The terms of a column of the severity matrix that is headed by it."""
    for table in read_tables(page.document):
        named = table.column("severity", "severity level", "level", "sev", "priority")
        column = next((at for at, head in enumerate(table.columns) if _TITLE.search(head)), None)
        if named is None or column is None:
            continue
        for row in table.rows:
            level = read_severity(row[named].text)
            found = _terms(f"all within {row[column].text}") if level else {}
            if level in found:
                yield level, found[level]

"""What a page tells of a service's operations: deploy, roll back, scale both ways, restart, back up, restore. One page
at a time, by its words; who links to whom is joined elsewhere, and whether a procedure is any good is not judged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from opsbook.book.changes import ends_with_a_look, has_phase, is_deployment, is_for_trying
from opsbook.book.metadata import PRACTISED_KEYS
from opsbook.book.operation_words import (
    DOWN,
    KEEPER_LABELS,
    KEEPER_NAMES,
    KEEPER_WORDS,
    KEEPS_NOTHING,
    NAMED,
    NOT_DONE,
    OPERATIONS,
    UP,
)
from opsbook.book.page import Page, Section, is_slot_text
from opsbook.book.procedure import Procedure, procedures_of
from opsbook.ground.durations import read_date
from opsbook.ground.pattern import Pattern

How = Literal["procedure", "words", "answered"]
_SENTENCE = Pattern(r"(?<=[.;!?])\s+|\n")
# A number that whoever starts it gives: it may be more or fewer.
_PARAMETER = Pattern(r"\$\{?[A-Z][A-Z0-9_]+|\|\s*Param|<[a-z-]+>|\[(?:number|size|n)\]", re.I)
_MOST_WORDS = 16  # of a sentence that says that something is not done here
# What a sentence begins with that tells how: `Restart it from the console`, `To scale, …`, `Backup: …`.
_OPENING = Pattern(r"\W*(?:to |how to )?(\w+(?:[- ]\w+)?)")
_BOTH = Pattern(r"\b(?:and|or|und|y|et|e|и)\b|[/&,+]", re.I)
_ORDER = Pattern(r"\W*(?:do not|don't|never)\b", re.I)
# Sections in which a heading about a restart is what somebody saw, and not what is done.
_TOLD_ELSEWHERE = frozenset({"troubleshooting", "symptoms", "monitoring", "related", "changelog", "timeline", "cause"})


class OperationTold(Struct, frozen=True, gc=False):
    """That a page tells how an operation is done. `how`: a procedure, in words alone, or answered: that it is not done
    here. `around` are the anchors of the sections that the place lies in; a procedure for trying is one for staging."""

    operation: str
    how: How
    anchor: str
    title: str
    line: int
    is_verified: bool = False
    is_filled: bool = True
    is_for_trying: bool = False
    around: tuple[str, ...] = ()


class OperationsTold(Struct, frozen=True):
    """All that a page tells. `keeps` says whether what it is about keeps something; `practised_on` is the day (ISO)
    that the page says it was practised on; `places` are the lines of the sections where operations are looked for, and
    of the title."""

    told: tuple[OperationTold, ...] = ()
    keeps: bool = False
    practised_on: str = ""
    places: dict[str, int] = {}


KINDS = ("runbook", "procedure")


def operations_told(page: Page) -> OperationsTold | None:
    """What a runbook or a page of procedures tells, in the order of the page; None of any other page."""
    if page.kind not in KINDS:
        return None
    told = [*_by_procedures(page)]
    if page.kind == "runbook":
        known = {each.operation for each in told}
        told += [each for each in _by_words(page) if each.operation not in known]
    told.sort(key=lambda each: (each.line, OPERATIONS.index(each.operation)))
    places = {
        section.slot: page.document.line(section.start)
        for section in reversed(page.sections) if section.slot in ("deployment", "common-operations", "rollback")
    }  # fmt: skip
    places[""] = page.document.line(page.title_place[0])
    return OperationsTold(tuple(told), _keeps(page), _practised_on(page), places)


def named_operations(title: str) -> tuple[str, ...]:
    """The operations that a title or label names; a scaling that says no way goes both ways."""
    found = [name for name in ("deploy", "rollback", "restart", "backup", "restore") if NAMED[name]().search(title)]
    if "rollback" in found and "deploy" in found and not _BOTH().search(title):
        found.remove("deploy")  # Deployment Rollback is a way back
    if "restore" in found and "backup" in found and NAMED["restore"]().match(title.strip()):
        found.remove("backup")  # Restore from a backup makes none
    if NAMED["scale"]().search(title):
        found += _ways(title) or ["scale-up", "scale-down"]
    return tuple(name for name in OPERATIONS if name in found)


def _ways(text: str) -> list[str]:
    return [way for way, words in (("scale-up", UP), ("scale-down", DOWN)) if words().search(text)]


def _by_procedures(page: Page) -> Iterator[OperationTold]:
    for procedure in procedures_of(page):
        at = page.section_index(procedure.start)
        chain = _around(page, at)
        if any(section.slot in _TOLD_ELSEWHERE for section in chain):
            continue
        names = _named_by(page, procedure, chain)
        if not names:
            continue
        is_verified = bool(procedure.verification) or ends_with_a_look(procedure)
        is_verified = is_verified or has_phase(page, procedure, "verification")
        texts = [step.text for step in procedure.steps]
        is_filled = not texts or not all(is_slot_text(text) for text in texts)
        around = tuple(section.anchor for section in chain)
        line = page.document.line(procedure.start)
        is_trying = is_for_trying(procedure)
        for name in names:
            yield OperationTold(
                name, "procedure", procedure.anchor, procedure.title, line, is_verified, is_filled, is_trying, around
            )


def _named_by(page: Page, procedure: Procedure, chain: Sequence[Section]) -> tuple[str, ...]:
    """By its own title, else by the nearest heading around it that says something, else by the title of the page."""
    if is_deployment(page, procedure):
        names = ["deploy"]
        if procedure.rollback or has_phase(page, procedure, "rollback"):
            names.append("rollback")
        return tuple(names)
    text = page.document.source(procedure.start, procedure.end)
    for title in (procedure.title, *(section.title for section in reversed(chain[:-1])), page.title):
        names_of_title = named_operations(title)
        if not names_of_title:
            continue
        if title is not procedure.title and NAMED["scale"]().search(title):
            return _with_ways(names_of_title, _scaled(procedure.title, text))  # More machines, below Scaling
        if not _ways(title) and NAMED["scale"]().search(title):
            return _with_ways(names_of_title, _scaled("", text))
        return names_of_title
    return ()


def _with_ways(names: Sequence[str], ways: Sequence[str]) -> tuple[str, ...]:
    return (*(name for name in names if not name.startswith("scale-")), *ways)


def _scaled(title: str, text: str) -> list[str]:
    """The ways that a scaling goes by its own title, else by its text; both where neither says, or a number is set."""
    both = ["scale-up", "scale-down"]
    return _ways(title) or (both if _PARAMETER().search(text) else _ways(text)) or both


def _around(page: Page, at: int) -> list[Section]:
    """The sections around section `at`, the outermost first, itself last; the page's own title is none."""
    chain: list[Section] = []
    while at >= 0:
        section = page.sections[at]
        if section.level > 1:
            chain.append(section)
        at = page.parents[at]
    return chain[::-1]


def _by_words(page: Page) -> Iterator[OperationTold]:
    """What no procedure is: a heading with text below it, a bold label, a row, a sentence that says it is not done."""
    yield from _headed(page)
    for field in page.fields:
        value = field.value(page.document)
        if value and len(field.name) <= 60 and not _is_elsewhere(page, field.start):
            filled = not is_slot_text(value)
            yield from _words(page, named_operations(field.name), field.start, filled)
    for index, block in enumerate(page.document.blocks):
        if block.kind not in ("paragraph", "cell") or _is_elsewhere(page, block.start):
            continue
        text = page.document.source(block.start, block.end)
        if block.kind == "cell" and page.document.blocks[index - 1].kind == "row":
            yield from _words(page, named_operations(text[:60]), block.start)
        yield from _sentences(page, text, block.start)


def _headed(page: Page) -> Iterator[OperationTold]:
    known = {procedure.anchor for procedure in procedures_of(page)}
    for at, section in enumerate(page.sections):
        if section.level < 2 or section.anchor in known or _is_elsewhere(page, section.start):
            continue
        low, high = page.blocks(section.body, section.stop)
        texts = [b for b in page.document.blocks[low:high] if b.kind in ("paragraph", "code", "cell")]
        if not texts:
            continue
        names = named_operations(section.title)
        if section.slot == "deployment" and "deploy" not in names and page.parents[at] <= 0:
            names = ("deploy", *names)
        yield from _words(page, names, section.start)
        inside = page.document.source(section.body, section.stop) if section.slot == "deployment" else ""
        if NAMED["rollback"]().search(inside):
            yield from _words(page, ("rollback",), section.start)


def _sentences(page: Page, text: str, start: int) -> Iterator[OperationTold]:
    for sentence in _SENTENCE().split(text):
        if KEEPS_NOTHING().search(sentence):
            yield from _words(page, ("backup", "restore"), start, how="answered")
        if len(sentence.split()) <= _MOST_WORDS and NOT_DONE().search(sentence) and not _ORDER().match(sentence):
            names = [name for name, words in NAMED.items() if words().search(sentence)]
            if "scale" in names:
                names += ["scale-up", "scale-down"]
            yield from _words(page, [name for name in OPERATIONS if name in names], start, how="answered")
        elif opening := _OPENING().match(sentence):
            yield from _words(page, named_operations(opening.group(1)), start)


def _words(
    page: Page, names: Sequence[str], start: int, is_filled: bool = True, *, how: How = "words"
) -> Iterator[OperationTold]:
    if not names:
        return
    section = page.section_at(start)
    anchor, title = (section.anchor, section.title) if section else ("", page.title)
    for name in names:
        yield OperationTold(name, how, anchor, title, page.document.line(start), is_filled=is_filled)


def _is_elsewhere(page: Page, start: int) -> bool:
    at = page.section_index(start)
    return any(section.slot in _TOLD_ELSEWHERE for section in _around(page, at))


def _keeps(page: Page) -> bool:
    if KEEPER_NAMES().search(page.service or "") or KEEPER_NAMES().search(page.title):
        return True
    if any(field.key in KEEPER_LABELS and field.value(page.document) for field in page.fields):
        return True
    overview = [s for s in page.sections if s.slot in ("overview", "architecture")]
    texts = (page.document.source(section.body, section.stop) for section in overview)
    return any(KEEPER_WORDS().search(text) for text in texts)


def _practised_on(page: Page) -> str:
    datum = next((entry for entry in page.metadata.entries if entry.key in PRACTISED_KEYS and entry.value), None)
    day = read_date(datum.value) if datum else None
    return day.isoformat() if day else ""

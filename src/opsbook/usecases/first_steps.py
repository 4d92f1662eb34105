"""The first steps of a section as plain lines, for a message that somebody reads at night. Runs and renders nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from opsbook.book.page import Page, Section, read_page
from opsbook.book.procedure import Procedure, procedures_of
from opsbook.book.runbook import issues
from opsbook.book.slots import is_unfilled
from opsbook.book.steps import Step
from opsbook.ground.errors import Failure, Usage
from opsbook.ledger.alert_events import Place
from opsbook.usecases.ports import BookSource, Unreadable

# Of the page as a whole: what is done first about something that fires.
_FIRST = ("mitigation", "solution", "diagnosis", "troubleshooting", "meaning", "overview")
_MARKUP = re.compile(r"\*\*|__|`")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\([^()\n]*\)")
MOST_LETTERS = 300  # of a line


class Pages(Protocol):
    """Where pages are read; a library is one."""

    def page(self, path: str) -> Page:
        """A page; raises Usage where there is none, Failure where it cannot be read."""
        ...


class PagesOf:
    """The pages of a book that nobody follows, each read when it is asked for."""

    def __init__(self, source: BookSource) -> None:
        self._source = source

    def page(self, path: str) -> Page:
        """A page; raises Failure where it cannot be read."""
        raw = self._source.read(path)
        if isinstance(raw, Unreadable):
            raise Failure(f"{path} cannot be read: {raw.why}")
        return read_page(path, raw, self._source.reading)


def first_steps(library: Pages, place: Place, limit: int = 6) -> tuple[str, ...]:
    """The first steps of a section as plain lines, commands as they stand behind `$ `; its first sentences where it has
    no steps; empty where the page is gone."""
    try:
        page = library.page(place.path)
    except (Usage, Failure):
        return ()
    lines = _lines(page, _section(page, place.anchor))
    return tuple(line for line, _ in zip(lines, range(limit), strict=False))


def _section(page: Page, anchor: str) -> Section | None:
    """The section of that anchor; of a page as a whole the one that says what to do."""
    section = page.section(anchor) if anchor else None
    if section is not None and section.level > 1:
        return section
    for slot in _FIRST[:3]:
        found = next((each for each in page.sections if each.slot == slot), None)
        if found is not None and page.kind != "runbook":
            return found
    return section


def _lines(page: Page, section: Section | None) -> Iterator[str]:
    begin, end = (section.start, section.stop) if section is not None else (0, len(page.document.content))
    procedures = [each for each in procedures_of(page) if begin <= each.start < end]
    if section is None and page.kind == "runbook":
        procedures = []  # any one of its procedures may be the wrong thing to do
    found = False
    for line in _of_procedures(procedures):
        found = True
        yield line
    if found:
        return
    issue = next((each for each in issues(page) if begin <= each.start < end), None) if section is not None else None
    text = (issue.solution or issue.cause or "") if issue is not None else _prose(page, section)
    yield from _plain(text)


def _of_procedures(procedures: list[Procedure]) -> Iterator[str]:
    for procedure in procedures[:1]:
        for step in procedure.steps:
            yield from _of_step(step)


def _of_step(step: Step) -> Iterator[str]:
    if is_unfilled(step.text):
        return
    text = next(iter(_plain(step.text)), "")
    if text:
        yield f"{step.number}. {text}"
    for command in step.commands:
        yield from (f"$ {line}"[:MOST_LETTERS] for line in command.text.splitlines() if line.strip())


def _prose(page: Page, section: Section | None) -> str:
    if section is not None:
        return page.document.source(section.body, section.end)
    for slot in _FIRST:
        found = next((each for each in page.sections if each.slot == slot), None)
        text = page.document.source(found.body, found.end).strip() if found is not None else ""
        if text:
            return text
    return ""


def _plain(text: str) -> Iterator[str]:
    """The lines of a piece of Markdown without its marks; code as commands."""
    is_code = False
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith(("```", "~~~")):
            is_code = not is_code
        elif is_code and line:
            yield f"$ {line}"[:MOST_LETTERS]
        elif line and not line.startswith(("|", "<!--", "#", "---")) and not is_unfilled(line):
            plain = _MARKUP.sub("", _LINK.sub(r"\1", line)).lstrip("-*+> ").strip()
            if plain:
                yield plain[:MOST_LETTERS]

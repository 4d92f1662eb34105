"""The verb alert_place: the section of the book that an alert's name leads to, and why. Asks no alert sender."""

from __future__ import annotations

import re

from msgspec import Struct

from opsbook.book.kinds import is_alert_name
from opsbook.book.page import Page
from opsbook.book.page_index import PageIndex
from opsbook.book.runbook import alert_names
from opsbook.usecases.library import Book, Library
from opsbook.usecases.ports import Unreadable

MOST_READ = 500  # runbooks


class AlertPlace(Struct, frozen=True):
    """Where to go for an alert: `anchor` is empty for the page as a whole; `why` is a sentence."""

    path: str
    anchor: str
    why: str


def alert_place(library: Library, name: str) -> AlertPlace | None:
    """The section about the alert, letter case forgiven; None when no page speaks of it.

    In order: a heading that names it, the page that a table of alerts sends to, the page that is about it, the line
    that lists it.
    """
    book = library.snapshot()
    wanted = name.strip().lower()
    if not wanted:
        return None
    return (
        _by_heading(library, book, wanted, is_within=is_alert_name(name.strip()))
        or _by_pointer(book, wanted)
        or _by_page(book, wanted)
        or _by_list(book, wanted)
        or _by_runbook(library, book, wanted)
    )


def _by_heading(library: Library, book: Book, wanted: str, *, is_within: bool) -> AlertPlace | None:
    """A heading that is the name, or has it among other words; a word of the language would be in many."""
    name = re.escape(wanted)
    word = re.compile(rf"(?<![\w-]){name}(?![\w-])" if is_within else rf"^[`* ]*{name}[`* ]*$", re.I)
    found: list[tuple[int, str]] = []
    for path, facts in book.facts.items():
        if facts.kind == "template":
            continue
        for heading in facts.outline.headings:
            if word.search(heading):
                exact = heading.strip("`* ").lower() == wanted
                found.append(((0 if exact else 2) + (facts.kind != "alert-runbook"), path))
                break
    for _, path in sorted(found):
        anchor = _anchor(library.page(path), word, wanted)
        if anchor is not None:
            return AlertPlace(path, anchor, "Its heading names the alert.")
    return None


def _anchor(page: Page, word: re.Pattern[str], wanted: str) -> str | None:
    sections = [section for section in page.sections if word.search(section.title)]
    sections.sort(key=lambda section: (section.title.strip("`* ").lower() != wanted, section.start))
    if not sections:
        return None
    return "" if sections[0].level == 1 else sections[0].anchor


def _by_pointer(book: Book, wanted: str) -> AlertPlace | None:
    for _path, facts in sorted(book.facts.items()):
        for alert in facts.monitoring.alerts if facts.monitoring else ():
            if alert.name.lower() == wanted and alert.runbook.path in book.files:
                why = f"{facts.path}:{alert.line} sends the alert there."
                return AlertPlace(alert.runbook.path, alert.runbook.anchor, why)
    return None


def _by_page(book: Book, wanted: str) -> AlertPlace | None:
    path = PageIndex([facts.outline for facts in book.facts.values() if facts.kind != "template"]).naming(wanted)
    facts = book.facts.get(path) if path else None
    if facts is None or facts.kind == "runbook":  # a runbook lists alerts, and is not about any one of them
        return None
    return AlertPlace(facts.path, "", "The page is about the alert.")


def _by_list(book: Book, wanted: str) -> AlertPlace | None:
    for _path, facts in sorted(book.facts.items(), key=lambda pair: (pair[1].kind != "runbook", pair[0])):
        for alert in facts.monitoring.alerts if facts.monitoring else ():
            if alert.name.lower() == wanted:
                return AlertPlace(facts.path, alert.anchor, "The page lists the alert here.")
    return None


def _by_runbook(library: Library, book: Book, wanted: str) -> AlertPlace | None:
    """The runbook whose text names the alert in a list of its own; pages are read for it, so this comes last."""
    for path in list(book.services.values())[:MOST_READ]:
        raw = library.read(path)
        if isinstance(raw, Unreadable) or wanted.encode() not in raw.lower():
            continue
        page = library.page(path)
        for name in alert_names(page):
            if name.lower() == wanted:
                section = page.section_at(named_at(page, name))
                anchor = section.anchor if section and section.level > 1 else ""
                return AlertPlace(path, anchor, "The runbook lists it.")
    return None


def named_at(page: Page, name: str) -> int:
    """The byte at which a page names an alert first, outside of headings where it can."""
    content, found = page.document.content, 0
    for match in re.finditer(rb"(?<![\w-])" + re.escape(name.encode()) + rb"(?![\w-])", content):
        section = page.section_at(match.start())
        if section is None or match.start() >= section.body:
            return match.start()
        found = found or match.start()
    return found

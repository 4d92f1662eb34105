"""The verb alert_place: the section of the book that an alert's name leads to, and why. Asks no alert sender."""

from __future__ import annotations

import re
from functools import cached_property

from msgspec import Struct

from opsbook.book.kinds import is_alert_name, is_drill_path
from opsbook.book.page import Page
from opsbook.book.page_index import PageIndex
from opsbook.book.runbook import alert_names, issues
from opsbook.usecases.library import Book, Library
from opsbook.usecases.ports import Unreadable

MOST_READ = 500  # runbooks
_WORDS = re.compile(r"[\w-]+")
_LISTS = frozenset({"alerts", "metrics", "dashboards"})  # pages that tell when an alert fires
_WITH_STEPS = frozenset({"alert-runbook", "runbook", "procedure"})


class AlertPlace(Struct, frozen=True):
    """Where to go for an alert: `anchor` is empty for the page as a whole; `why` is a sentence."""

    path: str
    anchor: str
    why: str


def alert_place(library: Library, name: str) -> AlertPlace | None:
    """The section about the alert, letter case forgiven; None when no page speaks of it."""
    return AlertPlaces(library, library.snapshot()).of(name)


class AlertPlaces:
    """Where the alerts of one state of the book lead to; what is looked up for every name is worked out once."""

    def __init__(self, library: Library, book: Book) -> None:
        self._library = library
        self._book = book

    def of(self, name: str) -> AlertPlace | None:
        """The section about the alert. In order: a heading that names it, the page that a table of alerts sends to,
        the page that is about it, the runbook that lists it or names it, and last the page of monitoring that only
        tells when it fires."""
        wanted = name.strip().lower()
        if not wanted:
            return None
        headed, listed = self._by_heading(wanted, is_within=is_alert_name(name.strip())), self._lists.get(wanted)
        return (
            (headed if headed is not None and not self.is_list(headed.path) else None)
            or self._pointers.get(wanted)
            or self._by_page(wanted)
            or (listed if listed is not None and not self.is_list(listed.path) else None)
            or self._by_runbook(wanted, is_alert=is_alert_name(name.strip()))
            or headed
            or listed
        )

    def is_list(self, path: str) -> bool:
        """Whether a page tells when alerts fire rather than what to do then."""
        facts = self._book.facts.get(path)
        return facts is not None and facts.kind in _LISTS

    def on(self, path: str, name: str) -> AlertPlace | None:
        """The section of one page about the alert: a heading, a line of its table of alerts, or a list."""
        wanted, facts = name.strip().lower(), self._book.facts.get(path)
        if not wanted or facts is None:
            return None
        headed = self._by_heading(wanted, is_within=is_alert_name(name.strip()), only=path)
        if headed is not None:
            return headed
        for alert in facts.monitoring.alerts if facts.monitoring else ():
            if alert.name.lower() == wanted:
                return AlertPlace(path, alert.anchor, "The page lists the alert here.")
        return self._listed_on(path, wanted)

    def _by_heading(self, wanted: str, *, is_within: bool, only: str | None = None) -> AlertPlace | None:
        """A heading that is the name, or has it among other words; a word of the language would be in many."""
        name = re.escape(wanted)
        word = re.compile(rf"(?<![\w-]){name}(?![\w-])" if is_within else rf"^[`* ]*{name}[`* ]*$", re.I)
        first = next(iter(_WORDS.findall(wanted)), "")  # whatever heading has the name has its first word
        found: dict[str, int] = {}
        for path, heading in self._headings.get(first, ()) if first else ():
            if path not in found and only in (None, path) and word.search(heading):
                exact = heading.strip("`* ").lower() == wanted
                kind = self._book.facts[path].kind
                is_last = kind in _LISTS or not (exact or kind in _WITH_STEPS)
                found[path] = 4 * is_last + 2 * (not exact) + (kind != "alert-runbook")
        for _, path in sorted((rank, path) for path, rank in found.items()):
            anchor = _anchor(self._library.page(path), word, wanted)
            if anchor is not None:
                return AlertPlace(path, anchor, "Its heading names the alert.")
        return None

    @cached_property
    def _headings(self) -> dict[str, list[tuple[str, str]]]:
        """The headings of all pages but templates, with their paths, by each word in them."""
        found: dict[str, list[tuple[str, str]]] = {}
        for path, facts in self._book.facts.items():
            is_about = facts.kind != "template" and not is_drill_path(path)
            for heading in facts.outline.headings if is_about else ():
                for word in set(_WORDS.findall(heading.lower())):
                    found.setdefault(word, []).append((path, heading))
        return found

    @cached_property
    def _pointers(self) -> dict[str, AlertPlace]:
        found: dict[str, AlertPlace] = {}
        for _path, facts in sorted(self._book.facts.items()):
            for alert in facts.monitoring.alerts if facts.monitoring else ():
                if alert.runbook.path in self._book.files:
                    why = f"{facts.path}:{alert.line} sends the alert there."
                    place = AlertPlace(alert.runbook.path, alert.runbook.anchor, why)
                    found.setdefault(alert.name.lower(), place)
        return found

    def _by_page(self, wanted: str) -> AlertPlace | None:
        path = self._index.naming(wanted)
        facts = self._book.facts.get(path) if path else None
        if facts is None or facts.kind in ("runbook", *_LISTS):  # they list alerts, and are not about any one
            return None
        return AlertPlace(facts.path, "", "The page is about the alert.")

    @cached_property
    def _index(self) -> PageIndex:
        return PageIndex([facts.outline for facts in self._book.facts.values() if facts.kind != "template"])

    @cached_property
    def _lists(self) -> dict[str, AlertPlace]:
        found: dict[str, AlertPlace] = {}
        for _path, facts in sorted(self._book.facts.items(), key=lambda pair: (pair[1].kind != "runbook", pair[0])):
            for alert in facts.monitoring.alerts if facts.monitoring else ():
                place = AlertPlace(facts.path, alert.anchor, "The page lists the alert here.")
                found.setdefault(alert.name.lower(), place)
        return found

    def _by_runbook(self, wanted: str, *, is_alert: bool) -> AlertPlace | None:
        """The runbook whose text names the alert in the symptoms of an entry or in a list of its own; pages are read
        for it, so this comes late."""
        word = re.compile(rf"(?<![\w-]){re.escape(wanted)}(?![\w-])", re.I)
        naming = [path for path, text in self._texts.items() if wanted.encode() in text]
        for path in naming if is_alert else ():
            for issue in issues(self._library.page(path)):
                if issue.symptoms and word.search(issue.symptoms):
                    return AlertPlace(path, issue.anchor, "The symptoms of this entry name the alert.")
        return next((place for path in naming if (place := self._listed_on(path, wanted)) is not None), None)

    def _listed_on(self, path: str, wanted: str) -> AlertPlace | None:
        page = self._library.page(path)
        for name in alert_names(page):
            if name.lower() == wanted:
                section = page.section_at(named_at(page, name))
                anchor = section.anchor if section and section.level > 1 else ""
                return AlertPlace(path, anchor, "The runbook lists it.")
        return None

    @cached_property
    def _texts(self) -> dict[str, bytes]:
        """The runbooks' bytes in small letters."""
        read = {path: self._library.read(path) for path in list(self._book.services.values())[:MOST_READ]}
        return {path: raw.lower() for path, raw in read.items() if not isinstance(raw, Unreadable)}


def _anchor(page: Page, word: re.Pattern[str], wanted: str) -> str | None:
    sections = [section for section in page.sections if word.search(section.title)]
    sections.sort(key=lambda section: (section.title.strip("`* ").lower() != wanted, section.start))
    if not sections:
        return None
    return "" if sections[0].level == 1 else sections[0].anchor


def named_at(page: Page, name: str) -> int:
    """The byte at which a page names an alert first, outside of headings where it can."""
    content, found = page.document.content, 0
    for match in re.finditer(rb"(?<![\w-])" + re.escape(name.encode()) + rb"(?![\w-])", content):
        section = page.section_at(match.start())
        if section is None or match.start() >= section.body:
            return match.start()
        found = found or match.start()
    return found

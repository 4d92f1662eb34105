"""Reads everything that can be read from a page, as the verbs do, and gives back what came of it. Judges nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from opsbook.book import runbook
from opsbook.book.contact_notes import ContactNote, contact_notes
from opsbook.book.freshness import review_of
from opsbook.book.health_checks import health_checks
from opsbook.book.incident_policy import Policy, read_policy
from opsbook.book.incidents import Report, read_report
from opsbook.book.lint import Around, LintSettings, in_reading_order, lint_book, lint_page
from opsbook.book.monitoring import Monitoring, read_monitoring
from opsbook.book.outline import outline_of
from opsbook.book.page import Page, Reading, default_reading, read_page
from opsbook.book.probe import probes_of
from opsbook.book.procedure import procedures_of
from opsbook.book.search_sections import search_sections
from opsbook.entrypoints.shown.page import as_text
from opsbook.ground.errors import Finding
from opsbook.ground.splices import apply
from opsbook.usecases.chosen_rules import ChosenRules
from opsbook.usecases.coverage import service_coverage, slot_places
from opsbook.usecases.ports import PageFile, Unreadable
from opsbook.usecases.show import Shown, page_model

TODAY = date(2026, 11, 23)


class Shelf:
    """A book in memory: a BookSource over a dict of pages."""

    book = ""
    is_repository = True
    depth = 0

    def __init__(self, pages: dict[str, bytes], reading: Reading | None = None) -> None:
        self.contents = pages
        self.reading = reading or default_reading()

    def pages(self) -> list[PageFile]:
        return [PageFile(path, len(raw), 0) for path, raw in sorted(self.contents.items())]

    def read(self, path: str) -> bytes | Unreadable:
        return self.contents.get(path, Unreadable(path, "it is not there"))

    def exists(self, path: str) -> bool:
        return any(known == path or known.startswith(path.rstrip("/") + "/") for known in self.contents)

    def owner_of(self, path: str) -> str | None:
        return None

    def changed_on(self, path: str) -> str | None:
        return None


def around_of(shelf: Shelf, **settings: Any) -> Around:
    """The surroundings of the pages of a shelf, on the day of the tests."""
    return Around(TODAY, LintSettings(**settings), pages=frozenset(shelf.contents), exists=shelf.exists)


def page_of(text: str | bytes, path: str = "runbooks/a.md", reading: Reading | None = None) -> Page:
    """A page of this text."""
    return read_page(path, text.encode() if isinstance(text, str) else text, reading)


def _kept(value: Any, form: Any) -> None:
    """What is kept beside the ledger between starts comes back as it was."""
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=form) == value


def read_whole(path: str, raw: bytes) -> list[Finding]:
    """Everything that the verbs lint, show, coverage and search read from a page; returns the findings."""
    shelf = Shelf({path: raw, "README.md": b"# Book\n"})
    around = around_of(shelf)
    page = read_page(path, raw)
    _properties(page)
    rules = ChosenRules((), (), ())
    outline = outline_of(page, around)
    msgspec.msgpack.encode(outline)
    of_page = lint_page(page, rules.of_page(page), around)
    findings = in_reading_order([*of_page, *lint_book(rules.of_book([outline]), [outline], around)])
    model = page_model(page, shelf, around)
    msgspec.json.decode(msgspec.json.encode(model))
    list(as_text(Shown(page, model, 0, len(raw))))
    list(search_sections(page))
    service_coverage(page, LintSettings())
    slot_places(page, LintSettings())
    _kept(contact_notes(page), tuple[ContactNote, ...])
    _kept(read_monitoring(page, around), Monitoring | None)
    _kept(read_report(page), Report | None)
    _kept(read_policy(page), Policy | None)
    apply(raw, [edit for finding in findings for edit in finding.edits])
    return findings


def _properties(page: Page) -> None:
    assert page.title is not None and page.kind and page.profile
    for name in ("fields", "metadata", "sections", "anchors", "slots", "service", "owner", "last_updated", "alert_names"):
        getattr(page, name)
    assert len(page.sections) == len(page.document.headings)
    for section in page.sections:
        assert 0 <= section.start <= section.body <= section.end <= section.stop <= len(page.document.content)
        assert page.section_at(section.start) is not None
    for field in page.fields:
        field.value(page.document)
    for procedure in procedures_of(page):
        for step in procedure.all_steps():
            assert step.runnable == (step.why_not is None)
    health_checks(page), runbook.issues(page), runbook.alert_names(page), runbook.contacts(page)
    review_of(page, 180)
    for probe in probes_of(page):
        assert probe.every_s >= 1 and probe.timeout_s > 0 and probe.failures >= 1 and probe.successes >= 1
        assert 0 <= probe.start <= probe.end <= len(page.document.content)

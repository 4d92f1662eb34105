"""A snapshot of a book in memory, with the facts of every page, as a library would have it."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.book.whole_reading import TODAY, Shelf

from opsbook.book.contact_notes import contact_notes
from opsbook.book.incident_policy import read_policy
from opsbook.book.incidents import read_report
from opsbook.book.lint import Around, LintSettings, lint_book, lint_page
from opsbook.book.monitoring import read_monitoring
from opsbook.book.outline import outline_of
from opsbook.book.page import Page, read_page
from opsbook.book.procedure import procedures_of
from opsbook.ground.slugs import github_slug
from opsbook.usecases.chosen_rules import ChosenRules
from opsbook.usecases.coverage import service_coverage, slot_places
from opsbook.usecases.library import Book, PageFacts, ProcedureBrief

AT = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)


def snapshot(pages: dict[str, str | bytes]) -> Book:
    """The whole snapshot of these pages."""
    shelf = Shelf({path: text.encode() if isinstance(text, str) else text for path, text in pages.items()})
    around = Around(TODAY, LintSettings(), pages=frozenset(shelf.contents), exists=shelf.exists)
    rules = ChosenRules((), (), ())
    facts = {path: _facts(read_page(path, raw), around, rules) for path, raw in shelf.contents.items()}
    outlines = [each.outline for _, each in sorted(facts.items())]
    findings = [finding for each in facts.values() for finding in each.findings]
    findings.extend(lint_book(rules.of_book(outlines), outlines, around))
    services = {github_slug(f.service or f.title): f.path for f in facts.values() if f.kind == "runbook"}
    files = {file.path: file for file in shelf.pages()}
    return Book(1, "c0ffee", files, facts, tuple(findings), services, is_whole=True)


def _facts(page: Page, around: Around, rules: ChosenRules) -> PageFacts:
    is_runbook = page.kind == "runbook"
    return PageFacts(
        page.path,
        "digest",
        page.kind,
        page.title,
        page.service,
        page.owner.value if page.owner else None,
        page.last_updated[0] if page.last_updated else None,
        outline_of(page, around),
        tuple(lint_page(page, rules.of_page(page), around)),
        service_coverage(page, around.settings) if is_runbook else None,
        (),
        tuple(_brief(page, each) for each in procedures_of(page)),
        slot_places(page, around.settings),
        contact_notes(page),
        read_monitoring(page, around),
        read_report(page),
        read_policy(page),
    )


def _brief(page: Page, found) -> ProcedureBrief:
    steps = found.steps
    why_not = next((step.why_not for step in steps if step.why_not), None)
    return ProcedureBrief(
        found.anchor, found.title, page.document.line(found.start), len(steps), sum(step.runnable for step in steps),
        bool(found.verification), bool(found.rollback), why_not, None,
    )  # fmt: skip

"""How far a book was practised: the share of its pages with procedures, the operations of each service. Decides from
outlines and from the days that the ledger tells; reads neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from msgspec import Struct

from opsbook.book.lint import Outline
from opsbook.book.operation_words import TITLES
from opsbook.book.service_operations import ServiceOperation, practised_on, runbooks_of, service_operations

KINDS = frozenset({"runbook", "procedure"})


class PagePractice(Struct, frozen=True, gc=False):
    """A page that holds procedures, and the last day on which one of them is known to have been practised."""

    path: str
    title: str
    procedures: int
    practised: date | None
    is_recent: bool


class ServicePractice(Struct, frozen=True):
    """A service and its operations, in the order in which they are shown."""

    service: str
    path: str
    operations: tuple[ServiceOperation, ...]


class PracticeReport(Struct, frozen=True):
    """`share` is the part of the pages that was practised within `days`, None where no page holds a procedure; `last`
    the last day that is known at all. `knows_runs` is False where no ledger was there to be asked."""

    share: float | None = None
    practised: int = 0
    of: int = 0
    days: int = 90
    last: date | None = None
    pages: tuple[PagePractice, ...] = ()
    services: tuple[ServicePractice, ...] = ()
    knows_runs: bool = True


def practice_report(
    outlines: Iterable[Outline], practised: Mapping[str, date], today: date, days: int, *, knows_runs: bool = True
) -> PracticeReport:
    """The pages longest ago first; the services by name."""
    by_path = {outline.path: outline for outline in outlines}
    pages = []
    for path, outline in by_path.items():
        if outline.kind not in KINDS or not outline.procedures:
            continue
        known = [day for each in outline.procedures if (day := practised_on(by_path, practised, path, each))]
        last = max(known, default=None)
        is_recent = last is not None and last >= today - timedelta(days=days)
        pages.append(PagePractice(path, outline.title, len(outline.procedures), last, is_recent))
    pages.sort(key=lambda page: (page.practised or date.min, page.path))
    recent = sum(1 for page in pages if page.is_recent)
    services = [
        ServicePractice(each.service or each.title, each.path, service_operations(each, by_path, practised))
        for each in runbooks_of(by_path)
    ]
    services.sort(key=lambda service: (service.service.lower(), service.path))
    return PracticeReport(
        round(recent / len(pages), 3) if pages else None, recent, len(pages), days,
        max((page.practised for page in pages if page.practised), default=None), tuple(pages), tuple(services),
        knows_runs,
    )  # fmt: skip


def practice_model(report: PracticeReport) -> dict[str, Any]:
    """The report as the key `practice` of `coverage`."""
    return {
        "share": report.share, "practised": report.practised, "of": report.of, "days": report.days,
        "last": report.last.isoformat() if report.last else None, "knows_runs": report.knows_runs,
        "pages": [
            {"path": page.path, "title": page.title, "procedures": page.procedures, "is_recent": page.is_recent,
             "practised": page.practised.isoformat() if page.practised else None}
            for page in report.pages
        ],
        "services": [
            {"service": each.service, "runbook": each.path, "operations": [_operation(one) for one in each.operations]}
            for each in report.services
        ],
    }  # fmt: skip


def _operation(each: ServiceOperation) -> dict[str, Any]:
    return {
        "operation": each.operation, "state": each.state, "path": each.path or None, "anchor": each.anchor or None,
        "title": each.title or None, "is_verified": each.is_verified, "is_shared": each.is_shared,
        "practised": each.practised.isoformat() if each.practised else None,
    }  # fmt: skip


def practice_line(report: PracticeReport) -> str:
    """The report in one sentence, which leads what is told of coverage."""
    if report.share is None:
        return "No page holds a procedure yet."
    last = f"; last practised {report.last.isoformat()}" if report.last else ""
    runs = "" if report.knows_runs else " No ledger is here: only days written on pages are known."
    pages = "page with procedures was" if report.of == 1 else "pages with procedures were"
    return (
        f"{report.share:.0%} practised: {report.practised} of {report.of} {pages} practised within"
        f" {report.days} days{last}.{runs}"
    )


def operations_line(each: ServicePractice) -> str:
    """Which operations of a service are missing, unverified or never practised; empty where all is well."""
    found = []
    groups = (
        ("no procedure for", [one for one in each.operations if one.state == "missing"]),
        ("not verified", [one for one in each.operations if one.state == "there" and not one.is_verified]),
        ("never practised", [one for one in each.operations if one.state == "there" and one.practised is None]),
    )
    for words, those in groups:
        if those:
            found.append(f"{words}: {', '.join(TITLES[one.operation].lower() for one in those)}")
    return "; ".join(found)

"""The verb procedures: what the book says how to do, by page, and what is missing of each service. Runs nothing."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from opsbook.usecases.library import Book, PageFacts, ProcedureBrief

# What a service must be able to do, and the words of a procedure's title or anchor by which it is known.
OPERATIONS: dict[str, tuple[str, ...]] = {
    "deploy": ("deploy", "deployment", "staging", "production", "release", "rollout", "roll out", "upgrade", "install"),
    "rollback": ("rollback", "roll back", "revert", "back out", "backout", "undo"),
    "scale": ("scale", "scaling", "resize", "capacity"),
    "restart": ("restart", "reboot", "bounce", "recycle"),
    "backup": ("backup", "back up", "snapshot", "dump"),
    "restore": ("restore", "restoring", "recover", "recovery"),
}


class PageProcedures(Struct, frozen=True):
    """A page with its procedures; `service` is None for a page that is no service's own. `lacks` are the operations
    that a service's runbook says nothing of."""

    path: str
    title: str
    kind: str
    service: str | None
    procedures: tuple[ProcedureBrief, ...]
    lacks: tuple[str, ...] = ()


class ProceduresReport(Struct, frozen=True):
    """All procedures by page: services in the order of their names, then shared pages in the order of their paths."""

    services: tuple[PageProcedures, ...] = ()
    shared: tuple[PageProcedures, ...] = ()


def procedures(book: Book) -> ProceduresReport:
    """The procedures of a snapshot."""
    services, shared = [], []
    for path, facts in sorted(book.facts.items()):
        if facts.kind == "runbook":
            service = facts.service or facts.title
            services.append(PageProcedures(path, facts.title, facts.kind, service, facts.procedures, _lacks(facts)))
        elif facts.procedures and facts.kind != "template":
            shared.append(PageProcedures(path, facts.title, facts.kind, None, facts.procedures))
    services.sort(key=lambda page: ((page.service or "").lower(), page.path))
    shared.sort(key=lambda page: (page.kind != "procedure", page.path))
    return ProceduresReport(tuple(services), tuple(shared))


def _lacks(facts: PageFacts) -> tuple[str, ...]:
    written = [procedure for procedure in facts.procedures if procedure.unfilled < max(procedure.steps, 1)]
    has = {operation for procedure in written for operation in _operations(procedure)}
    return tuple(operation for operation in OPERATIONS if operation not in has)


def _operations(procedure: ProcedureBrief) -> set[str]:
    """The operations that a procedure is, by the words of its title and anchor; a deployment that says how to go back
    is a rollback too."""
    words = re.sub(r"[^a-z0-9]+", " ", f"{procedure.title} {procedure.anchor}".lower())
    found = {name for name, marks in OPERATIONS.items() if any(re.search(rf"\b{mark}", words) for mark in marks)}
    if "deploy" in found and procedure.has_rollback:
        found.add("rollback")
    return found


def procedures_model(report: ProceduresReport) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "services": [_page_model(page) for page in report.services],
        "shared": [_page_model(page) for page in report.shared],
    }


def _page_model(page: PageProcedures) -> dict[str, Any]:
    return {
        "path": page.path, "title": page.title, "kind": page.kind, "service": page.service, "lacks": list(page.lacks),
        "procedures": [
            {"anchor": p.anchor, "title": p.title, "line": p.line, "steps": p.steps, "runnable": p.runnable,
             "runnable_share": round(p.runnable / p.steps, 3) if p.steps else 0.0, "why_not": p.why_not,
             "by_hand": p.by_hand, "unfilled": p.unfilled, "has_verification": p.has_verification,
             "has_rollback": p.has_rollback, "practised": p.practised}
            for p in page.procedures
        ],
    }  # fmt: skip

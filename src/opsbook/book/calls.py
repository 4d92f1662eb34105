"""Procedures that run other procedures: which links are calls, and what a call leads to. Follows none of them."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Outline, Reference
from opsbook.book.page import Page
from opsbook.book.procedure import Procedure, procedures_of

# A procedure by page and anchor; the rollback of one, which is run alone, is its anchor with this behind it.
Node = tuple[str, str]
ROLLBACK = "/rollback"


def callers(page: Page) -> list[tuple[int, int, str]]:
    """The byte ranges of the steps that are nothing but a link, each with the procedure (or rollback) it belongs to."""
    return sorted(_callers(procedures_of(page)))


def _callers(procedures: tuple[Procedure, ...]) -> Iterator[tuple[int, int, str]]:
    for procedure in procedures:
        for phase, caller in (
            (procedure.steps, procedure.anchor),
            (procedure.verification, procedure.anchor),
            (procedure.rollback, procedure.anchor + ROLLBACK),
        ):
            yield from ((step.start, step.end, caller) for step in phase if step.kind == "sub-run")


def called(target: Outline, anchor: str) -> Node | None:
    """The procedure of a page that an anchor names; without an anchor the only one there is; else None."""
    if anchor.removesuffix(ROLLBACK) in target.procedures:
        return target.path, anchor
    if not anchor and len(target.procedures) == 1:
        return target.path, target.procedures[0]
    return None


def is_for_running(reference: Reference, target: Outline) -> bool:
    """Whether a step that is a link asks for a run, and not for a look at a page.

    A rollback does, and so does a link to a heading of a page of procedures; `1. [Read this](design.md)` does not.
    """
    if reference.caller.endswith(ROLLBACK):
        return True
    is_elsewhere = reference.path != reference.span.path  # on its own page a step may be told at length further down
    return is_elsewhere and target.kind in ("procedure", "runbook") and bool(reference.anchor)

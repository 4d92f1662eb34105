"""`invalid-drill`: a drill that is planned in words that cannot be read, or of what is no procedure. Nobody is reminded
of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.drill_plan import PlannedDrill
from opsbook.book.drills_due import procedure_of
from opsbook.book.links import has_anchor
from opsbook.book.lint import Around, Outline, book_rule
from opsbook.ground.errors import Finding, Span


@book_rule("invalid-drill", "warning")
def check(outlines: Sequence[Outline], _around: Around) -> Iterator[Finding]:
    by_path = {outline.path: outline for outline in outlines}
    for outline in outlines:
        for plan in outline.drills:
            if plan.fault:
                yield _finding(plan, plan.fault, plan.fix)
            elif plan.path in by_path and procedure_of(plan, by_path) is None:
                yield from _no_procedure(plan, by_path[plan.path])


def _no_procedure(plan: PlannedDrill, target: Outline) -> Iterator[Finding]:
    if plan.anchor and not has_anchor(target.anchors, plan.anchor):
        return  # which `broken-anchor` tells
    where = f"{plan.path}#{plan.anchor}" if plan.anchor else plan.path
    anchors = ", ".join(f"#{each}" for each in target.procedures[:5])
    if not target.procedures:
        yield _finding(plan, f"'{where}' is no procedure: there are no steps.", "Write the steps there.")
    elif plan.anchor:
        yield _finding(plan, f"'{where}' is no procedure.", f"Name one of {anchors}.")
    else:
        yield _finding(plan, f"'{where}' holds {len(target.procedures)} procedures.", f"Say which: {anchors}.")


def _finding(plan: PlannedDrill, message: str, fix: str) -> Finding:
    return Finding("invalid-drill", "warning", Span(plan.of, plan.line, 1), message, fix or None)

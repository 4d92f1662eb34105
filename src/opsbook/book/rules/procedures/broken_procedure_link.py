"""`broken-procedure-link`: a rollback or a sub-run that leads to no procedure. Nothing would be run when it counts.

A link that leads nowhere at all is told by `broken-link` and `broken-anchor`; this rule is about the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsbook.book.calls import called, is_for_running
from opsbook.book.links import has_anchor
from opsbook.book.lint import Around, Outline, Reference, book_rule
from opsbook.ground.errors import Finding


@book_rule("broken-procedure-link", "error")
def check(outlines: Sequence[Outline], _around: Around) -> Iterator[Finding]:
    by_path = {outline.path: outline for outline in outlines}
    for outline in outlines:
        for reference in outline.references:
            if not reference.is_call or reference.path not in by_path:
                continue
            target = by_path[reference.path]
            if called(target, reference.anchor) or not has_anchor(target.anchors, reference.anchor):
                continue
            if is_for_running(reference, target):
                yield _finding(reference, target)


def _finding(reference: Reference, target: Outline) -> Finding:
    where = f"'{reference.path}#{reference.anchor}'" if reference.anchor else f"'{reference.path}'"
    if target.procedures and not reference.anchor:
        message = f"The page {where} holds {len(target.procedures)} procedures, and the link does not say which."
        fix = f"Add an anchor, such as '#{target.procedures[0]}'."
    else:
        message = f"{where} is no procedure: there are no steps."
        fix = (
            f"Link to '#{target.procedures[0]}'." if target.procedures else "Write the steps there, or say it in words."
        )
    return Finding("broken-procedure-link", "error", reference.span, message, fix, reference.href)

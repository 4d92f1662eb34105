"""`undo-steps-without-undo`: a rollback that undoes the steps of a procedure in which no step says how."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of
from opsbook.book.procedure import Procedure
from opsbook.ground.errors import Finding


@page_rule("undo-steps-without-undo", "error")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    for procedure, _, found in parts_of(page).fields:
        if found.label == "Undo steps" and not _has_undo(procedure):
            yield page.finding(
                "undo-steps-without-undo",
                "error",
                (found.field.start, found.field.end),
                f"This undoes the steps of '{procedure.title}', and none of them has an **Undo:**.",
                fix="Add **Undo:** to the steps that can be undone, or say in words how to roll back.",
            )


def _has_undo(procedure: Procedure) -> bool:
    return any(field.label == "Undo" for step in procedure.steps for field in step.fields)

"""`no-rollback`: a deployment to where it counts that does not say how to go back."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.changes import does_something, has_phase, is_deployment, is_for_trying
from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import first_line, parts_of
from opsbook.ground.errors import Finding


@page_rule("no-rollback", "warning", "runbook", "procedure")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    for procedure in parts_of(page).procedures:
        if procedure.rollback or is_for_trying(procedure) or not is_deployment(page, procedure):
            continue
        if does_something(procedure) and not has_phase(page, procedure, "rollback"):
            yield page.finding(
                "no-rollback",
                "warning",
                first_line(page, procedure.start, procedure.end),
                f"The deployment '{procedure.title}' has no rollback.",
                fix="Add **Rollback Process:** with the steps that bring back what was there before.",
            )

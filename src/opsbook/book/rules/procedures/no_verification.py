"""`no-verification`: a deployment or a procedure that changes something and never looks whether it worked."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.changes import changes_something, ends_with_a_look, has_phase, is_deployment
from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import first_line, parts_of
from opsbook.ground.errors import Finding


@page_rule("no-verification", "warning", "runbook", "procedure")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    for procedure in parts_of(page).procedures:
        if procedure.verification or not (page.kind == "procedure" or is_deployment(page, procedure)):
            continue
        if not changes_something(procedure) or ends_with_a_look(procedure):
            continue
        if not has_phase(page, procedure, "verification"):
            yield page.finding(
                "no-verification",
                "warning",
                first_line(page, procedure.start, procedure.end),
                f"The procedure '{procedure.title}' has no verification.",
                fix="Add **Verification:** with a check that succeeds only when it has worked.",
            )

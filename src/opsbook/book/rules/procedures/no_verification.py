"""`no-verification`: a deployment or a procedure that changes something and never looks whether it worked."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.changes import (
    changes_something,
    does_something,
    ends_with_a_look,
    has_phase,
    is_about_looking,
    is_deployment,
)
from opsbook.book.lint import Around, page_rule
from opsbook.book.operations_told import operations_told
from opsbook.book.page import Page
from opsbook.book.parts import first_line, parts_of
from opsbook.book.procedure import Procedure
from opsbook.ground.errors import Finding


@page_rule("no-verification", "warning", "runbook", "procedure")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    for procedure in _unverified(page):
        yield page.finding(
            "no-verification",
            "warning",
            first_line(page, procedure.start, procedure.end),
            f"The procedure '{procedure.title}' has no verification.",
            fix="Add **Verification:** with a check that succeeds only when it has worked.",
        )


def _unverified(page: Page) -> list[Procedure]:
    """The deployments, restarts, backups and their like without one; on a page of procedures, each without one where
    others have it, else the first.

    Many such pages are one procedure under many headings, and then one reminder is enough.
    """
    procedures = parts_of(page).procedures
    if page.kind != "procedure":
        told = operations_told(page)
        named = {each.anchor for each in told.told if each.how == "procedure" and each.is_filled} if told else set()
        return [
            each for each in procedures
            if (does_something(each) if is_deployment(page, each) else each.anchor in named and changes_something(each))
            and _lacks_one(page, each)
        ]  # fmt: skip
    own = any(each.field("Verification") for each in procedures)
    if not own and any(each.verification or ends_with_a_look(each) for each in procedures):
        return []
    lacking = [each for each in procedures if not is_about_looking(each) and changes_something(each)]
    lacking = [each for each in lacking if _lacks_one(page, each)]
    return lacking if own else lacking[:1]


def _lacks_one(page: Page, procedure: Procedure) -> bool:
    if procedure.verification or ends_with_a_look(procedure):
        return False
    return not has_phase(page, procedure, "verification")

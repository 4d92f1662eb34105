"""`unprobeable-address`: the address of a health check that nobody can ask. A service without health looks like a
healthy one."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.health_checks import may_have_checks
from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding


@page_rule("unprobeable-address", "warning")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    if not may_have_checks(page):
        return
    from opsbook.book.probe import misread_of  # within: few pages have a health check

    for wrong in misread_of(page):
        if wrong.about == "address":
            problem, place = wrong.problem, (wrong.start, wrong.end)
            yield page.finding("unprobeable-address", "warning", place, problem.message, fix=problem.fix)

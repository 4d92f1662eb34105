"""`unreadable-probe-setting`: a frequency, timeout or number of readings of a health check that cannot be read. What is
so by default is then taken for it."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.health_checks import may_have_checks
from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding


@page_rule("unreadable-probe-setting", "warning")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    if not may_have_checks(page):
        return
    from opsbook.book.probe import misread_of  # within: few pages have a health check

    for wrong in misread_of(page):
        if wrong.about == "setting":
            problem, place = wrong.problem, (wrong.start, wrong.end)
            yield page.finding("unreadable-probe-setting", "warning", place, problem.message, fix=problem.fix)

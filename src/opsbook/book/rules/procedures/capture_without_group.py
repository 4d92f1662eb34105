"""`capture-without-group`: a Capture whose regex has no group. It does not say which part of the output to keep."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of
from opsbook.ground.errors import Finding


@page_rule("capture-without-group", "error")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    if not parts_of(page).has_values:
        return
    from opsbook.book.field_values import misread  # within: most pages hold nothing for the grammar

    for wrong in misread(page):
        if wrong.problem.about == "group":
            place = (wrong.start, wrong.end)
            yield page.finding("capture-without-group", "error", place, wrong.problem.message, fix=wrong.problem.fix)

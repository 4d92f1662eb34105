"""`unreadable-criterion`: a cell of the severity matrix that nothing can be computed with. It rates no incident."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding


@page_rule("unreadable-criterion", "warning", "policy")
def check(page: Page, around: Around) -> Iterator[Finding]:
    from opsbook.book.impact_criteria import read_criteria  # few policy pages have a matrix

    for flaw in read_criteria(page)[1]:
        message = f"Nothing can be computed with '{flaw.text[:80]}' under {flaw.column}, so it rates no incident."
        yield page.finding("unreadable-criterion", "warning", (flaw.start, flaw.end), message, fix=flaw.fix)

"""`invalid-matcher`: a row of an inhibition table that cannot be followed. What it was to keep quiet wakes people."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding


@page_rule("invalid-matcher", "error", "policy")
def check(page: Page, around: Around) -> Iterator[Finding]:
    from opsbook.book.inhibition import read_inhibitions  # few policy pages have such a table

    for flaw in read_inhibitions(page)[1]:
        yield page.finding("invalid-matcher", "error", (flaw.start, flaw.end), flaw.message, fix=flaw.fix)

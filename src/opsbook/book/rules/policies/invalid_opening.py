"""`invalid-opening`: what is to open an incident by itself, and cannot be read or is contradicted.

What it was to open nobody declares.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding


@page_rule("invalid-opening", "error", "policy")
def check(page: Page, around: Around) -> Iterator[Finding]:
    from opsbook.book.incident_opening import read_openings  # few policy pages say it

    for slip in read_openings(page)[1]:
        yield page.finding("invalid-opening", "error", (slip.start, slip.end), slip.message, fix=slip.fix)

"""`no-owner`: a page that somebody must keep true names nobody. What belongs to all is mended by none."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.metadata import OWNER_KEYS
from opsbook.book.page import Page
from opsbook.ground.errors import Finding


@page_rule("no-owner", "warning", "runbook", "procedure", "policy")
def check(page: Page, around: Around) -> Iterator[Finding]:
    # An owner that is still a slot is the finding of `placeholder`: one mistake, one finding.
    if page.metadata.first(*OWNER_KEYS) is not None or around.owner_of(page.path) is not None:
        return
    yield page.finding(
        "no-owner",
        "warning",
        page.title_place,
        f"This {page.kind} names no owner.",
        fix="Add a line `**Owner:** Team or person` below the title, or an entry for the page in CODEOWNERS.",
    )

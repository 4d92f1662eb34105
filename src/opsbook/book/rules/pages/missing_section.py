"""`missing-section`: a section that a page of its kind needs is not there, and would be looked for in vain."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding

_KINDS = {"alert-runbook": "an alert runbook", "incident": "an incident report", "alerts": "a page of alerts"}


@page_rule("missing-section", "warning")
def check(page: Page, around: Around) -> Iterator[Finding]:
    wanted = around.settings.required.get(page.kind, page.profile.slots)
    if not wanted:
        return
    for slot in wanted:
        if slot in page.slots:
            continue
        heading = slot.replace("-", " ").title()
        yield page.finding(
            "missing-section",
            "warning",
            page.title_place,
            f"The section {heading} is missing, which {_KINDS.get(page.kind, f'a {page.kind}')} needs.",
            fix=f"Add a heading `## {heading}` and what the reader needs there.",
        )

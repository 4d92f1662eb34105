"""`placeholder`: an unfilled slot of a template. At three in the morning `[Contact]` cannot be called."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.slots import read_slots
from opsbook.ground.errors import Finding


@page_rule("placeholder", "warning")
def check(page: Page, around: Around) -> Iterator[Finding]:
    for slot in read_slots(page):
        if page.kind == "template":
            return
        yield page.finding(
            "placeholder",
            "warning",
            (slot.start, slot.end),
            f"The slot {slot.text} is not filled in.",
            fix="Write what it asks for, or delete it where it does not apply.",
        )

"""`action-overdue`: an action item whose day has passed and that is not ticked off. What it was to prevent can
happen."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding


@page_rule("action-overdue", "warning", "incident", "post-mortem")
def check(page: Page, around: Around) -> Iterator[Finding]:
    from opsbook.book.action_items import place_of, read_action_items  # only reports need it

    for item in read_action_items(page):
        if item.state == "open" and item.due and item.due < around.today.isoformat():
            owner = f" It is {item.owner}'s." if item.owner else ""
            yield page.finding(
                "action-overdue", "warning", place_of(page, item),
                f"'{item.text[:80]}' was due on {item.due} and is not done.{owner}",
                fix="Tick it off where it is done; else agree on another day.",
            )  # fmt: skip

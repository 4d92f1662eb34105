"""`action-without-due`: an action item that is open and due on no day. It waits for ever, and nobody is reminded of
it."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding


@page_rule("action-without-due", "info", "incident", "post-mortem")
def check(page: Page, around: Around) -> Iterator[Finding]:
    from opsbook.book.action_items import place_of, read_action_items  # only reports need it

    for item in read_action_items(page):
        if item.state == "open" and not item.due:
            yield page.finding(
                "action-without-due", "info", place_of(page, item), f"'{item.text[:80]}' is due on no day.",
                fix="Write by when behind it: `(@ada, due 2026-04-30)`.",
            )  # fmt: skip

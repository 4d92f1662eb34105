"""`action-without-owner`: an action item that is open and nobody's. What is everybody's is done by nobody."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding


@page_rule("action-without-owner", "info", "incident", "post-mortem")
def check(page: Page, around: Around) -> Iterator[Finding]:
    from opsbook.book.action_items import place_of, read_action_items  # only reports need it

    for item in read_action_items(page):
        if item.state == "open" and not item.owner:
            yield page.finding(
                "action-without-owner", "info", place_of(page, item), f"'{item.text[:80]}' is nobody's.",
                fix="Name whose it is behind it: `(@ada, due 2026-04-30)`.",
            )  # fmt: skip

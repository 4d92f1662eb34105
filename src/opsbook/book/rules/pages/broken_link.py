"""`broken-link`: a relative link whose target is missing. At three in the morning a dead link is a dead end."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.links import address_edit, guess_path, relative, targets
from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding


@page_rule("broken-link", "error")
def check(page: Page, around: Around) -> Iterator[Finding]:
    for link, target in targets(page, around):
        if target.verdict != "broken-link":
            continue
        near = guess_path(target.path, around)
        guess = relative(page.path, near) if near and near != page.path else None
        is_same_but_case = guess is not None and near is not None and near.lower() == target.path.lower()
        tail = link.href[len(link.href.partition("#")[0].partition("?")[0]) :]
        yield page.finding(
            "broken-link",
            "error",
            (link.start, link.end),
            f"The link '{link.href}' leads to '{target.path}', which does not exist.",
            fix=f"Did you mean '{guess}'?" if guess else "Mend the address, or remove the link.",
            target=link.href,
            edits=address_edit(page, link, f"{guess}{tail}") if is_same_but_case else (),
        )

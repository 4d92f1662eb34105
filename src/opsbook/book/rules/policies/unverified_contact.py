"""`unverified-contact`: somebody on a page of people has proven none of their contacts. They may not be reached."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding

_FIX = "Have them verify one: 'opsbook person verify', or the button beside it on their profile."


@page_rule("unverified-contact", "warning", "policy")
def check(page: Page, around: Around) -> Iterator[Finding]:
    verified = around.settings.verified
    if not any(verified.values()):
        return  # nobody verifies contacts here, or there is no ledger that tells
    from opsbook.book.roster.reading import read_roster  # few books have people; it takes milliseconds to import
    from opsbook.book.roster.values import plain_name

    for person in read_roster(page).people:
        names = [plain_name(name) for name in (person.handle, person.name) if name]
        if any(verified.get(name) for name in names):
            continue
        shown = person.name or f"@{person.handle}"
        message = f"{shown} has verified no contact, so nobody knows whether a page would reach them."
        yield page.finding("unverified-contact", "warning", person.place, message, fix=_FIX)

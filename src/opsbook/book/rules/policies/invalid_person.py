"""`invalid-person`: a row of a table of people says something that cannot be followed. They are reached otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding

_FIX = "Write it as docs/people-and-schedules.md shows, or leave the cell empty."


@page_rule("invalid-person", "error", "policy")
def check(page: Page, around: Around) -> Iterator[Finding]:
    from opsbook.book.roster.people import same_handles
    from opsbook.book.roster.reading import read_roster  # few books have people; it takes milliseconds to import

    people = read_roster(page).people
    for person in same_handles(people):
        who = person.name or "this row"
        message = f"The handle '@{person.handle}' is somebody else's too, so {who} may not be reached."
        fix = "Give each person a handle of their own."
        yield page.finding("invalid-person", "error", person.place, message, fix=fix)
    for person in people:
        for flaw in person.flaws:
            yield page.finding("invalid-person", "error", (flaw.start, flaw.end), flaw.message, fix=_FIX)

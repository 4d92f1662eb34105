"""`not-practised`: a procedure that nobody has practised for longer than agreed. Freshness is practice, not a date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from opsbook.book.lint import Around, page_rule
from opsbook.book.metadata import PRACTISED_KEYS
from opsbook.book.page import Page
from opsbook.book.parts import KINDS
from opsbook.ground.durations import read_date
from opsbook.ground.errors import Finding


@page_rule("not-practised", "warning", *sorted(KINDS))
def check(page: Page, around: Around) -> Iterator[Finding]:
    # Every form of the date has this word in it, whatever its letter case.
    if not page.document.front and b"ast" not in page.document.content:
        return
    datum = next((entry for entry in page.metadata.entries if entry.key in PRACTISED_KEYS and entry.value), None)
    day = read_date(datum.value) if datum else None
    if datum and day:
        due = day + timedelta(days=around.settings.practised_days)
        if around.today > due:
            yield page.finding(
                "not-practised",
                "warning",
                (datum.start, datum.end),
                f"It was last practised on {day.isoformat()}, more than {around.settings.practised_days} days ago.",
                fix="Practise it, mend what did not work, and write the day.",
            )
    elif (drill := _drill(page)) is not None:
        yield page.finding(
            "not-practised",
            "warning",
            drill,
            "A drill is asked for here, and the page does not say when it was last practised.",
            fix="Practise it, and write **Last Drilled:** with the day below the title.",
        )


def _drill(page: Page) -> tuple[int, int] | None:
    """The line of the front matter that asks for a drill."""
    ops = page.metadata.front.get("ops") if page.document.front else None
    if not isinstance(ops, Mapping) or not ops.get("drill"):
        return None
    document = page.document
    at = document.content.find(b"drill", document.front_start)
    end = document.content.find(b"\n", at)
    return at, end if end >= 0 else len(document.content)

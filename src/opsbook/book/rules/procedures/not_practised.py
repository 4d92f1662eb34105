"""`not-practised`: a procedure that nobody has practised for longer than agreed. Freshness is practice, not a date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from opsbook.book.lint import Around, page_rule
from opsbook.book.metadata import PRACTISED_KEYS
from opsbook.book.page import Page
from opsbook.book.parts import KINDS, first_line
from opsbook.book.procedure import Procedure, procedures_of
from opsbook.ground.durations import read_date
from opsbook.ground.errors import Finding


@page_rule("not-practised", "warning", *sorted(KINDS))
def check(page: Page, around: Around) -> Iterator[Finding]:
    runs = _runs(page, around) if around.settings.practised else {}
    # Every form of the date has this word in it, whatever its letter case.
    if not page.document.front and b"ast" not in page.document.content:
        yield from _long_ago(page, around, runs)
        return
    datum = next((entry for entry in page.metadata.entries if entry.key in PRACTISED_KEYS and entry.value), None)
    day = read_date(datum.value) if datum else None
    if datum and day:
        if _is_long_ago(day, around):
            yield from _of_page(page, around, (datum.start, datum.end), {None: day, **runs})
    elif runs:
        yield from _long_ago(page, around, runs)
    elif (drill := _drill(page)) is not None:
        yield page.finding(
            "not-practised",
            "warning",
            drill,
            "A drill is asked for here, and the page does not say when it was last practised.",
            fix="Practise it, and write **Last Drilled:** with the day below the title.",
        )


def _runs(page: Page, around: Around) -> dict[str | None, date]:
    """When each procedure was last done with success, as far as Opsbook has seen it, by its anchor."""
    found = ((each.anchor, around.settings.practised.get(f"{page.path}#{each.anchor}")) for each in procedures_of(page))
    return {anchor: day for anchor, day in found if day is not None}


def _is_long_ago(day: date, around: Around) -> bool:
    return around.today > day + timedelta(days=around.settings.practised_days)


def _of_page(
    page: Page, around: Around, place: tuple[int, int], days: Mapping[str | None, date]
) -> Iterator[Finding]:
    """What a day that is written for the whole page no longer holds for: the procedures that no run has practised
    since."""
    procedures = procedures_of(page)
    left = [each for each in procedures if _is_long_ago(days.get(each.anchor, date.min), around)]
    if procedures and not left:
        return
    is_all = len(left) == len(procedures)
    day = max(days[None], *(days.get(each.anchor, date.min) for each in left), date.min)
    yield page.finding(
        "not-practised",
        "warning",
        place,
        f"{'It' if is_all else _named(left)} was last practised on {day.isoformat()}, more than"
        f" {around.settings.practised_days} days ago.",
        fix="Practise it, mend what did not work, and write the day.",
    )


def _named(procedures: list[Procedure]) -> str:
    more = f", as {len(procedures) - 1} more," if len(procedures) > 1 else ""
    return f"'{procedures[0].title}'{more}"


def _long_ago(page: Page, around: Around, runs: Mapping[str | None, date]) -> Iterator[Finding]:
    """The procedures whose last run is too long ago; those that never ran are no news."""
    for each in procedures_of(page) if runs else ():
        day = runs.get(each.anchor)
        if day is not None and _is_long_ago(day, around):
            yield page.finding(
                "not-practised",
                "warning",
                first_line(page, each.start, each.end),
                f"'{each.title}' last ran with success on {day.isoformat()}, more than"
                f" {around.settings.practised_days} days ago.",
                fix="Run it again where nothing can break, and mend what did not work.",
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

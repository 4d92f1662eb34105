"""When a page must be read again: from every form in which pages say so. Does not know what day it is."""

from __future__ import annotations

from datetime import date, timedelta

from msgspec import Struct

from opsbook.book.metadata import UPDATED_KEYS, Datum
from opsbook.book.page import Page
from opsbook.ground.durations import after, read_date

_INTERVAL_KEYS = ("review in", "review cycle", "review interval", "review every", "review frequency", "review period",
                  "reviewed every", "review cadence")  # fmt: skip
_DUE_KEYS = ("next review", "review by", "review due", "next review date", "review due date", "expires", "valid until")


class Review(Struct, frozen=True, gc=False):
    """The day after which a page is stale, why, and where the date stands."""

    due: date
    why: str
    start: int
    end: int


def review_of(page: Page, stale_days: int) -> Review | None:
    """The review that a page owes, or None where it carries no date at all (a git date alone never makes it stale)."""
    due = page.metadata.first(*_DUE_KEYS)
    day = read_date(due.value) if due else None
    if due and day:
        return Review(day, f"the page says {due.key}: {due.value}", due.start, due.end)
    dated = _last_dated(page)
    if dated is None:
        return None
    last, datum = dated
    cycle = page.metadata.first(*_INTERVAL_KEYS)
    if cycle:
        until = after(last, cycle.value)
        if until:
            why = f"{datum.key} {last.isoformat()}, {cycle.key} {cycle.value}"
            return Review(until, why, datum.start, datum.end)
    try:
        until = last + timedelta(days=stale_days)
    except OverflowError:
        return None
    why = f"{datum.key} {last.isoformat()}, and no review cycle: {stale_days} days"
    return Review(until, why, datum.start, datum.end)


def _last_dated(page: Page) -> tuple[date, Datum] | None:
    for key in UPDATED_KEYS:
        datum = page.metadata.first(key)
        day = read_date(datum.value) if datum else None
        if datum and day:
            return day, datum
    return None

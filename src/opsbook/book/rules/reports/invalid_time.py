"""`invalid-time`: a report's time that cannot be read, that runs backwards, or that is still to come. What came
first is half of the cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.slots import is_unfilled
from opsbook.ground.errors import Finding

if TYPE_CHECKING:
    from opsbook.book.timeline import Entry
    from opsbook.book.times import When

_STARTED = ("started", "started at", "start", "start time", "incident start", "began", "start (utc)", "started (utc)")
_RESOLVED = ("resolved", "resolved at", "resolution time", "ended", "end", "end time", "end (utc)", "resolved (utc)")
# What people write where there is no time yet, or none that is known.
_OPEN = ("ongoing", "not yet", "n/a", "none", "unknown", "pending", "still", "unresolved", "no", "-", "–", "—", "open")
# Entries without a date that fall back by more than this have passed midnight (or slept); by less, they are out of
# order. Six hours lie between the longest slip that is seen in reports and the shortest night.
_NIGHT = timedelta(hours=6)
_FORM = "Write it as 2026-11-23 14:05 UTC."


@page_rule("invalid-time", "error", "incident", "post-mortem")
def check(page: Page, around: Around) -> Iterator[Finding]:
    from opsbook.book.timeline import read_timelines  # only reports need it, and all lints start with this file
    from opsbook.book.times import later_by

    started, resolved = _labelled(page, _STARTED), _labelled(page, _RESOLVED)
    for entry, label in ((started, "Started"), (resolved, "Resolved")):
        if entry is not None and entry.when is None:
            yield _wrong(page, entry, f"{label} is '{entry.text}', which cannot be read as a time.", _FORM)
        elif entry is not None and entry.when is not None and _is_to_come(entry.when, around):
            message = f"{label} is '{entry.text}', which is still to come on {around.today}."
            yield _wrong(page, entry, message, "Correct its year, month or day; write `ongoing` where it is not over.")
    if started and started.when and resolved and resolved.when:
        length = later_by(started.when, resolved.when)
        is_dated = started.when.day is not None
        if length is not None and length < timedelta(0) and (is_dated or length > -_NIGHT):
            message = f"Resolved is '{resolved.text}', which is before Started, '{started.text}'."
            yield _wrong(page, resolved, message, "Correct the one that is wrong, with its date and time zone.")
    is_one_day = bool(
        started and resolved and started.when and resolved.when and started.when.day
        and started.when.day == resolved.when.day
    )  # fmt: skip
    for run in read_timelines(page):
        yield from _run(page, run, timedelta(days=1) if is_one_day else _NIGHT)
        for entry in run:
            if entry.when is not None and _is_to_come(entry.when, around):
                message = f"'{entry.text}' in the timeline is still to come on {around.today}."
                fix = "Correct its year, month or day. What is planned stands under the action items."
                yield _wrong(page, entry, message, fix)


def _is_to_come(when: When, around: Around) -> bool:
    """Whether a time lies ahead; where it has no day, the day is not asked for, so that such pages hold on any."""
    from opsbook.book.times import is_after  # as above

    return when.day is not None and is_after(when, around.today)


def _labelled(page: Page, keys: tuple[str, ...]) -> Entry | None:
    """The time behind the first of these labels that has one, with its place; not slots and not `ongoing`."""
    from opsbook.book.timeline import Entry  # as above
    from opsbook.book.times import read_time

    datum = page.metadata.first(*keys)
    if datum is None:
        return None
    text = datum.value.strip(" `*_")
    if is_unfilled(text) or text.lower().startswith(_OPEN):
        return None
    return Entry(text, read_time(text), datum.start, datum.end)


def _run(page: Page, run: Sequence[Entry], night: timedelta) -> Iterator[Finding]:
    for entry in run:
        if entry.when is None:
            yield _wrong(page, entry, f"'{entry.text}' in the timeline cannot be read as a time.", _FORM)
    steps = list(_steps(run))
    backward = [step for step in steps if step[1] < timedelta(0)]
    if len(steps) >= 3 and len(backward) == len(steps):
        return  # the newest entry first, throughout: a manner, not a mistake
    for (before, entry), step in backward:
        if entry.when is None or (entry.when.day is None and step <= -night):
            continue
        message = f"The timeline goes back: '{entry.text}' stands after '{before.text}'."
        fix = "Put the entries in the order in which they happened, and write the date where a day has passed."
        yield _wrong(page, entry, message, fix)


def _steps(run: Sequence[Entry]) -> Iterator[tuple[tuple[Entry, Entry], timedelta]]:
    """Neighbours that can be compared, with the time from one to the next; about-times order nothing."""
    from opsbook.book.times import later_by  # as above

    before: Entry | None = None
    for entry in run:
        if entry.when is None or entry.when.is_rough or entry.when.is_relative:
            continue
        if before is not None and before.when is not None:
            step = later_by(before.when, entry.when)
            if step is not None:
                yield (before, entry), step
        before = entry


def _wrong(page: Page, entry: Entry, message: str, fix: str) -> Finding:
    return page.finding("invalid-time", "error", (entry.start, entry.end), message, fix=fix)

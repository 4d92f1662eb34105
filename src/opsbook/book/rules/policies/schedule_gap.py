"""`schedule-gap`: hours of the next 30 days in which nobody is on call. An alert in them wakes no one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding

if TYPE_CHECKING:
    from opsbook.book.roster.values import Schedule

_DAYS = 30
_FOLLOWED = "Write it so that it can be followed, or take the row out."
_SHOWN = 3


@page_rule("schedule-gap", "error", "policy")
def check(page: Page, around: Around) -> Iterator[Finding]:
    from opsbook.book.roster.reading import read_roster  # few books have schedules; it takes milliseconds to import

    if not 1970 <= around.today.year < 9999:
        return  # the calendar of the machine ends there
    start = datetime(around.today.year, around.today.month, around.today.day, tzinfo=UTC)
    roster = read_roster(page)
    for flaw in roster.flaws:
        yield page.finding("schedule-gap", "error", (flaw.start, flaw.end), flaw.message, fix=_FOLLOWED)
    for written in roster.schedules:
        schedule = written
        if any(rotation.calendar in around.settings.calendars for rotation in written.rotations if rotation.calendar):
            from opsbook.book.roster.imported import filled  # few schedules are kept as calendars

            schedule = filled(written, around.settings.calendars, lambda name: name)
            yield from _unread(page, schedule, around)
        for flaw in schedule.flaws:
            message = f"{flaw.message} Whether the schedule '{schedule.name}' has gaps cannot be told."
            place = (flaw.start, flaw.end)
            yield page.finding("schedule-gap", "error", place, message, fix="Write it so that it can be computed.")
        if not schedule.flaws and not _is_unfilled(schedule):
            yield from _gaps(page, schedule, start)


def _unread(page: Page, schedule: Schedule, around: Around) -> Iterator[Finding]:
    """The calendars that could not be read again since they were read last."""
    for rotation in schedule.rotations:
        found = around.settings.calendars.get(rotation.calendar)
        if found is not None and found.trouble and found.read_at is not None:
            message = (
                f"The calendar '{rotation.calendar}' cannot be read: {found.trouble}"
                f" Its copy of {found.read_at:%Y-%m-%d} is used."
            )
            yield page.finding("schedule-gap", "error", rotation.place, message, fix="Mend the calendar's address.")


def _gaps(page: Page, schedule: Schedule, start: datetime) -> Iterator[Finding]:
    from opsbook.book.roster.calendar import gaps  # as above

    found = gaps(schedule, start, start + timedelta(days=_DAYS))
    if not found:
        return
    told = "; ".join(f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}" for begin, end in found[:_SHOWN])
    more = f", and {len(found) - _SHOWN} more times" if len(found) > _SHOWN else ""
    yield page.finding(
        "schedule-gap",
        "error",
        schedule.place,
        f"Nobody is on call by the schedule '{schedule.name}' from {told} UTC{more}.",
        fix="Add a rotation for those hours, an override, or a last row whose hours are always.",
    )


def _is_unfilled(schedule: Schedule) -> bool:
    """Whether it is still the template's, wholly or in part: that is the finding of `placeholder`."""
    for rotation in schedule.rotations:
        if rotation.calendar:
            if not rotation.stretches:
                return True  # what was not read yet tells of no gap
            continue
        references = [reference for turn in rotation.turns for reference in turn]
        is_dated = rotation.start is not None or not rotation.step.amount or len(rotation.turns) < 2
        if not is_dated or not references or any(reference.form == "slot" for reference in references):
            return True
    return not schedule.rotations and not schedule.overrides

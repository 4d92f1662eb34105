"""Calendars that others keep, put into the schedules that name them. Reads no calendar and asks nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from opsbook.book.roster.values import Flaw, Imported, Rotation, Schedule, Stretch

_LEAD = re.compile(r"^\s*(?:on[- ]?call|primary|secondary|duty|shift)\s*[:\-–]\s*", re.I)
Known = Callable[[str], str | None]


def filled(schedule: Schedule, calendars: Mapping[str, Imported], known: Known) -> Schedule:
    """The schedule with what its calendars say; `known` gives the name of whom a name, handle or address means. One
    that was never read is a flaw."""
    if not any(rotation.calendar for rotation in schedule.rotations):
        return schedule
    flaws = list(schedule.flaws)
    rotations = []
    for rotation in schedule.rotations:
        found = calendars.get(rotation.calendar)
        if rotation.calendar and (found is None or found.read_at is None):
            why = found.trouble if found and found.trouble else "It was not read yet."
            flaws.append(Flaw(f"The calendar '{rotation.calendar}' is not known: {why}", *rotation.place))
        rotations.append(_with(rotation, found, known) if found else rotation)
    return replace(schedule, rotations=tuple(rotations), flaws=tuple(flaws))


def _with(rotation: Rotation, found: Imported, known: Known) -> Rotation:
    return replace(rotation, stretches=tuple(_meant(each, known) for each in found.stretches))


def _meant(stretch: Stretch, known: Known) -> Stretch:
    """The stretch with whom it means alone; words that nobody is known by stay as they are."""
    for name in stretch.names:
        person = known(name)
        if person is not None:
            return replace(stretch, names=(person,))
    return replace(stretch, names=stretch.names[-1:])


def title_names(title: str) -> Iterator[str]:
    """Whom the title of a shift may name: `On call: Ada Byron`, `Ada Byron (Primary)`, `@ada – week 12`."""
    bare = _LEAD.sub("", title).strip()
    yield from re.findall(r"@([\w.-]*\w)", bare)
    for part in (bare, re.sub(r"\s*[(\[].*", "", bare), re.split(r"\s+[-–—|/:]\s+|:\s", bare)[0]):
        if part.strip():
            yield part.strip()
    yield from (part.strip() for part in re.split(r"\s+[-–—|/:]\s+|:\s", bare)[1:] if part.strip())
    yield bare or title


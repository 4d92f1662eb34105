"""The calendar of a person, a team, a service, a schedule, or of all schedules, out of the book. Contacts nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

from msgspec import Struct

from opsbook.book.reach import Directory
from opsbook.book.roster.calendar import Shift, shifts
from opsbook.book.roster.ics import Entry, calendar_text
from opsbook.book.roster.values import Schedule, plain_name
from opsbook.ground.errors import Usage
from opsbook.usecases.library import Book
from opsbook.usecases.on_duty import known, of_service
from opsbook.usecases.oncall import directory_of

Kind = Literal["person", "team", "service", "schedule", "all"]
KINDS: tuple[Kind, ...] = ("person", "team", "service", "schedule", "all")
BEFORE, AFTER = timedelta(days=30), timedelta(days=365)
# How far beyond the calendar's edges the ends of a shift are looked for, so that they are its own.
_MARGIN = timedelta(days=100)


class About(Struct, frozen=True):
    """Whose calendar it is."""

    kind: Kind = "all"
    name: str = ""


class _Chosen(Struct, frozen=True):
    """The schedules of a calendar, and the people whose shifts it shows, by their names as compared; None is all."""

    title: str
    schedules: tuple[Schedule, ...]
    people: frozenset[str] | None = None


def duty_calendar(book: Book, about: About, now: datetime, *, catch_all: Sequence[str] = ()) -> bytes:
    """The calendar as iCalendar, from 30 days ago to a year ahead, the same bytes on one day for the same book. Raises
    Usage for a name that the book does not know."""
    directory = directory_of(book)
    chosen = _chosen(book, directory, about, catch_all)
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    changed = _changed(book)
    entries: list[Entry] = []
    for schedule in chosen.schedules:
        for shift, origin in _within(schedule, today - BEFORE, today + AFTER):
            for name in _names(directory, chosen, shift):
                entries.append(_entry(name, schedule, shift, origin=origin, changed=changed))
    return calendar_text(chosen.title, sorted(entries, key=lambda entry: (entry.start, entry.uid)))


def _changed(book: Book) -> datetime:
    """When a page that holds people or schedules was last changed."""
    written = [book.files[path].changed_ns for path, facts in book.facts.items() if facts.policy and path in book.files]
    seconds = max(written, default=0) // 1_000_000_000
    return datetime.fromtimestamp(min(max(seconds, 0), 4_102_444_800), UTC)


def _chosen(book: Book, directory: Directory, about: About, catch_all: Sequence[str]) -> _Chosen:
    every = tuple(schedule for _, schedule in directory.schedules.values())
    if about.kind == "all":
        return _Chosen("On call", every)
    if about.kind == "schedule":
        schedule: Schedule = known(directory.schedules, about.name, "schedule")
        return _Chosen(schedule.name, (schedule,))
    if about.kind == "service":
        slug, names = of_service(book, about.name, catch_all)
        served = (directory.schedules[plain_name(name)][1] for name in names if plain_name(name) in directory.schedules)
        return _Chosen(f"On call for {slug}", tuple({each.name: each for each in served}.values()))
    if about.kind == "team":
        team = known(directory.teams, about.name, "team")
        return _Chosen(f"On call: {team.name}", every, _plain(directory, (each.name for each in team.members)))
    entry = directory.people.get(plain_name(about.name))
    if entry is None and not _serves(every, about.name):
        raise Usage(f"The book knows no person '{about.name}'.")
    return _Chosen(f"On call: {directory.somebody(about.name).name}", every, _plain(directory, (about.name,)))


def _serves(schedules: Iterable[Schedule], name: str) -> bool:
    """Whether somebody whom no page of people knows takes turns all the same."""
    rotations = (rotation for schedule in schedules for rotation in schedule.rotations)
    return any(plain_name(each.name) == plain_name(name) for one in rotations for turn in one.turns for each in turn)


def _plain(directory: Directory, names: Iterable[str]) -> frozenset[str]:
    return frozenset(plain_name(directory.somebody(name).name) for name in names)


def _within(schedule: Schedule, start: datetime, until: datetime) -> Iterator[tuple[Shift, str]]:
    """The shifts that touch a stretch of time, whole, each with what it begins with; one that has been going on for
    ever, or that has no end in sight, is cut at the edges."""
    found = shifts(schedule, start - _MARGIN, until + _MARGIN)
    for number, shift in enumerate(found):
        begin = start if number == 0 else shift.start
        end = until if number == len(found) - 1 else shift.end
        if shift.end > start and shift.start < until and begin < end:
            yield Shift(begin, end, shift.people, shift.why), shift.start.isoformat() if number else "ever"


def _names(directory: Directory, chosen: _Chosen, shift: Shift) -> Iterator[str]:
    for person in shift.people:
        name = directory.somebody(person).name
        if chosen.people is None or plain_name(name) in chosen.people:
            yield name


def _entry(name: str, schedule: Schedule, shift: Shift, *, origin: str, changed: datetime) -> Entry:
    what = "\n".join((plain_name(schedule.name), plain_name(name), origin))
    uid = f"{sha256(what.encode()).hexdigest()[:32]}@opsbook"
    return Entry(uid, shift.start, shift.end, f"{name}: {schedule.name}", f"{shift.why}.", changed)

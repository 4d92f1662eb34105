"""Calendars that others keep, followed: read again and again, the last good copy kept, told when it is old."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from msgspec.structs import replace

from opsbook.book.roster.values import Imported
from opsbook.ground.errors import Failure
from opsbook.usecases.calendar_reading import read_stretches
from opsbook.usecases.library import Book

EVERY = timedelta(minutes=15)
OLD = timedelta(hours=24)  # a copy is told to be old after so long
BEFORE, AFTER = timedelta(days=40), timedelta(days=400)


class CalendarShelf(Protocol):
    """Where calendars come from, and where the last good copies are kept."""

    def fetch(self, address: str) -> bytes:
        """The calendar as it is now; raises Failure where it cannot be had within its time."""
        ...

    def load(self) -> dict[str, Imported]:
        """What was kept, by address."""
        ...

    def save(self, address: str, imported: Imported, raw: bytes | None) -> None:
        """Keeps what a calendar says, and its bytes where it was read; does nothing where it cannot."""
        ...


class ImportedCalendars:
    """The calendars that a book names. Called with it, it answers at once with what is known, and has `in_background`
    read what is not fresh; called from one thread at a time."""

    def __init__(
        self, shelf: CalendarShelf, *, now: Callable[[], datetime], in_background: Callable[[Callable[[], None]], None]
    ) -> None:
        self._shelf = shelf
        self._now = now
        self._in_background = in_background
        self._known = shelf.load()
        self._tried: dict[str, datetime] = {}
        self._reading = Lock()

    def __call__(self, book: Book) -> Mapping[str, Imported]:
        """What is known of the calendars that this book names."""
        wanted = calendars_of(book)
        stale = {address: zone for address, zone in wanted.items() if self._is_stale(address)}
        if stale and self._reading.acquire(blocking=False):
            self._in_background(lambda: self._read_all(stale))
        return {address: self._known[address] for address in wanted if address in self._known}

    def current(self, book: Book) -> Mapping[str, Imported]:
        """As when called, but reads what is not fresh first; for whoever asks once."""
        wanted = calendars_of(book)
        for address, zone in wanted.items():
            if self._is_stale(address):
                self._read(address, zone)
        return {address: self._known[address] for address in wanted}

    def _is_stale(self, address: str) -> bool:
        known = self._known.get(address)
        last = max(filter(None, (known.read_at if known else None, self._tried.get(address))), default=None)
        return last is None or not timedelta(0) <= self._now() - last < EVERY

    def _read_all(self, wanted: Mapping[str, str]) -> None:
        try:
            for address, zone in wanted.items():
                self._read(address, zone)
        finally:
            self._reading.release()

    def _read(self, address: str, zone: str) -> None:
        now = self._now()
        self._tried[address] = now
        raw = None
        try:
            raw = self._shelf.fetch(address)
            found = Imported(read_stretches(raw, now - BEFORE, now + AFTER, zone), now)
        except Failure as wrong:
            raw, found = None, replace(self._known.get(address, Imported()), trouble=str(wrong))
        self._known = {**self._known, address: found}
        self._shelf.save(address, found, raw)


def calendars_of(book: Book) -> dict[str, str]:
    """The calendars that a book names, each with the time zone of the first schedule that does."""
    found: dict[str, str] = {}
    for _, policy in sorted((path, facts.policy) for path, facts in book.facts.items() if facts.policy):
        for schedule in policy.roster.schedules:
            for rotation in schedule.rotations:
                if rotation.calendar:
                    found.setdefault(rotation.calendar, schedule.time_zone)
    return found


def calendar_troubles(book: Book, now: datetime) -> list[str]:
    """What is wrong with the calendars of a book, each in a sentence."""
    found = []
    for address, imported in sorted(book.calendars.items()):
        if not imported.trouble:
            continue
        copy = "There is no copy of it."
        if imported.read_at is not None:
            age = "" if now - imported.read_at < OLD else ", which is old"
            copy = f"Its copy of {imported.read_at:%Y-%m-%d %H:%M} UTC is used{age}."
        found.append(f"The calendar '{address}' cannot be read: {imported.trouble} {copy}")
    return found

"""What somebody has read of the book, as events and their fold: which section, as which text. Judges no text.

Each person has a stream of their own, `reading/HANDLE`; nobody else's is folded with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from opsbook.ledger.event import Draft, Event

READINGS = "reading/"
READ = "SectionRead"
UNREAD = "SectionUnread"


class ReadMark(Struct, frozen=True, gc=False):
    """That a section was read, when, and what its text was (`digest`)."""

    digest: str
    at: datetime


def stream_of(person: str) -> str:
    """The stream of a person, by their name whatever its letter case."""
    return READINGS + person.strip().lower()


def section_read(section: str, digest: str, path: str) -> Draft:
    """A section (PAGE#ANCHOR) was read as the text of that digest; `path` is the reading path that led there."""
    return Draft(READ, {"section": section, "digest": digest, "path": path})


def section_unread(section: str) -> Draft:
    """It was not read after all."""
    return Draft(UNREAD, {"section": section})


def folded(events: Iterable[Event]) -> dict[str, ReadMark]:
    """The sections that count as read, by PAGE#ANCHOR."""
    found: dict[str, ReadMark] = {}
    for event in events:
        if event.kind == READ:
            found[event.facts["section"]] = ReadMark(event.facts["digest"], event.at)
        elif event.kind == UNREAD:
            found.pop(event.facts["section"], None)
    return found


def begun(events: Iterable[Event]) -> tuple[str, ...]:
    """The reading paths that somebody went along, the one they were on last first."""
    paths = [event.facts["path"] for event in events if event.kind == READ and event.facts["path"]]
    return tuple(dict.fromkeys(reversed(paths)))

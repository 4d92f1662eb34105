"""A page with what is about to be recorded of it, so that all that follows at once is one append.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from opsbook.ledger.event import NO_HASH, Draft, Event
from opsbook.ledger.page import Page, after, stream_of
from opsbook.ledger.page_events import PAGES
from opsbook.usecases.ledger_ports import Timer, Write

LEVEL = "level"  # the timer of a page: when it is looked at again, for whatever reason


class PageDraft:
    """A page at a moment, moved on draft by draft; `was` is as it is recorded. `without_other` are notifications whose
    person has no other contact."""

    def __init__(self, page: Page, at: datetime) -> None:
        self.was = page
        self.page = page
        self.at = at
        self.drafts: list[Draft] = []
        self.without_other: frozenset[int] = frozenset()

    @classmethod
    def opened(cls, id: str, opening: Draft, at: datetime) -> PageDraft:
        """That of a page which is about to be opened; nothing of it is recorded yet."""
        event = Event(stream_of(id), 1, 0, at, "", opening.kind, opening.facts, NO_HASH, NO_HASH)
        page = after(None, event)
        assert page is not None
        draft = cls(page, at)
        draft.was = replace(page, number=0)
        draft.drafts.append(opening)
        return draft

    def add(self, drafts: Iterable[Draft]) -> None:
        """Moves the page on by what is going to be recorded."""
        for draft in drafts:
            event = Event(
                stream_of(self.page.id), self.page.number + 1, 0, self.at, "", draft.kind, draft.facts, NO_HASH, NO_HASH
            )
            moved = after(self.page, event)
            assert moved is not None
            self.page = moved
            self.drafts.append(draft)

    def write(self, wake_at: datetime | None, clear: Iterable[str] = ()) -> Write:
        """What is to be recorded, behind exactly what was read; it is looked at again at `wake_at`."""
        stream = stream_of(self.page.id)
        timers = (Timer(stream, LEVEL, wake_at),) if wake_at is not None else ()
        cleared = {*clear} | (set() if timers else {LEVEL})
        return Write(stream, tuple(self.drafts), self.was.number, timers, tuple(sorted(cleared)))


def id_of(stream: str) -> str:
    """The page of a stream."""
    return stream.removeprefix(PAGES)

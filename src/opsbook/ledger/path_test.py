"""Tests of the whole path, from the server's own inlet to somebody's contact, as a fold over their events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger.event import Draft, Event

PATH_TEST = "path-test"  # the stream, the inlet that they come by, and their source
ASKED = "PathTestAsked"
SENT = "PathTestSent"
ENDED = "PathTestEnded"
SEND = "send"  # the timers of the stream: one is to be sent,
LOOK = "look"  # and what became of it is to be looked at
LABEL = "path_test"  # the label of its alert


class PathTest(Struct, frozen=True):
    """The last test: `id` is empty before it was sent; `why` tells where it ended, `took_s` how long it went."""

    id: str = ""
    by: str = ""
    asked_at: datetime | None = None
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    is_ok: bool = False
    why: str = ""
    page: str = ""
    took_s: float | None = None
    number: int = 0

    @property
    def is_under_way(self) -> bool:
        """Whether it was sent, and nobody knows yet what becomes of it."""
        return bool(self.id) and self.ended_at is None


def asked() -> Draft:
    """Somebody wants one now."""
    return Draft(ASKED)


def sent(id: str) -> Draft:
    """One is about to be sent to the server's own inlet."""
    return Draft(SENT, {"id": id})


def ended(id: str, *, is_ok: bool, why: str, page: str = "", took_s: float | None = None) -> Draft:
    """What became of it."""
    return Draft(ENDED, {"id": id, "is_ok": is_ok, "why": why, "page": page, "took_s": took_s})


def folded(events: Iterable[Event], before: PathTest | None = None) -> PathTest:
    """The last test after these events."""
    test = before or PathTest()
    for event in events:
        test = replace(_after(test, event), number=event.number)
    return test


def _after(test: PathTest, event: Event) -> PathTest:
    if event.kind == ASKED:
        return PathTest(by=event.actor, asked_at=event.at) if not test.is_under_way else test
    if event.kind == SENT:
        return PathTest(event.facts["id"], test.by if not test.ended_at else "", test.asked_at, event.at)
    if event.kind == ENDED and event.facts["id"] == test.id:
        facts = event.facts
        return replace(
            test, ended_at=event.at, is_ok=facts["is_ok"], why=facts["why"], page=facts["page"], took_s=facts["took_s"]
        )
    return test

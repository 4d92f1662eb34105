"""Which messages to one person go together in one, and which wait: pure, from what is due and what went before.

- The first page of a group never waits: beyond the limit it goes at once in one message with all else that is due.
- What was late because nobody paged for a while is one message, never a replay: the gravest and newest first. One by
  each kind of contact that is due, and each of them tells all of it.
- Repeats and news that something is over wait, beyond the limit, until a digest may go.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from opsbook.ledger.page import Notification, Page
from opsbook.usecases.ledger_ports import Timer

MOST = 10  # messages to one contact within the window, after which they are bundled
WINDOW = timedelta(minutes=5)
DIGEST_EVERY = timedelta(seconds=60)
LATE = timedelta(seconds=60)  # what was due for longer came while nobody paged


class Due(Struct, frozen=True):
    """A message that is due: a notification with its page. `is_late` where nobody paged when its time came."""

    page: Page
    notification: Notification
    is_late: bool = False

    @property
    def is_first(self) -> bool:
        """Whether somebody would hear of the page by it for the first time."""
        return self.notification.owed.purpose == "page" and self.notification.owed.loop == 1


class Parcel(Struct, frozen=True):
    """Messages that go together: one by itself, or a digest with the reason why."""

    due: tuple[Due, ...]
    why: str = ""


class Bundled(Struct, frozen=True):
    """What goes now, and what waits until when and why."""

    parcels: tuple[Parcel, ...] = ()
    held: tuple[Due, ...] = ()
    until: datetime | None = None
    why: str = ""


def bundled(
    due: Sequence[Due], now: datetime, *, sent: Sequence[datetime], last_digest: datetime | None
) -> Bundled:
    """What becomes of the messages that are due to one contact; `sent` is when it got others."""
    ordered = tuple(sorted(due, key=gravest_and_newest))
    if len(ordered) > 1 and any(each.is_late for each in ordered):
        return _digest(ordered, "late")
    recent = [at for at in sent if at > now - WINDOW]
    if len(recent) + len(ordered) > MOST:
        may_wait = last_digest is not None and now < last_digest + DIGEST_EVERY
        if may_wait and last_digest is not None and not any(each.is_first for each in ordered):
            why = f"More than {MOST} messages went there within five minutes; the rest goes as one."
            return Bundled((), ordered, last_digest + DIGEST_EVERY, why)
        if len(ordered) > 1:
            return _digest(ordered, "many")
    handoffs = tuple(each for each in ordered if each.notification.owed.purpose == "handoff")
    if len(handoffs) < 2:
        return Bundled(tuple(Parcel((each,)) for each in ordered))
    others = tuple(Parcel((each,)) for each in ordered if each not in handoffs)
    return Bundled((Parcel(handoffs, WHY["handoff"]), *others))


WHY: dict[Literal["late", "many", "handoff"], str] = {
    "late": "Opsbook did not page for a while. This is what is still open of it.",
    "many": "More is going on than can be told one by one.",
    "handoff": "You are on call now. This is what is open.",
}


def _digest(ordered: tuple[Due, ...], why: Literal["late", "many", "handoff"]) -> Bundled:
    return Bundled((Parcel(ordered, WHY[why]),))


def was_away(due: Sequence[Timer], now: datetime) -> bool:
    """Whether nobody paged for a while, by what is due: then what came meanwhile, or just now, goes in one message."""
    return any(each.due < now - LATE for each in due)


def gravest_and_newest(each: Due) -> tuple[str, float]:
    """In which order pages stand in one message."""
    return each.page.severity, -each.page.opened_at.timestamp()

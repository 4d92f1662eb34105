"""The handing over of one status update to one receiver, as a fold over its events; the view of all of them; and what
comes next, from the fold and the time alone. Sends nothing, and knows no address.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger import telling_events as kinds
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.page import Attempt
from opsbook.ledger.view import Kept, Row, View

State = Literal["owed", "sending", "retrying", "lost", "accepted", "delivered", "failed", "dropped"]
OVER: frozenset[State] = frozenset({"accepted", "delivered", "failed", "dropped"})
# After an attempt that did not come through, how long until the next; then the last of them again and again, until
# the time is over. A receiver that is down for a morning still gets it.
PAUSES_S = (5.0, 30.0, 120.0, 300.0, 600.0, 1200.0, 1800.0)
LASTS = timedelta(hours=8)  # since it was owed, after which it is given up
MOST_UNKNOWN = 4  # attempts of which nobody knows whether they came through: more would be a flood of duplicates


class Telling(Struct, frozen=True):
    """An update, or word of planned work (`maintenance`), on its way to one receiver.
    `why` tells why it failed or was dropped, or what the last attempt came to."""

    id: str
    incident: str
    update: int
    to: kinds.To
    name: str
    shown: str
    owed_at: datetime
    purpose: kinds.Purpose = "update"
    audience: str = ""
    maintenance: str = ""
    state: State = "owed"
    attempts: tuple[Attempt, ...] = ()
    why: str = ""
    ended_at: datetime | None = None
    number: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing is to come."""
        return self.state in OVER

    @property
    def open_attempt(self) -> Attempt | None:
        """The attempt of which nobody knows yet what became."""
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.state == "sending" else None

    @property
    def may_have_come(self) -> bool:
        """Whether an attempt may have come through without anybody knowing: another is a duplicate then."""
        return any(each.state in ("lost", "sending") for each in self.attempts)


class Moves(Struct, frozen=True):
    """What to do next: record these and ask again; or hand it over; or look again at a time."""

    record: tuple[Draft, ...] = ()
    is_due: bool = False
    wake_at: datetime | None = None


def stream_of(telling: str) -> str:
    """The stream of one, by its id."""
    return kinds.TELLINGS + telling


def group_of(incident: str, update: int) -> str:
    """What all that hand over one update have in common in the view."""
    return f"{incident}/{update}"


def folded(events: Iterable[Event], before: Telling | None = None) -> Telling | None:
    """After these events, None before the first."""
    made = before
    for event in events:
        made = after(made, event)
    return made


def after(telling: Telling | None, event: Event) -> Telling | None:
    """After one more event; one that is not known changes only the number."""
    facts = event.facts
    if event.kind == kinds.OWED:
        known = {"id": event.stream.removeprefix(kinds.TELLINGS), "owed_at": event.at, "number": event.number}
        return msgspec.convert({**facts, **known}, Telling)
    if telling is None:
        return None
    made = replace(telling, number=event.number)
    if event.kind == kinds.BEGUN:
        attempt = Attempt(facts["attempt"], event.at, is_duplicate=facts["is_duplicate"])
        return replace(made, state="sending", attempts=(*made.attempts, attempt))
    if event.kind == kinds.ENDED:
        return _ended(made, event)
    if event.kind == kinds.SETTLED and made.state not in ("accepted", "delivered"):
        return replace(made, state=facts["state"], why=facts["why"], ended_at=event.at)
    return made


def _ended(telling: Telling, event: Event) -> Telling:
    facts = event.facts
    told = {name: facts[name] for name in ("state", "reason", "latency_ms", "retry_after_s")}
    attempts = tuple(
        replace(each, **told) if each.number == facts["attempt"] else each for each in telling.attempts
    )
    made = replace(telling, attempts=attempts)
    if telling.is_over and facts["state"] not in ("accepted", "delivered"):
        return made  # it was dropped meanwhile, and stays so
    over_at = event.at if facts["state"] in OVER else None
    return replace(made, state=facts["state"], why=facts["reason"], ended_at=over_at)


def next_moves(telling: Telling, now: datetime, *, attempt_s: float) -> Moves:
    """What to do next; an attempt of which nothing was heard for `attempt_s` is lost."""
    if telling.is_over:
        return Moves()
    attempt = telling.open_attempt
    if attempt is not None:
        over = attempt.at + timedelta(seconds=attempt_s)
        return Moves(wake_at=over) if now < over else Moves((lost(telling, "Nothing was heard of it in time."),))
    if not telling.attempts:
        return Moves(is_due=True)
    last = telling.attempts[-1]
    unknown = sum(each.state == "lost" for each in telling.attempts)
    if unknown >= MOST_UNKNOWN:
        why = f"It was handed over {unknown} times, and nobody knows whether any of it came. {last.reason}"
        return Moves((kinds.settled("failed", why.strip()),))
    pause_s = PAUSES_S[min(len(telling.attempts), len(PAUSES_S)) - 1]
    due = last.at + timedelta(seconds=max(pause_s, last.retry_after_s or 0.0) + (last.latency_ms or 0.0) / 1000)
    if due > telling.owed_at + LASTS:
        why = f"It was tried {len(telling.attempts)} times in {LASTS.seconds // 3600} hours. {last.reason}"
        return Moves((kinds.settled("failed", why.strip()),))
    return Moves(is_due=True) if due <= now else Moves(wake_at=due)


def lost(telling: Telling, why: str) -> Draft:
    """Says of the last attempt that nobody knows what became of it."""
    return kinds.ended(len(telling.attempts), "lost", reason=why)


def telling_of(kept: Kept) -> Telling:
    """What a row of the view holds."""
    return msgspec.convert(kept.row.document, Telling)


def _row(row: Row | None, event: Event) -> Row | None:
    telling = after(row.document if row is not None else None, event)
    if telling is None:
        return None
    return Row(not telling.is_over, group_of(telling.incident or telling.maintenance, telling.update), telling)


TELLING_VIEW = View("tellings", 2, kinds.TELLINGS, _row, Telling)

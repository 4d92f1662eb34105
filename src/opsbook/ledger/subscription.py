"""A subscription to what is told of incidents: its events, its fold, and the view of all. Holds no address.

The address, and the secrets of its links, lie beside the events (attachment `subscription/ID`), so that they can be
forgotten. The id is made from the address under a salt, so that an address has one subscription of a scope.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger.event import Draft, Event
from opsbook.ledger.view import Kept, Row, View

SUBSCRIPTIONS = "subscription/"

ASKED = "SubscriptionAsked"
CONFIRMED = "SubscriptionConfirmed"
ENDED = "SubscriptionEnded"

Kind = Literal["email", "webhook"]
Scope = Literal["customers", "team"]  # the audience whose updates it gets
State = Literal["asked", "confirmed", "ended"]


def asked(*, kind: Kind, scope: Scope, topics: tuple[str, ...], shown: str, by: str = "") -> Draft:
    """Somebody wants to be told: of everything, or of the components (customers) or services (team) in `topics`.
    `shown` is the address as a mask, `by` who asked where that is somebody who signed in."""
    return Draft(ASKED, {"kind": kind, "scope": scope, "topics": list(topics), "shown": shown, "by": by})


def confirmed(via: str) -> Draft:
    """Whoever reads at the address wants it."""
    return Draft(CONFIRMED, {"via": via})


def ended(why: str) -> Draft:
    """It is over, and its address forgotten."""
    return Draft(ENDED, {"why": why})


class Subscription(Struct, frozen=True):
    """A subscription. `topics` are those that are in force, `asked_topics` those that wait to be confirmed."""

    id: str
    kind: Kind
    scope: Scope
    state: State
    shown: str
    asked_at: datetime
    topics: tuple[str, ...] = ()
    asked_topics: tuple[str, ...] = ()
    by: str = ""
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    why: str = ""
    times_asked: int = 1
    number: int = 0

    @property
    def is_in_force(self) -> bool:
        """Whether anything is sent to it; what was confirmed stays so while something else is asked for."""
        return self.confirmed_at is not None and self.state != "ended"


def stream_of(subscription: str) -> str:
    """The stream of one, by its id; the attachment beside its events has the same name."""
    return SUBSCRIPTIONS + subscription


def after(subscription: Subscription | None, event: Event) -> Subscription | None:
    """After one more event."""
    facts = event.facts
    if event.kind == ASKED:
        return _asked(subscription, event)
    if subscription is None:
        return None
    made = replace(subscription, number=event.number)
    if event.kind == CONFIRMED:
        return replace(made, state="confirmed", topics=made.asked_topics, confirmed_at=event.at)
    if event.kind == ENDED:
        return replace(made, state="ended", ended_at=event.at, why=facts["why"], confirmed_at=None)
    return made


def _asked(before: Subscription | None, event: Event) -> Subscription:
    facts = event.facts
    made = Subscription(
        event.stream.removeprefix(SUBSCRIPTIONS), facts["kind"], facts["scope"], "asked", facts["shown"], event.at,
        asked_topics=tuple(facts["topics"]), by=facts["by"], number=event.number,
    )
    if before is None or before.state == "ended":
        return made
    return replace(made, topics=before.topics, confirmed_at=before.confirmed_at, times_asked=before.times_asked + 1)


def subscription_of(kept: Kept) -> Subscription:
    """What a row of the view holds."""
    return msgspec.convert(kept.row.document, Subscription)


def _row(row: Row | None, event: Event) -> Row | None:
    made = after(row.document if row is not None else None, event)
    return Row(made.state != "ended", made.scope, made) if made is not None else None


SUBSCRIPTION_VIEW = View("subscriptions", 1, SUBSCRIPTIONS, _row, Subscription)

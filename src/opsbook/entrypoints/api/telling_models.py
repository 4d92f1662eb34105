"""What the API of what is told takes and answers, as types: deliveries, subscriptions, planned work."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from opsbook.ledger.maintenance import Maintenance, MaintenanceState
from opsbook.ledger.subscription import Kind, Scope, Subscription
from opsbook.ledger.subscription import State as SubscriptionState
from opsbook.ledger.telling import State as TellingState
from opsbook.ledger.telling import Telling
from opsbook.ledger.telling_events import To

Instant = Annotated[datetime, Meta(tz=True)]
Names = Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=50)]


class DeliveryAttempt(Struct):
    """One try to hand it over: `state` is sending, accepted, delivered, retrying, failed or lost."""

    at: datetime
    state: str
    reason: str
    latency_ms: float | None
    is_duplicate: bool


class Delivery(Struct):
    """A status update on its way to one receiver. `shown` is where it goes, an address as a mask; `why` tells why it
    failed or was not sent, or what the last attempt came to."""

    id: str
    to: To
    shown: str
    state: TellingState
    why: str
    owed_at: datetime
    ended_at: datetime | None
    attempts: list[DeliveryAttempt]


class Deliveries(Struct):
    """Who gets an update."""

    update: int
    deliveries: list[Delivery]


class SubscriptionsQuery(Struct, forbid_unknown_fields=True):
    """Which subscriptions: those of one audience, and whether those that are over too."""

    scope: Scope | None = None
    over: bool = False


class SubscribeBody(Struct, forbid_unknown_fields=True):
    """Who is to be told: of everything, or of the components (customers) or services (team) in `topics`."""

    kind: Kind
    address: Annotated[str, Meta(min_length=1, max_length=1000)]
    scope: Scope = "team"
    topics: Names = []


class SubscriptionModel(Struct):
    """A subscription; `shown` is its address as a mask. `asked_topics` wait to be confirmed."""

    id: str
    kind: Kind
    scope: Scope
    state: SubscriptionState
    shown: str
    topics: list[str]
    asked_topics: list[str]
    asked_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None
    by: str
    why: str
    is_in_force: bool


class SubscriptionList(Struct):
    """Subscriptions."""

    subscriptions: list[SubscriptionModel]


class NewSubscriptionModel(Struct):
    """A subscription as it was asked for; `signer` is what its webhook is signed with, told this once."""

    subscription: SubscriptionModel
    signer: str | None


class MaintenancesQuery(Struct, forbid_unknown_fields=True):
    """Which planned work: what is to come and goes on; with `over` what is over, too."""

    over: bool = False


class MaintenanceBody(Struct, forbid_unknown_fields=True):
    """Planned work as customers read it; `silence` is the id of a silence that it was announced from."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    starts_at: Instant
    ends_at: Instant
    body: Annotated[str, Meta(max_length=10_000)] = ""
    components: Names = []
    silence: Annotated[str, Meta(max_length=200)] = ""


class ChangedMaintenance(MaintenanceBody, forbid_unknown_fields=True):
    """Planned work as it is to be from now on, the whole of it."""

    expected: Annotated[
        int | None, Meta(description="The `version` on which this is based: refused where it changed since.")
    ] = None


class MaintenanceModel(Struct):
    """Planned work; `version` goes up with each change."""

    id: str
    title: str
    body: str
    state: MaintenanceState
    starts_at: datetime
    ends_at: datetime
    components: list[str]
    by: str
    silence: str | None
    announced_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    version: int


class MaintenanceList(Struct):
    """Planned work, the first to begin first; `components` are those that it can be about."""

    maintenances: list[MaintenanceModel]
    components: list[str]


def delivery_model(telling: Telling) -> dict[str, Any]:
    """How far one receiver's is."""
    return {
        "id": telling.id, "to": telling.to, "shown": telling.shown, "state": telling.state, "why": telling.why,
        "owed_at": telling.owed_at, "ended_at": telling.ended_at,
        "attempts": [
            {"at": each.at, "state": each.state, "reason": each.reason, "latency_ms": each.latency_ms,
             "is_duplicate": each.is_duplicate}
            for each in telling.attempts
        ],
    }  # fmt: skip


def subscription_model(found: Subscription) -> dict[str, Any]:
    """A subscription, without its address."""
    return {
        "id": found.id, "kind": found.kind, "scope": found.scope, "state": found.state, "shown": found.shown,
        "topics": found.topics, "asked_topics": found.asked_topics, "asked_at": found.asked_at,
        "confirmed_at": found.confirmed_at, "ended_at": found.ended_at, "by": found.by, "why": found.why,
        "is_in_force": found.is_in_force,
    }  # fmt: skip


def maintenance_model(made: Maintenance, now: datetime) -> dict[str, Any]:
    """Planned work as it is now."""
    return {
        "id": made.id, "title": made.title, "body": made.body, "state": made.state(now), "starts_at": made.starts_at,
        "ends_at": made.ends_at, "components": made.components, "by": made.by, "silence": made.silence or None,
        "announced_at": made.announced_at, "changed_at": made.changed_at, "ended_at": made.ended_at,
        "version": made.number,
    }  # fmt: skip

"""A page, which wakes people, as a fold over its events; and the view of all of them."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from opsbook.ledger.alert_events import Place
from opsbook.ledger.page_events import FrozenPolicy, NotificationState, OwedNotification, PageState


class Attempt(Struct, frozen=True):
    """One try to hand a message over: `state` is sending, accepted, delivered, retrying, failed or lost."""

    number: int
    at: datetime
    state: str = "sending"
    reason: str = ""
    latency_ms: float | None = None
    is_duplicate: bool = False


class Notification(Struct, frozen=True):
    """A message that somebody is to get, or got; `why` says why this person, `settled_why` why it was not sent."""

    owed: OwedNotification
    owed_at: datetime
    state: NotificationState = "owed"
    attempts: tuple[Attempt, ...] = ()
    settled_why: str = ""
    ack_hashes: tuple[str, ...] = ()


class Acknowledgement(Struct, frozen=True):
    """Somebody's answer."""

    by: str
    via: str
    at: datetime
    why: str = ""


class Page(Struct, frozen=True):
    """One run of an escalation policy. `alerts` are those that still fire, `gone` those that did. `level` is the last
    that was reached in this `loop` (0 before the first, -1 for the catch-all)."""

    id: str
    state: PageState
    group: str
    subject: str
    severity: str
    service: str | None
    policy: FrozenPolicy
    place: Place | None
    opened_at: datetime
    changed_at: datetime
    alerts: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    level: int = 0
    loop: int = 1
    armed_at: datetime | None = None
    notifications: tuple[Notification, ...] = ()
    acknowledged: tuple[Acknowledgement, ...] = ()
    acknowledged_until: datetime | None = None
    is_drill: bool = False
    incident: int | None = None
    asked_by: str = ""
    ended_at: datetime | None = None
    ended_how: str = ""
    why: str = ""
    number: int = 0


def stream_of(page: str) -> str:
    """The stream of a page."""
    return f"page/{page}"

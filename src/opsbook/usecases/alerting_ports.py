"""What alerts and paging ask of the world: messages handed over, lists of other systems, addresses. None does anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from opsbook.ledger.signal import Batch

Reached = Literal["accepted", "delivered", "retrying", "failed", "lost"]


class Message(Struct, frozen=True):
    """What somebody gets. `key` names this attempt for ever, so that a receiver can drop one that came twice. `title`
    fits a subject, `body` is plain text cut to what the kind of contact takes, `html` is the same for those that show
    it. `ack_url` is where its reader answers, `facts` the same for machines (webhooks send them as JSON). `signers` are
    the receiver's own secrets, which a webhook is signed with instead of those that are configured for all. One that
    `is_for_stranger` goes to no webhook inside: whoever named its address may not reach that by us."""

    key: str
    kind: str
    title: str
    body: str
    severity: str
    html: str = ""
    ack_url: str = ""
    page_url: str = ""
    facts: Mapping[str, object] = {}
    signers: tuple[str, ...] = ()
    is_for_stranger: bool = False


class Handed(Struct, frozen=True):
    """What became of an attempt: accepted by the next server, delivered, to be tried again, failed for good, or lost:
    nobody knows. `reason` is a sentence without any secret. `retry_after_s` is how long the receiver asks to wait."""

    state: Reached
    reason: str = ""
    latency_ms: float | None = None
    provider_id: str = ""
    retry_after_s: float | None = None


class Notifier(Protocol):
    """Hands messages over, several at once, each within its time, in a process that may be ended."""

    def send(self, message: Message, address: str, tell: Callable[[Handed], None]) -> None:
        """Begins to hand it over and returns at once. `tell` is called exactly once, from another thread, whatever
        happens: an address that cannot be is `failed`, a time that is over `lost`."""
        ...

    def why_not(self, kind: str) -> str:
        """Why nobody can be reached by a kind of contact, a #channel, or an address that says by itself how it is
        reached (`ntfy://…`), as configured; empty where they can."""
        ...

    def close(self) -> None:
        """Ends what is under way; what was not told by then is lost."""
        ...


class Firing(Protocol):
    """Asks an Alertmanager or a Prometheus what fires."""

    def ask(self, address: str) -> Batch:
        """All alerts that fire there now. Raises Failure where it cannot tell."""
        ...


class Pinger(Protocol):
    """Tells an address outside that all is well."""

    def ping(self, address: str) -> None:
        """Raises Failure where that did not arrive."""
        ...


class Contact(Struct, frozen=True):
    """A way to reach somebody. `id` is stable: `email`, `sms-2`. `origin` is book or private. `masked` may be shown,
    `address` only sent to. `is_enabled` is False for one that was switched off."""

    id: str
    kind: str
    address: str
    masked: str
    origin: Literal["book", "private", "channel"]
    verified_at: datetime | None = None
    is_failing: bool = False
    is_enabled: bool = True


class ContactRule(Struct, frozen=True):
    """When a contact of somebody is used: after how long since they were paged, and for which urgency."""

    contact: str
    after_s: float = 0.0
    urgency: Literal["high", "low", "all"] = "all"


class Reachable(Struct, frozen=True):
    """Somebody who can be paged: their contacts, their own rules (empty: every contact in turn, see `paging.md`), the
    hours in which only grave things wake them, as seconds of the day in their time zone."""

    name: str
    handle: str
    contacts: tuple[Contact, ...]
    rules: tuple[ContactRule, ...] = ()
    time_zone: str = "UTC"
    quiet: tuple[int, int] | None = None


class Addresses(Protocol):
    """How people and channels are reached: by the book, and by what they told Opsbook alone."""

    def reachable(self, name: str) -> Reachable:
        """Somebody by name or handle, or a #channel or address by itself; without contacts where nobody knows any."""
        ...

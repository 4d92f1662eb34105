"""What an engine needs of the ledger besides reading and appending: leases, timers, rows of views. Does nothing.

One clock decides when leases end and timers are due: the database's, so that nodes need not agree on the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from opsbook.ledger.event import Draft, Event, Moved
from opsbook.ledger.view import Kept


class Lease(Struct, frozen=True):
    """The right to work on `name` until it ends, unless it is renewed. A later owner has a greater `epoch`."""

    name: str
    owner: str
    epoch: int
    until: datetime


class Timer(Struct, frozen=True):
    """Something that is due at a time: `name` is unique in its stream. Kept until it is cleared."""

    stream: str
    name: str
    due: datetime
    facts: dict[str, Any] = {}


class Write(Struct, frozen=True):
    """What is to be recorded of one stream, as `append` takes it."""

    stream: str
    drafts: Sequence[Draft]
    expected: int | None = None
    set_timers: Sequence[Timer] = ()
    clear_timers: Sequence[str] = ()


class Sighting(Struct, frozen=True):
    """That something was seen again, which is no event: its name, when, until when that counts, how often so far, and
    what it said last (`mark`, such as a digest)."""

    name: str
    at: datetime
    until: datetime | None = None
    count: int = 1
    mark: str = ""


class EngineLedger(Protocol):
    """The ledger as an engine uses it; everything that `Ledger` has, and this."""

    def record(
        self, writes: Sequence[Write], *, actor: str, at: datetime, fence: Lease | None = None,
        attach: Mapping[str, bytes] | None = None, detach: Sequence[str] = (),
    ) -> tuple[Event, ...]:  # fmt: skip
        """As `append`, for several streams in one transaction: all or nothing. A stream may be named once. `attach`
        keeps bytes by name beside the events (one of a name replaces it), `detach` forgets some, in the same
        transaction. Raises Conflict where any stream has moved on, Fenced, Failure(retryable=True)."""
        ...

    def attachment(self, name: str) -> bytes | None:
        """The bytes kept by that name; None where there are none, or they were forgotten."""
        ...

    def attachments(self, prefix: str, *, before: datetime | None = None, limit: int = 1000) -> list[str]:
        """The names that begin with `prefix`, the oldest first; with `before` those kept before that time."""
        ...

    def attachments_beyond(self, prefix: str, most_bytes: int, *, limit: int = 1000) -> list[str]:
        """The names that begin with `prefix` and would have to go, the oldest first, so that those which are left have
        no more bytes than that."""
        ...

    def sight(self, sightings: Sequence[Sighting]) -> None:
        """Notes that things were seen again: counts add up, the rest is replaced. Not synced by itself: what a crash
        loses of it is a moment, and what was seen is seen again."""
        ...

    def sighted(self, names: Sequence[str]) -> dict[str, Sighting]:
        """What was noted of these, by name."""
        ...

    def unsight(self, names: Sequence[str]) -> None:
        """Forgets what was noted of these."""
        ...

    def latest(self, view: str, groups: Sequence[str]) -> dict[str, Kept]:
        """By group the row of a view that began last; groups without one are left out."""
        ...

    def append(
        self, stream: str, drafts: Sequence[Draft], *, expected: int | None, actor: str, at: datetime,
        fence: Lease | None = None, set_timers: Sequence[Timer] = (), clear_timers: Sequence[str] = (),
    ) -> tuple[Event, ...]:  # fmt: skip
        """As `Ledger.append`. With a `fence` raises Fenced, and records nothing, where somebody else took the lease
        since. Timers of the stream are set (a later one of a name replaces it) and cleared, by name, in the same
        transaction; with no drafts only these."""
        ...

    def read(self, stream: str, after: int = 0) -> list[Event]:
        """The events of a stream behind a number, in order."""
        ...

    def streams(self, prefix: str) -> list[str]:
        """The names of the streams that begin with `prefix`, in order."""
        ...

    def after(self, position: int, limit: int) -> list[Event]:
        """The events behind a position over all streams, in order, at most `limit`."""
        ...

    def moved(self, position: int, limit: int) -> list[Moved]:
        """As `after`, but no more than which events there are."""
        ...

    def head(self) -> int:
        """The position of the last event, 0 when there is none."""
        ...

    def wait(self, position: int, timeout_s: float) -> bool:
        """Waits until there is an event behind `position`, whoever wrote it; False when the time is over first."""
        ...

    def claim(self, name: str, owner: str, for_s: float) -> Lease | None:
        """A lease with the next epoch, None while another owner's has not ended. The owner of one that has not ended
        gets it again with its epoch, and for longer."""
        ...

    def renew(self, lease: Lease, for_s: float) -> Lease | None:
        """The lease for longer; None where it was taken by another meanwhile."""
        ...

    def release(self, lease: Lease) -> None:
        """Ends a lease at once, where it is still this owner's; its epoch is not used again."""
        ...

    def due(self, limit: int, prefix: str = "") -> list[Timer]:
        """The timers whose time has come, of streams that begin with `prefix`, the longest due first."""
        ...

    def next_due_s(self, prefix: str = "") -> float | None:
        """In how many seconds the next timer is due, 0 where one is; None when there is none."""
        ...

    def rows(
        self, view: str, *, group: str | None = None, is_open: bool | None = None, before: int | None = None,
        limit: int = 100, document: Any = dict[str, Any],
    ) -> list[Kept]:  # fmt: skip
        """The rows of a view, those that began last first; those that began before the position `before`.
        `document` is the type that their documents are read as: one with few fields is read in less time."""
        ...

    def row(self, view: str, stream: str) -> Kept | None:
        """The row of one stream."""
        ...

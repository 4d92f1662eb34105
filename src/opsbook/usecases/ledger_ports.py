"""What an engine needs of the ledger besides reading and appending: leases, timers, rows of views. Does nothing.

One clock decides when leases end and timers are due: the database's, so that nodes need not agree on the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from opsbook.ledger.event import Draft, Event
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


class EngineLedger(Protocol):
    """The ledger as an engine uses it; everything that `Ledger` has, and this."""

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
        limit: int = 100,
    ) -> list[Kept]:  # fmt: skip
        """The rows of a view, those that began last first; those that began before the position `before`."""
        ...

    def row(self, view: str, stream: str) -> Kept | None:
        """The row of one stream."""
        ...

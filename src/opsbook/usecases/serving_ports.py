"""The protocols that a serving process needs besides those of the command line. Nothing here does anything.

Apart from `ports.py`, so that `lint` and `search` do not import what only a server uses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:  # what reads expectations costs 15 ms, and whoever only asks git needs none of it
    from opsbook.book.probe import Probe
    from opsbook.ledger.event import Draft, Event, Moved
    from opsbook.ledger.health import Health
    from opsbook.ledger.health import Reading as HealthReading


class Change(Struct, frozen=True, gc=False):
    """A commit that touched a page."""

    commit: str
    author: str
    at: datetime
    subject: str


class Saved(Struct, frozen=True):
    """A page as it was committed: `commit` is None outside of git, where the file alone is written."""

    path: str
    digest: str
    commit: str | None


class Repository(Protocol):
    """The book's history and the one way to change it."""

    def history(self, path: str, limit: int) -> list[Change]:
        """The last commits that touched a page or folder, "" for the whole repository, the newest first; empty outside
        of git and before the first commit. Raises Failure where git cannot tell."""
        ...

    def at(self, path: str, commit: str) -> bytes | None:
        """A page's bytes at a commit."""
        ...

    def check_place(self, path: str) -> None:
        """Raises Refusal where no page of the book may lie."""
        ...

    def save(self, path: str, before: bytes | None, after: bytes, *, author: tuple[str, str], message: str) -> Saved:
        """Commits `after` in the place of `before` (None: there is no such page yet), byte for byte and alone, and
        writes it to the working tree. Raises Conflict when the page is not `before` any more, Failure when git
        refuses; then nothing has changed."""
        ...


class Prober(Protocol):
    """Asks endpoints."""

    def ask(self, probes: Sequence[Probe], tell: Callable[[Probe, HealthReading], None]) -> None:
        """Asks all of them side by side and calls `tell` with each reading as it comes; returns when all have come.
        Never raises for an endpoint: whatever it does is a reading."""
        ...


class Bucket(Struct, frozen=True, gc=False):
    """The readings of one stretch of time, rolled up: counts, and latencies in milliseconds."""

    start: datetime
    length_s: float
    ok: int
    failed: int
    least_ms: float
    mean_ms: float
    most_ms: float


class Samples(Protocol):
    """Readings kept in a file of their own: raw for 2 days, by 5 minutes for 90."""

    def add(self, readings: Sequence[HealthReading]) -> None:
        """Keeps readings; what a crash loses of them is seconds, and the file stays whole."""
        ...

    def last(self, probe: str, count: int) -> list[HealthReading]:
        """The last readings of a probe, the newest first."""
        ...

    def buckets(self, probe: str, start: datetime, end: datetime, count: int) -> list[Bucket]:
        """What was read in a stretch of time, in `count` buckets of one length, the empty ones left out."""
        ...

    def roll_up(self, now: datetime) -> None:
        """Rolls up what is old enough and forgets what is too old."""
        ...


class Ledger(Protocol):
    """What did happen: events in streams, appended and never changed."""

    def append(
        self, stream: str, drafts: Sequence[Draft], *, expected: int | None, actor: str, at: datetime
    ) -> tuple[Event, ...]:
        """Records the drafts behind number `expected` of the stream (None: behind whatever is last), all or none, and
        returns when they are synced. Raises Conflict when the stream has moved on, Failure(retryable=True) when the
        database cannot take them."""
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


class Watch(Protocol):
    """The probes of the book, asked when they are due, for as long as the server runs."""

    def probes(self) -> Mapping[str, Probe]:
        """Every probe of the book by its key."""
        ...

    def healths(self) -> Mapping[str, Health]:
        """The health of every probe by its key."""
        ...

    def ask_now(self, keys: Sequence[str]) -> None:
        """Asks these at once, besides their turn; returns without waiting for the answers."""
        ...

    def troubles(self) -> Mapping[str, str]:
        """What keeps readings or changes of health from being kept, in sentences; empty when nothing does."""
        ...

    def on_reading(self, tell: Callable[[Probe, HealthReading, Health], None]) -> None:
        """Has `tell` called, from the watch's own thread, with each reading and the health that it led to."""
        ...

"""What keeping a ledger well needs of it besides reading and appending: checkpoints, copies, checks. Does nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from opsbook.ledger.event import Event
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Sighting, Timer
from opsbook.usecases.serving_ports import Ledger

Progress = Callable[[str, int, int], None]
"""Told what is done, how far it is, and how far it will be; so often that it must be quick."""


class Attachment(Struct, frozen=True):
    """Bytes that are kept beside events, and when they were."""

    name: str
    at: datetime
    content: bytes


class Snapshot(Struct, frozen=True):
    """A ledger as it was at one moment: the position of its last event, the events in the order of their positions (to
    be read once), the timers, the last epoch of each lease, the attachments (to be read once, behind the events), and
    what was seen again."""

    position: int
    events: Iterable[Event]
    timers: Sequence[Timer]
    epochs: Mapping[str, int]
    attachments: Iterable[Attachment]
    sightings: Sequence[Sighting]


class KeptLedger(EngineLedger, Ledger, Protocol):
    """A ledger that can be looked after, whatever database it is in."""

    def checkpoint(self, not_within_s: float = 0) -> Event | None:
        """Records a checkpoint as the next event; None, and nothing is recorded, where the last event is one, where the
        last one is not so old, or where there is none to vouch for. Two processes never record one for the same
        events."""
        ...

    def held(self, prefix: str) -> list[Lease]:
        """The leases whose names begin with `prefix` and which have not ended, by name."""
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The ledger as it is now, for as long as the `with` lasts, while others go on to write."""
        ...

    def replace(self, snapshot: Snapshot, tell: Progress) -> None:
        """Puts the snapshot in the place of all that is there, in one transaction. Events keep their positions and
        hashes; rows of views are made from them; of leases only the epochs stay, the greater of both, so that nobody
        who held one before can go on with it. Others wait; a crash leaves the old or the new, whole."""
        ...

    def faults(self, tell: Progress) -> list[str]:
        """What is wrong with the database's own structures, and with rows of views that are not what the events say,
        in sentences. Does not judge the chain of the events. Changes nothing."""
        ...

    def remake_rows(self) -> list[str]:
        """Makes the rows of all views again from the events, and returns the views' names."""
        ...

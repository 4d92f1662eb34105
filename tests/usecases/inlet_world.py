"""A real ledger, a clock that is moved, and the verbs of senders over them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger.event import Event
from opsbook.ledger.signal import BATCHES, Batch, Signal, Source, batch_of
from opsbook.ledger.views import VIEWS
from opsbook.usecases.bodies import Bodies
from opsbook.usecases.heartbeats import Heartbeats
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.receive import Receiving

SOURCE = Source("shop", "alertmanager", "shop")
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class SendersWorld:
    """What a test of senders needs."""

    def __init__(self, folder: Path) -> None:
        self.at = START
        self.nudges = 0
        chance = random.Random(7).randbytes  # the same ids in every run
        self.ledger = SqliteLedger(
            str(folder / "opsbook.db"), views=VIEWS, clock=lambda: round(self.at.timestamp() * 1e6)
        )
        more: dict[str, Any] = {"now": lambda: self.at, "chance": chance}
        self.receiving = Receiving(self.ledger, nudge=self.nudge, **more)
        self.inlets = Inlets(self.ledger, **more)
        self.heartbeats = Heartbeats(self.ledger, nudge=self.nudge, **more)
        self.bodies = Bodies(self.ledger, self.inlets, self.receiving, now=more["now"], keep_days=30, keep_bytes=1_200_000)

    def nudge(self) -> None:
        """Counts a nudge."""
        self.nudges += 1

    def forward(self, **length: float) -> None:
        """Moves the clock."""
        self.at += timedelta(**length)

    def batches(self) -> list[Event]:
        """What was received, in order."""
        events = [event for event in self.ledger.after(0, 10_000) if event.stream.startswith(BATCHES)]
        return [event for event in events if event.kind == "AlertsReceived"]

    def told(self) -> list[tuple[str, str]]:
        """The key and the action of every signal that was recorded, in order."""
        return [(signal.key, signal.action) for event in self.batches() for signal in batch_of(event).signals]


def batch_with(*signals: Signal, **more: Any) -> Batch:
    """A batch of these."""
    return Batch("test", signals, **more)


def firing(key: str = "k", **more: Any) -> Signal:
    """A signal of an alert that fires."""
    return Signal(key, "firing", **{"labels": {"alertname": key}, "starts_at": START, **more})

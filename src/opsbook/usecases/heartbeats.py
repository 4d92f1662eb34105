"""The verbs of heartbeats: something is to call regularly, and its silence is the alert. Waits for nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from msgspec import Struct

from opsbook.usecases.ledger_ports import EngineLedger


class Heartbeat(Struct, frozen=True):
    """Something that calls at least every `every_s` seconds, or is `late` after `grace_s` more."""

    name: str
    every_s: float
    grace_s: float
    state: Literal["new", "healthy", "late", "paused", "expired"]
    severity: str = "P1"
    service: str | None = None
    runbook: str = ""
    last_at: datetime | None = None


class Heartbeats:
    """The heartbeats of a ledger: a stream `heartbeat/NAME` with a timer `late`; calls are sightings, not events."""

    def __init__(self, ledger: EngineLedger, *, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._now = now

    def put(
        self, name: str, by: str, *, every_s: float, grace_s: float = 60.0, severity: str = "P1",
        service: str | None = None, runbook: str = "",
    ) -> Heartbeat:  # fmt: skip
        """A new heartbeat, or another state of the one of that name."""
        raise NotImplementedError

    def beat(self, name: str) -> Heartbeat:
        """It called. Raises Usage for one that nobody has put."""
        raise NotImplementedError

    def pause(self, name: str, by: str, *, is_paused: bool = True) -> Heartbeat:
        """Waits for it no more, or again."""
        raise NotImplementedError

    def remove(self, name: str, by: str) -> None:
        """Forgets one."""
        raise NotImplementedError

    def all(self) -> list[Heartbeat]:
        """All, by name."""
        raise NotImplementedError

"""The verb receive: what an inlet understood becomes one synced event with a due routing timer. Routes nothing.

What was seen before and says nothing new is noted as a sighting instead, so that a sender which repeats itself every
minute does not fill the ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from opsbook.ledger.signal import Batch, Source
from opsbook.usecases.ledger_ports import EngineLedger


class Receipt(Struct, frozen=True):
    """What was recorded: the id of the batch (empty where nothing in it was new), how many signals and slips."""

    batch: str
    signals: int
    slips: int


class Receiving:
    """What every inlet hands its bodies to; any thread may call it."""

    def __init__(
        self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes],
        nudge: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._now = now
        self._chance = chance
        self._nudge = nudge  # wakes whoever routes in another process, once something is recorded

    def receive(self, source: Source, batch: Batch, raw: bytes, headers: dict[str, str] | None = None) -> Receipt:
        """Keeps a body; returns once it is synced. Raises Failure(retryable=True) where that cannot be done now.
        `headers` are the few that tell who sent it; no secret among them."""
        raise NotImplementedError

    def forget(self, source_group: str, key: str) -> None:
        """The next signal of this identity is news, whatever it says: its alert ended or changed elsewhere."""
        raise NotImplementedError

"""The check of a whole ledger, read bit by bit. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from opsbook.ledger.event import Event, verify
from opsbook.usecases.serving_ports import Ledger

AT_ONCE = 1000  # events read at a time


class Checked(Struct, frozen=True):
    """How much was checked, and what is wrong; `head` is the hash of the last event, to be kept elsewhere if wanted."""

    events: int
    streams: int
    head: str
    faults: list[str]


def check(ledger: Ledger) -> Checked:
    """Verifies all events that are there now."""
    seen: set[str] = set()
    last: list[Event] = []

    def events() -> Iterator[Event]:
        position, head = 0, ledger.head()
        while position < head and (part := ledger.after(position, AT_ONCE)):
            position = part[-1].position
            seen.update(event.stream for event in part)
            last[:] = part[-1:]
            yield from part

    faults = verify(events())
    return Checked(last[0].position if last else 0, len(seen), last[0].hash if last else "", faults)

"""The check of a whole ledger: its chain read bit by bit, and what the database keeps beside it. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from opsbook.ground.errors import Failure
from opsbook.ledger.event import Event, verify
from opsbook.usecases.serving_ports import Ledger
from opsbook.usecases.upkeep_ports import KeptLedger, Progress

AT_ONCE = 1000  # events read at a time


class Checked(Struct, frozen=True):
    """How much was checked, and what is wrong; `head` is the hash of the last event, to be kept elsewhere if wanted."""

    events: int
    streams: int
    head: str
    faults: list[str]


def untold(_what: str, _done: int, _whole: int) -> None:
    """A progress that nobody wants to know."""


def check(ledger: Ledger, tell: Progress = untold) -> Checked:
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
            tell("Checking events", min(position, head), head)

    faults = verify(events())
    return Checked(last[0].position if last else 0, len(seen), last[0].hash if last else "", faults)


def check_all(ledger: KeptLedger, tell: Progress = untold) -> Checked:
    """Verifies all events, the database's own structures, and that the rows of views are what the events say."""
    try:
        checked = check(ledger, tell)
        return replace(checked, faults=[*checked.faults, *ledger.faults(tell)])
    except Failure as wrong:
        if wrong.retryable:
            raise
        return Checked(0, 0, "", [str(wrong)])  # so damaged that it cannot be read to its end

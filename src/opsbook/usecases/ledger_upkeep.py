"""The verbs that keep a ledger well: back up, restore, vouch now and then. They judge copies before they trust them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from opsbook.ground.errors import Failure, Refusal
from opsbook.ledger.event import Draft, Event
from opsbook.usecases.ledger_check import Checked, check_all
from opsbook.usecases.upkeep_ports import KeptLedger, Progress

RESTORES = "ledger/restores"  # the stream that tells what was put in the place of what
RESTORED = "LedgerRestored"
VOUCHED_EVERY_S = 3600.0
LOOKED_EVERY_S = 300.0


def back_up(ledger: KeptLedger, copy: KeptLedger, tell: Progress) -> Checked:
    """Copies a ledger as it is now into the empty `copy`, while others go on to write, and checks the copy. Raises
    Failure where the copy is not well; the ledger itself is not, then."""
    with ledger.snapshot() as snapshot:
        copy.replace(snapshot, tell)
    checked = check_all(copy, tell)
    if checked.faults:
        raise Failure(
            "No backup was made, because the ledger itself is not as it was recorded. 'opsbook db check' tells all that"
            f" is wrong; the first is: {checked.faults[0]}"
        )
    return checked


def restore(
    ledger: KeptLedger, backup: KeptLedger, *, may_replace: bool, actor: str, at: datetime, tell: Progress
) -> tuple[Checked, int]:
    """Puts a backup in the place of all that is in the ledger; returns what was in it, and how many events were in the
    ledger before. One more event tells of it. Raises Refusal where there are some that may not be replaced, and Failure
    where the backup is not well: then nothing has changed."""
    before = ledger.head()
    if before and not may_replace:
        raise Refusal(
            f"The ledger is not empty: it has {before} events, which would be gone. Back it up first (opsbook db backup"
            " FILE), then restore with --force."
        )
    expected = check_all(backup, tell)
    if expected.faults:
        raise Failure(
            "Nothing was restored, because the backup is not as it was recorded. Take another; the first that is wrong"
            f" with this one is: {expected.faults[0]}"
        )
    with backup.snapshot() as snapshot:
        ledger.replace(snapshot, tell)
    ledger.append(
        RESTORES, [Draft(RESTORED, {"events": expected.events, "head": expected.head, "replaced": before})],
        expected=None, actor=actor, at=at,
    )  # fmt: skip
    restored = check_all(ledger, tell)
    if restored.faults:
        raise Failure(f"The backup was restored, but the ledger is not well: {restored.faults[0]}")
    return expected, before


@contextmanager
def vouching(checkpoint: Callable[[float], Event | None]) -> Iterator[None]:
    """Has `checkpoint` called every few minutes in a thread of its own, for one an hour, as long as the `with` lasts.
    What the ledger cannot take now is tried again at the next look."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOKED_EVERY_S):
            with suppress(Failure, Refusal):
                checkpoint(VOUCHED_EVERY_S)

    looking = threading.Thread(target=look, name="vouching", daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()



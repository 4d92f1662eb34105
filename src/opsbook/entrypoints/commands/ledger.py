"""`opsbook ledger`: whether what was recorded is still what was recorded. Changes nothing."""

from __future__ import annotations

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb
from opsbook.entrypoints.people import show


@verb("verify", examples=("opsbook ledger verify", "opsbook ledger verify --db sqlite:///backup.db"))
def verify(shared: Shared) -> int:
    """Check the hashes of all events, and that none is missing.

    Exits 1 when one was changed, put in or taken out since it was recorded.
    """
    from opsbook.usecases.ledger_check import check
    from opsbook.wire import build_ledger

    ledger = build_ledger(shared.config(), is_new_welcome=False)
    try:
        checked = check(ledger)
    finally:
        ledger.close()
    counted = f"{checked.events} events in {checked.streams} streams"
    verdict = "are as they were recorded" if not checked.faults else f"were checked; {len(checked.faults)} faults"
    lines = [*checked.faults, click.style(f"{counted} {verdict}.", fg="red" if checked.faults else "green")]
    answer = {"events": checked.events, "streams": checked.streams, "head": checked.head, "faults": checked.faults}
    show(shared, answer, lines)
    return 1 if checked.faults else 0


command = VerbGroup(
    "ledger",
    (verify,),
    about="The record of what did happen: events that are added and never changed.",
    examples=("opsbook ledger verify",),
)

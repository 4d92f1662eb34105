"""What the engine does for incidents when it is due, put together from a Config: only the child that pages has it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from opsbook.config import Config
from opsbook.incident_parts import build_reports
from opsbook.opening_works import build_opening_works
from opsbook.status_works import build_status_chores
from opsbook.telling_works import update_works
from opsbook.usecases.action_nags import ActionNags
from opsbook.usecases.alerting_ports import Notifier
from opsbook.usecases.contact_book import ContactBook
from opsbook.usecases.engine_loop import Chore, Work
from opsbook.usecases.guarding import Guarded
from opsbook.usecases.learning import Learning
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Library

NAGS_S = 120.0  # how often it is asked who is to be reminded of what was promised
REPORTS_S = 2.0  # how often it is asked whether something was resolved


class Around(NamedTuple):
    """What the works of incidents may use of the process that pages; `address` is how people reach this server."""

    ledger: EngineLedger
    library: Library
    notifier: Notifier
    contacts: ContactBook
    guard: Guarded
    address: str
    moved: Callable[[], None] = lambda: None  # wakes the engine, from any thread


def build_incident_works(config: Config, around: Around) -> tuple[list[Work], list[Chore]]:
    """Whoever does what is due of incidents, in this order, and what is looked at every so often."""
    works, chores = _updates(config, around)
    further, more = build_opening_works(config, around.ledger, around.library)
    works, chores = [*works, *further], [*chores, *more]
    chores += _nags(config, around)
    chores += _learning(config, around)
    chores += build_status_chores(config, around.ledger, around.library, around.guard)
    return works, chores


def _updates(config: Config, around: Around) -> tuple[list[Work], list[Chore]]:
    """Status updates that are due, and what is handed over of those that were published."""
    return update_works(
        config, around.ledger, around.library.snapshot, notifier=around.notifier, contacts=around.contacts,
        guard=around.guard, address=around.address, moved=around.moved,
    )  # fmt: skip


def _nags(config: Config, around: Around) -> list[Chore]:
    """Action items and post-mortems that are late."""
    nags = ActionNags(
        around.ledger, around.library.snapshot, around.contacts, now=lambda: datetime.now(UTC), address=around.address
    )
    return [Chore("reminders of action items", NAGS_S, nags.look)]

def _learning(config: Config, around: Around) -> list[Chore]:
    """Reports of what is resolved, which nobody has written yet."""
    learning = Learning(lambda: build_reports(config, around.ledger, around.library), around.guard)
    return [Chore("reports of incidents", REPORTS_S, lambda lease: learning.look(_aside))]


def _aside(job: Callable[[], None]) -> None:
    threading.Thread(target=job, name="reports", daemon=True).start()

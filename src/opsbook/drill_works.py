"""What the engine does of drills when it is due, put together from a Config: only the child that pages imports it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING

from opsbook import __version__
from opsbook.config import Config, authorities
from opsbook.ledger.drill_events import DRILLS
from opsbook.usecases.alerting_ports import Addresses
from opsbook.usecases.drilling import Driller
from opsbook.usecases.engine_loop import Chore, Work
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Library
from opsbook.usecases.practice import Practice
from opsbook.usecases.scheduled_drills import Sandbox, ScheduledDrills
from opsbook.wire_ledger import practised

if TYPE_CHECKING:
    from opsbook.usecases.runs import Runs

LOOKS_S = 60.0  # how often it is asked what is due to be practised


def build_drill_works(ledger: EngineLedger, address: str, report: Callable[[str], None]) -> list[Work]:
    """Whoever posts and ends the alerts of drills."""
    from opsbook.adapters.own_inlet import OwnInlet

    poster = OwnInlet(address, f"Opsbook/{__version__}", authorities())
    inlets = Inlets(ledger, now=_now, chance=secrets.token_bytes)
    driller = Driller(ledger, inlets, poster, now=_now, aside=_aside, report=report)
    return [Work(DRILLS, driller.do)]


def build_drill_chores(
    config: Config, ledger: EngineLedger, library: Library, contacts: Addresses, *, address: str
) -> list[Chore]:
    """Whoever reminds of procedures that are due to be practised, and begins them where drills may."""

    @cache
    def begins() -> Runs:
        from opsbook.run_parts import build_runs  # once something is to begin by itself, which is rare
        from opsbook.wire_ledger import node_of

        return build_runs(config, ledger, node_of(config))

    drills = ScheduledDrills(
        ledger, library.snapshot, contacts, begins, practised=Practice(ledger.head, partial(practised, config)),
        sandbox=Sandbox(config.drill_sandbox, config.groups), now=_now, address=address,
    )  # fmt: skip
    return [Chore("scheduled drills", LOOKS_S, drills.look)]


def _aside(job: Callable[[], None]) -> None:
    threading.Thread(target=job, name="drills", daemon=True).start()


def _now() -> datetime:
    return datetime.now(UTC)

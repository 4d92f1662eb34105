"""The verbs of drills, and what the engine does of them, put together from a Config."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from opsbook import __version__
from opsbook.config import Config, authorities
from opsbook.ledger.drill_events import DRILLS
from opsbook.usecases.drill_desk import DrillDesk
from opsbook.usecases.drill_making import Maker
from opsbook.usecases.drilling import Driller
from opsbook.usecases.drills import Drills
from opsbook.usecases.engine_loop import Work
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Library
from opsbook.usecases.matching import Matcher


def build_drill_desk(
    config: Config, ledger: EngineLedger, library: Callable[[], Library], nudge: Callable[[], None] = lambda: None
) -> DrillDesk:
    """The drills of a ledger; `library` gives the book once something asks of it. A drill is made from what pages say,
    so nothing is searched for."""

    def maker() -> Maker:
        book = library()
        matcher = Matcher(
            book, None, lambda: book.snapshot().commit, config.url_bases, config.severities, config.runbook_keys
        )
        return Maker(book, matcher, config.catch_all)

    return DrillDesk(Drills(ledger, now=_now, chance=secrets.token_bytes, nudge=nudge), maker, ledger, _now)


def build_drill_works(ledger: EngineLedger, address: str, report: Callable[[str], None]) -> list[Work]:
    """Whoever posts and ends the alerts of drills."""
    from opsbook.adapters.own_inlet import OwnInlet

    poster = OwnInlet(address, f"Opsbook/{__version__}", authorities())
    inlets = Inlets(ledger, now=_now, chance=secrets.token_bytes)
    driller = Driller(ledger, inlets, poster, now=_now, aside=_aside, report=report)
    return [Work(DRILLS, driller.do)]


def _aside(job: Callable[[], None]) -> None:
    threading.Thread(target=job, name="drills", daemon=True).start()


def _now() -> datetime:
    return datetime.now(UTC)

"""The verbs of drills, put together from a Config. Posts nothing and begins nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from opsbook.config import Config
from opsbook.usecases.drill_desk import DrillDesk
from opsbook.usecases.drill_making import Maker
from opsbook.usecases.drills import Drills
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Library
from opsbook.usecases.matching import Matcher
from opsbook.usecases.practice import Practice
from opsbook.usecases.scheduled_drills import Scheduled, scheduled
from opsbook.wire_ledger import practised


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

    days = Practice(ledger.head, partial(practised, config))

    def planned() -> list[Scheduled]:
        return scheduled(library().snapshot(), ledger, days(), _now().date())

    drills = Drills(ledger, now=_now, chance=secrets.token_bytes, nudge=nudge)
    return DrillDesk(drills, maker, ledger, _now, planned)


def _now() -> datetime:
    return datetime.now(UTC)

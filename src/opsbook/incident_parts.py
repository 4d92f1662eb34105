"""The verbs of incidents, put together from a Config. Sends nothing and holds no secret."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from opsbook.alert_parts import build_pages
from opsbook.config import Config
from opsbook.telling_parts import build_updates
from opsbook.usecases.edit import Editing
from opsbook.usecases.incident_acts import Incidents
from opsbook.usecases.incident_desk import IncidentDesk
from opsbook.usecases.incident_reports import Reports
from opsbook.usecases.incident_timeline import Timelines
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book
from opsbook.usecases.proposals import Branches, Proposals


def build_incident_desk(
    config: Config, ledger: EngineLedger, editing: Editing, branches: Branches, *,
    nudge: Callable[[], None] = lambda: None,
) -> IncidentDesk:  # fmt: skip
    """The verbs over a ledger and the book as it is at the time; `nudge` wakes the engine."""
    book = editing.library.snapshot
    incidents = build_incidents(config, ledger, book, nudge)
    timelines = Timelines(ledger, now=_now)
    proposals = Proposals(ledger, editing, branches, now=_now, chance=secrets.token_bytes)
    return IncidentDesk(
        incidents=incidents,
        timelines=timelines,
        updates=build_updates(ledger, book, nudge),
        proposals=proposals,
        reports=Reports(ledger, editing, proposals, timelines, now=_now),
    )


def build_incidents(
    config: Config, ledger: EngineLedger, book: Callable[[], Book], nudge: Callable[[], None] = lambda: None
) -> Incidents:
    """The verbs of incidents alone."""
    pages = build_pages(config, ledger, book, nudge)
    return Incidents(ledger, book, pages, now=_now, chance=secrets.token_bytes, nudge=nudge)


def _now() -> datetime:
    return datetime.now(UTC)

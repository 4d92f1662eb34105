"""What is due next in an incident as the ledger has it now, for a terminal and for JSON; `incident_due` decides it."""

from __future__ import annotations

from datetime import datetime

from opsbook.ledger.incident import Incident
from opsbook.ledger.page import PAGE_VIEW, Page, page_of
from opsbook.ledger.page import stream_of as page_stream
from opsbook.usecases.followed_policy import Followed
from opsbook.usecases.incident_declaring import read_alerts
from opsbook.usecases.incident_due import Due, due, roles_of
from opsbook.usecases.ledger_ports import EngineLedger

MOST_LOOKED_AT = 200  # alerts; of more nobody is told that all are over


def next_steps(ledger: EngineLedger, follows: Followed, incident: Incident, now: datetime) -> list[Due]:
    """What is to be done, the most pressing first; see `due`."""
    alerts = incident.alerts if incident.is_live and len(incident.alerts) <= MOST_LOOKED_AT else ()
    is_quiet = bool(alerts) and not any(each.is_open for each in read_alerts(ledger, alerts))
    called = [(person, _page(ledger, id)) for person, id in incident.called]
    return due(incident, roles_of(incident, follows.policy.roles), called, now, is_quiet=is_quiet)


def _page(ledger: EngineLedger, id: str) -> Page | None:
    kept = ledger.row(PAGE_VIEW.name, page_stream(id))
    return page_of(kept) if kept is not None else None

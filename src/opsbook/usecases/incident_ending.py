"""What speaks against an incident being over: alerts that still fire, services that are not healthy. Ends none."""

from __future__ import annotations

from datetime import datetime

from opsbook.ledger.incident import Incident
from opsbook.ledger.probe_view import PROBE_VIEW, group_of
from opsbook.usecases.incident_declaring import read_alerts
from opsbook.usecases.incident_paging import open_pages
from opsbook.usecases.ledger_ports import EngineLedger

MOST_ALERTS = 500  # that are looked at
MOST_NAMED = 5


def still_wrong(ledger: EngineLedger, incident: Incident) -> list[str]:
    """A sentence for the alerts that still fire, until when nobody is woken for them, and for each service that is not
    healthy; none where all is well."""
    firing = [each for each in read_alerts(ledger, incident.alerts[:MOST_ALERTS])
              if each.is_open and each.status != "suppressed"]  # fmt: skip
    found: list[str] = []
    if firing:
        names = list(dict.fromkeys(each.name for each in firing))
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        few = ", ".join(names[:MOST_NAMED]) + more
        quiet = max((page.acknowledged_until for page in open_pages(ledger, incident.pages)
                     if page.acknowledged_until is not None), default=None)  # fmt: skip
        until = f" Nobody is woken for it until {quiet:%H:%M} UTC, then again." if quiet is not None else ""
        found.append(f"{few} still {'fires' if len(names) == 1 else 'fire'}.{until}")
    for service in incident.services:
        since = min((datetime.fromisoformat(kept.row.document["since"]) for kept in ledger.rows(
            PROBE_VIEW.name, is_open=True, group=group_of(service), limit=MOST_NAMED
        )), default=None)  # fmt: skip
        if since is not None:
            found.append(f"{service} is unhealthy since {since:%Y-%m-%d %H:%M} UTC.")
    return found

"""Which probes a service has, or had, and how each is: a row for each, folded from its changes of health."""

from __future__ import annotations

from opsbook.ledger.event import Event
from opsbook.ledger.health import HEALTH_CHANGED
from opsbook.ledger.view import Row, View

PROBES = "probe/"


def group_of(service: str) -> str:
    """The group of the probes of a service, whatever its letter case."""
    return service.replace("\0", "").strip().casefold()  # which PostgreSQL has in no text


def _row(row: Row | None, event: Event) -> Row | None:
    if event.kind != HEALTH_CHANGED:
        return row
    state = str(event.facts.get("to"))
    document = {"state": state, "since": event.at.isoformat()}
    return Row(state == "unhealthy", group_of(str(event.facts.get("service") or "")), document)


PROBE_VIEW = View("probes", 1, PROBES, _row)

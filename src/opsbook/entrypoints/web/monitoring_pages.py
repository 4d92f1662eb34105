"""What is watched, as the pages of the book say it, and the book's own probes as they are. Decides nothing."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.response import Template

from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.graph_insets import state_id
from opsbook.entrypoints.web.turning import turned
from opsbook.ledger.health import Health
from opsbook.usecases.desk import Desk
from opsbook.usecases.monitoring import monitoring

PROBES = 100
METRICS = 250
LIVE = {"act": "read", "kept": "health"}
_GRAVITY = ("unhealthy", "unknown", "healthy")


@get("/monitoring", opt=LIVE, sync_to_thread=True)
def monitoring_page(request: Request[Any, Any, Any]) -> Template:
    """Health checks, metrics, alerts, dashboards and logs."""
    desk = desk_of(request)
    book = desk.library.snapshot()
    found = monitoring(book, desk.scope().settings.severities)
    metrics, turn = turned(request, found.metrics, METRICS)
    return page(
        request, "monitoring.html", place="Monitoring", found=found, metrics=metrics, turn=turn,
        is_whole=book.is_whole, has_states=desk.graphs.is_configured, state_id=state_id, **_probes(desk),
    )  # fmt: skip


@get("/fragments/probes", opt=LIVE, sync_to_thread=True)
def probes_fragment(request: Request[Any, Any, Any]) -> Template:
    """The health checks alone."""
    return page(request, "monitoring_probes.html", **_probes(desk_of(request)))


def _probes(desk: Desk) -> dict[str, Any]:
    """The probes with their health, the gravest first."""
    healths = desk.watch.healths()
    pairs = [(probe, healths.get(key) or Health(key)) for key, probe in desk.watch.probes().items()]
    pairs.sort(key=lambda pair: (_GRAVITY.index(pair[1].state), pair[0].path, pair[0].line))
    return {"probes": pairs[:PROBES], "more_probes": max(0, len(pairs) - PROBES), "now": desk.now()}


ROUTES = (monitoring_page, probes_fragment)

"""A service's runbook, whole, with what is live where it is written; and the addresses that alerts are sent with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get
from litestar.response import Redirect

from opsbook.book.page import Page
from opsbook.book.probe import Probe
from opsbook.book.rendering import Inset, book_address, quote_path, render
from opsbook.entrypoints.shown.alert_view import STATES
from opsbook.entrypoints.shown.chart import chart
from opsbook.entrypoints.shown.incident_view import STATES as INCIDENT_STATES
from opsbook.entrypoints.shown.on_page import (
    Pieces,
    alert_insets,
    contact_insets,
    contents,
    jumps,
    probe_insets,
    run_insets,
    summary,
)
from opsbook.entrypoints.web.answering import desk_of, page, service_in
from opsbook.entrypoints.web.book_pages import facts_line, findings_of, looked_for, pieces_of
from opsbook.entrypoints.web.graph_insets import (
    Place,
    graph_insets,
    has_section,
    last_hour,
    place_of,
    span_in,
    state_id,
    watched_of,
)
from opsbook.entrypoints.web.practice import practice_of
from opsbook.ground.errors import Failure
from opsbook.ground.guesses import closest
from opsbook.ledger.health import Health
from opsbook.ledger.incident import Incident
from opsbook.usecases.alert_board import Group, Listed, grouped
from opsbook.usecases.alert_place import alert_place
from opsbook.usecases.contacts import contacts
from opsbook.usecases.desk import Desk
from opsbook.usecases.library import Book, PageFacts
from opsbook.usecases.now import unasked_of
from opsbook.usecases.service_names import named_service

Asks = Request[Any, Any, Any]
LAST = timedelta(hours=24)
POINTS = 96  # of a chart: one for a quarter of an hour
MOST_CHARTS = 12
_WORST = {"unhealthy": 0, "unknown": 1, "healthy": 2}


@get("/services/{service:str}", opt={"act": "read", "kept": "health"}, sync_to_thread=True)
def service_page(request: Asks) -> Response[Any]:
    """The runbook of a service, kept for a minute at most: who is on call changes with the clock alone."""
    desk, service = desk_of(request), service_in(request)
    book = desk.library.snapshot()
    name = named_service(book, service)
    if name is None:
        return no_service(request, book, service)
    if name != service:
        return Redirect(f"/services/{name}")
    path = book.services[name]
    shown, facts = desk.library.page(path), book.facts[path]
    probed = [(probe, health_of(desk, probe)) for probe in facts.probes]
    graphs, pieces = place_of(desk, name, path, span_in(request)), pieces_of(request)
    rendered = render(shown, desk.library.around(), insets=insets_of(desk, pieces, shown, facts, graphs=graphs))
    worst = min((health for _, health in probed), key=lambda health: _WORST[health.state], default=None)
    found = findings_of(book, path)
    unasked = None if worst else unasked_of(facts)
    return page(
        request, "service.html", place="", title=shown.title, html=rendered.html, entries=contents(rendered),
        jumps=jumps(rendered.contents), has_title=any(entry.level == 1 for entry in rendered.contents),
        state=worst.state if worst else "missing",
        state_words="" if worst or unasked else "No health check is written", unasked=unasked,
        states={probe.key: health.state for probe, health in probed}, facts=facts_line(facts),
        alerts=alerts_of(desk, name), alert_states=STATES, live=incidents_of(desk, name),
        incident_states=INCIDENT_STATES, service=name, now=desk.now(), found=found, summary=summary(found),
        page_at=book_address(path), has_states=_has_alerts(desk, name),
        graphs="" if has_section(shown) else pieces.piece("graphs", graphs), edit_at=f"/edit/{quote_path(path)}",
    )  # fmt: skip


@get("/runbooks/{service:str}", opt={"act": "read"}, sync_to_thread=True)
def runbook(request: Asks) -> Response[Any]:
    """Leads to the service; fit to be the runbook_url of an alert."""
    book, service = desk_of(request).library.snapshot(), service_in(request)
    name = named_service(book, service)
    return Redirect(f"/services/{name}") if name else no_service(request, book, service)


@get("/r/{alert:str}", opt={"act": "read", "kept": "book"}, sync_to_thread=True)
def section_for_alert(request: Asks) -> Response[Any]:
    """Leads to the section about an alert; fit to be the runbook_url of all alerts, with the alert's name in it."""
    desk, alert = desk_of(request), str(request.path_params["alert"])
    place = alert_place(desk.library, alert)
    if place is None:
        said = f"No page of the book speaks of the alert '{alert[:200]}': none lists it, and no heading names it."
        return looked_for(request, said, alert)
    book = desk.library.snapshot()
    name = name_of(book, place.path)
    at = f"/services/{name}" if name else book_address(place.path)
    return Redirect(f"{at}#{quote(place.anchor)}" if place.anchor else at)


def no_service(request: Asks, book: Book, service: str) -> Response[Any]:
    """What is said where the book has no such service."""
    near = closest(service.lower(), sorted(book.services))
    said = f"The book has no service '{service[:200]}': no runbook is written for it."
    return looked_for(request, said, service, guesses=[(f"/services/{near}", near)] if near else None)


def name_of(book: Book, path: str) -> str:
    """The name of the service whose runbook lies at a path; empty for any other page."""
    return next((name for name, each in book.services.items() if each == path), "")


def health_of(desk: Desk, probe: Probe) -> Health:
    """The health of a probe; unknown before it was asked."""
    return desk.watch.healths().get(probe.key) or Health(probe.key)


def insets_of(desk: Desk, pieces: Pieces, shown: Page, facts: PageFacts, *, graphs: Place) -> list[Inset]:
    """Everything live on the page of a service."""
    found = contacts(desk.library.snapshot(), shown.path, desk.now())
    states = (state_id,) if desk.graphs.is_configured else ()
    return [
        *probe_insets(pieces, _probed(desk, facts)),
        *contact_insets(pieces, found),
        *alert_insets(pieces, shown, _by_name(desk), *states),
        *graph_insets(pieces, shown, graphs, last_hour(desk, graphs.service)),
        *run_insets(pieces, shown, facts, practice_of(desk, shown.path, [p.anchor for p in facts.procedures])),
    ]


def _by_name(desk: Desk) -> dict[str, list[Listed]]:
    """The open alerts by their name, the gravest first; none where the ledger cannot tell them now."""
    found: dict[str, list[Listed]] = {}
    with suppress(Failure):
        for group in grouped(desk.alert_desk.board.look().alerts):
            for each in group.alerts:
                found.setdefault(each.name, []).append(each)
    return found


def _has_alerts(desk: Desk, service: str) -> bool:
    """Whether there are states of alerts to be asked for."""
    return desk.graphs.is_configured and bool(watched_of(desk, service).alerts)


def alerts_of(desk: Desk, service: str) -> list[Group]:
    """The open alerts of a service by group, those that need somebody first."""
    with suppress(Failure):
        alerts = desk.alert_desk.board.look().alerts
        return grouped([each for each in alerts if each.service and each.service.casefold() == service.casefold()])
    return []


def incidents_of(desk: Desk, service: str) -> list[Incident]:
    """The live incidents of a service, the gravest first; none where the ledger cannot tell them now."""
    with suppress(Failure):
        found = desk.incident_desk.incidents.select(is_live=True, service=service)
        return sorted(found, key=lambda each: (each.is_drill, each.severity))
    return []


def _probed(desk: Desk, facts: PageFacts) -> Iterator[tuple[Probe, Health, str]]:
    end = desk.now()
    for number, probe in enumerate(facts.probes):
        buckets = desk.samples.buckets(probe.key, end - LAST, end, POINTS)
        name = probe.name or probe.address
        drawn = chart(buckets, end - LAST, end, name=name, id_=f"ob-chart-{number}") if number < MOST_CHARTS else ""
        yield probe, health_of(desk, probe), drawn


ROUTES = (service_page, runbook, section_for_alert)

"""The first page and the list of services: how everything is, kept true while it is open. Decides nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from litestar import Request, get
from litestar.response import Template

from opsbook.entrypoints.shown.incident_view import STATES as INCIDENT_STATES
from opsbook.entrypoints.shown.run_view import STATES as RUN_STATES
from opsbook.entrypoints.web.alert_pages import WORDS as ALERT_WORDS
from opsbook.entrypoints.web.alert_pages import waking_first
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.incident_pages import incidents_now
from opsbook.entrypoints.web.run_pages import waiting_first
from opsbook.entrypoints.web.turning import Turn, turned
from opsbook.ground.errors import Failure
from opsbook.usecases.activity import Activity, recent_activity
from opsbook.usecases.alert_board import grouped
from opsbook.usecases.desk import Desk
from opsbook.usecases.now import Now, Watched, now
from opsbook.usecases.runs import Brief
from opsbook.usecases.serving_ports import Change
from opsbook.usecases.troubles import troubles

Asks = Request[Any, Any, Any]
LIVE = {"act": "read", "kept": "health"}
STATES = ("unhealthy", "unknown", "healthy")
EVENTS = 200  # of the ledger, looked through for what happened lately
COMMITS = 10
OPEN_RUNS = 50
OPEN_PAGES = 10
OPEN_GROUPS = 5  # of alerts for which nobody is woken
SERVICES = 200  # on one page of the list
ALL = 1_000_000


def now_of(desk: Desk, **limits: Any) -> Now:
    """How everything is at this moment."""
    watched = Watched(desk.watch.probes(), desk.watch.healths())
    return now(desk.library.snapshot(), watched, desk.now(), **limits)


def activity_of(desk: Desk) -> tuple[tuple[Activity, ...], str]:
    """What happened lately, and why commits are missing where git cannot tell them."""
    try:
        events = desk.ledger.after(max(0, desk.ledger.head() - EVENTS), EVENTS)
    except Failure:  # told among the troubles; what else is known is shown all the same
        events = []
    commits: list[Change] = []
    why = ""
    try:
        commits = desk.repository.history(desk.library.book, COMMITS)
    except Failure as wrong:
        why = str(wrong)
    return recent_activity(desk.library.snapshot(), events, commits), why


@get("/", opt=LIVE, sync_to_thread=True)
def now_page(request: Asks) -> Template:
    """The page at the root."""
    desk = desk_of(request)
    activity, unread = activity_of(desk)
    return page(
        request, "now.html", place="Now", found=now_of(desk), troubles=troubles(desk), activity=activity,
        unread=unread, live=incidents_now(desk), incident_states=INCIDENT_STATES, **runs_now(desk),
        **alerts_now(desk),
    )  # fmt: skip


@get("/fragments/now", opt=LIVE, sync_to_thread=True)
def now_fragment(request: Asks) -> Template:
    """What changes of the first page when a probe was read or the book is another."""
    desk = desk_of(request)
    return page(request, "now_services.html", found=now_of(desk), troubles=troubles(desk))


@get("/fragments/incidents", opt={"act": "read"}, sync_to_thread=True)
def incidents_fragment(request: Asks) -> Template:
    """The live incidents, for the first page."""
    desk = desk_of(request)
    return page(request, "now_incidents.html", at=desk.now(), live=incidents_now(desk), incident_states=INCIDENT_STATES)


@get("/fragments/runs", opt={"act": "read"}, sync_to_thread=True)
def runs_fragment(request: Asks) -> Template:
    """The runs that are open, for the first page."""
    desk = desk_of(request)
    return page(request, "now_runs.html", at=desk.now(), **runs_now(desk))


@get("/fragments/alerts", opt={"act": "read"}, sync_to_thread=True)
def alerts_fragment(request: Asks) -> Template:
    """The open alerts and pages, for the first page."""
    desk = desk_of(request)
    return page(request, "now_alerts.html", at=desk.now(), **alerts_now(desk))


def alerts_now(desk: Desk) -> dict[str, Any]:
    """The pages that wake people and the alerts that fire for which none does, the gravest first; none where the ledger
    cannot tell them now."""
    found: dict[str, Any] = {"groups": [], "pages_now": [], "open_count": 0, **ALERT_WORDS}
    with suppress(Failure):
        looked = desk.alert_desk.board.look()
        pages = waking_first(desk.alert_desk.pages.select(is_open=True, limit=OPEN_PAGES))
        woken = {each.id for each in pages}
        fire = [each for each in looked.alerts if each.status in ("firing", "stale") and each.page not in woken]
        found |= {"groups": grouped(fire)[:OPEN_GROUPS], "pages_now": pages, "open_count": len(looked.alerts)}
    return found


def runs_now(desk: Desk) -> dict[str, Any]:
    """The runs that are open, those that wait for somebody first; none where the ledger cannot tell them now."""
    found: list[Brief] = []
    with suppress(Failure):
        found = waiting_first(desk.runs.briefs(is_open=True, limit=OPEN_RUNS))
    return {"opened": found, "run_states": RUN_STATES}


@get("/fragments/activity", opt=LIVE, sync_to_thread=True)
def activity_fragment(request: Asks) -> Template:
    """What happened lately, for the first page."""
    desk = desk_of(request)
    activity, unread = activity_of(desk)
    return page(request, "now_activity.html", activity=activity, unread=unread, at=desk.now())


@get("/services", opt=LIVE, sync_to_thread=True)
def services_page(request: Asks) -> Template:
    """All services, or those of one state."""
    return page(request, "services.html", place="Now", **_services(request))


@get("/fragments/services", opt=LIVE, sync_to_thread=True)
def services_fragment(request: Asks) -> Template:
    """The list of services alone."""
    return page(request, "services_list.html", **_services(request))


def _services(request: Asks) -> dict[str, Any]:
    state = request.query_params.get("state", "")
    states = (state,) if state in STATES else ()
    found = now_of(desk_of(request), most=ALL, states=states)
    part, turn = turned(request, found.services, SERVICES)
    return {"found": found, "services": part, "turn": turn, "state": state if states else "", "states": STATES,
            "query": _query(state if states else "", turn)}  # fmt: skip


def _query(state: str, turn: Turn) -> str:
    return f"?state={state}&page={turn.number}"


ROUTES = (now_page, now_fragment, incidents_fragment, alerts_fragment, runs_fragment, activity_fragment, services_page,
          services_fragment)  # fmt: skip

"""The lists of the book by the API: now, coverage, procedures, monitoring, incidents. Makes none of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from opsbook.book.alert_coverage import coverage_summary
from opsbook.entrypoints.api import list_models as models
from opsbook.entrypoints.api.book import service_of
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.web.answering import desk_of
from opsbook.entrypoints.web.graph_insets import watched_of
from opsbook.usecases.activity import activity_model, recent_activity
from opsbook.usecases.alert_files import covered, gather
from opsbook.usecases.contacts import contacts, contacts_model
from opsbook.usecases.coverage import CoverageReport, coverage_model
from opsbook.usecases.coverage_map import CoverageMap, coverage_map, coverage_map_model, covered_services
from opsbook.usecases.deployed import without_runbook
from opsbook.usecases.desk import Desk
from opsbook.usecases.discovery import discover, discovery_model
from opsbook.usecases.graphs import SPANS, graphs_model
from opsbook.usecases.library import Book
from opsbook.usecases.monitoring import monitoring, monitoring_model
from opsbook.usecases.now import Watched, now_model
from opsbook.usecases.now import now as state_now
from opsbook.usecases.practice_report import practice_report
from opsbook.usecases.procedures import procedures, procedures_model
from opsbook.wire import build_seed

EVENTS = 200  # of the ledger, looked through for what happened lately
COMMITS = 50
DISCOVERY_S = 10.0  # how long who asks waits for what is deployed


class NowQuery(Struct, forbid_unknown_fields=True):
    """Which services are asked for."""

    state: Annotated[
        Literal["unhealthy", "unknown", "healthy"], Meta(description="Only services in this state.")
    ] | None = None  # fmt: skip
    limit: Annotated[int, Meta(ge=1, le=5_000, description="How many services at most; all are counted.")] = 500


@operation("GET", "/now", models.NowModel, query=NowQuery, group="lists")
def now(request: Asks, query: NowQuery) -> dict[str, Any]:
    """How every service is, unhealthy ones first"""
    desk = desk_of(request)
    watched = Watched(desk.watch.probes(), desk.watch.healths())
    states = () if query.state is None else (query.state,)
    return now_model(state_now(desk.library.snapshot(), watched, desk.now(), most=query.limit, states=states))


@operation("GET", "/activity", models.ActivityModel, group="lists")
def activity(request: Asks) -> dict[str, Any]:
    """What happened lately: commits, and events of the ledger that are for everybody"""
    desk = desk_of(request)
    events = desk.ledger.after(max(0, desk.ledger.head() - EVENTS), EVENTS)
    commits = desk.repository.history(desk.library.book, COMMITS)
    return activity_model(recent_activity(desk.library.snapshot(), events, commits))


@operation("GET", "/coverage", models.Coverage, group="lists")
def coverage(request: Asks) -> dict[str, Any]:
    """Services × expected sections, alerts × pages, as the command line's coverage tells them"""
    desk = desk_of(request)
    book = desk.library.snapshot()
    facts = book.facts.values()
    services = covered_services(book)
    services += without_runbook(desk.deployed.services(), services)
    alerting = desk.scope().alerting
    gathered = gather(desk.rule_files, alerting)
    outlines = sorted((each.outline for each in facts), key=lambda outline: outline.path)
    alerts = covered(gathered, outlines, alerting, desk.library.book)
    around = desk.library.around()
    practice = practice_report(outlines, around.settings.practised, around.today, around.settings.practised_days)
    summary = coverage_summary(alerts)
    return coverage_model(CoverageReport(tuple(services), alerts, summary, gathered.findings, practice))


def _coverage_map(desk: Desk, book: Book) -> CoverageMap:
    alerting, around = desk.scope().alerting, desk.library.around()
    deployed = desk.deployed.services()
    return coverage_map(book, desk.rule_files, alerting, desk.library.book, around=around, deployed=deployed)


@operation("GET", "/coverage/map", models.CoverageMapModel, group="lists")
def cells(request: Asks) -> dict[str, Any]:
    """The map of sections, each cell with its line, and what is to be mended by owner and by rule"""
    desk = desk_of(request)
    book = desk.library.snapshot()
    return coverage_map_model(_coverage_map(desk, book))


@operation("GET", "/discovery", models.Discovered, group="lists")
def discovery(request: Asks) -> dict[str, Any]:
    """What is deployed, against the runbooks: what has none, what one lacks, what it says otherwise"""
    desk = desk_of(request)
    known, settings = desk.deployed.known(DISCOVERY_S), desk.scope().settings
    return discovery_model(discover(desk.library, build_seed(), known, settings, today=desk.now().date()))


@operation("GET", "/procedures", models.ProceduresModel, group="lists")
def procedure_list(request: Asks) -> dict[str, Any]:
    """Every procedure: how many steps it has, and how many run as written"""
    return procedures_model(procedures(_book(request)))


@operation("GET", "/monitoring", models.MonitoringModel, group="lists")
def monitoring_list(request: Asks) -> dict[str, Any]:
    """Metrics, alerts, dashboards and logs as the pages tell them"""
    desk = desk_of(request)
    return monitoring_model(monitoring(desk.library.snapshot(), desk.scope().settings.severities))


@operation("GET", "/services/{service}/contacts", models.ContactsModel, group="lists")
def contact_list(request: Asks) -> dict[str, Any]:
    """The contacts of a service's runbook, and whom they reach now"""
    desk = desk_of(request)
    return contacts_model(contacts(desk.library.snapshot(), service_of(request)[1], desk.now()))


class GraphsQuery(Struct, forbid_unknown_fields=True):
    """How far back graphs reach."""

    range: Annotated[Literal["1h", "6h", "24h", "7d"], Meta(description="How far back.")] = "1h"


@operation("GET", "/services/{service}/graphs", models.GraphsModel, query=GraphsQuery, group="lists")
def graph_list(request: Asks, query: GraphsQuery) -> dict[str, Any]:
    """The graphs of a service from Prometheus: their lines, the thresholds of alerts, and the states of those"""
    desk = desk_of(request)
    found = watched_of(desk, service_of(request)[0])
    return graphs_model(desk.graphs.look(found.graphs, SPANS[query.range]), desk.graphs.states(), found)


def _book(request: Asks) -> Any:
    return desk_of(request).library.snapshot()


ROUTES = (
    now, activity, coverage, cells, discovery, procedure_list, monitoring_list, contact_list, graph_list,
)  # fmt: skip

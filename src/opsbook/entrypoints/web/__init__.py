"""The web door: what is answered at which address. Translates and answers; decides nothing.

A module of pages has ROUTES. Each route names its act in `opt`, and whether its answer may be kept: `kept="book"` as
long as the book is the same, `kept="health"` as long as no probe was read and nothing was recorded either.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import wraps
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig
from litestar.types import LifeSpanScope, Scope

from opsbook.book.plan_words import length_words
from opsbook.book.rendering import book_address
from opsbook.config import Config
from opsbook.entrypoints.gates.asked import Doorkeeper
from opsbook.entrypoints.gates.edge import Edge
from opsbook.entrypoints.gates.kept import Kept
from opsbook.entrypoints.gates.meter import Meter
from opsbook.entrypoints.gates.names import keep_whole
from opsbook.entrypoints.gates.origins import Origins
from opsbook.entrypoints.gates.overload import Overload
from opsbook.entrypoints.gates.peers import Peers
from opsbook.entrypoints.guard import guard
from opsbook.entrypoints.hosts import LOOPBACK
from opsbook.entrypoints.incident_feed import IncidentFeed
from opsbook.entrypoints.refused_senders import RefusedSenders
from opsbook.entrypoints.shown.timeline_view import ShownEntry
from opsbook.entrypoints.streams import Streams
from opsbook.entrypoints.web import (
    account,
    account_contacts,
    ack_pages,
    action_pages,
    alert_acts,
    alert_pages,
    assets,
    book_pages,
    calendars,
    coverage_pages,
    drill_pages,
    edit_pages,
    engine_health,
    figure_pages,
    files,
    graph_pages,
    incident_acts,
    incident_chat,
    incident_declare,
    incident_pages,
    incident_timeline,
    inlet_pages,
    live,
    machines,
    maintenance_pages,
    monitoring_pages,
    now_pages,
    oncall_pages,
    paging_pages,
    path_pages,
    people,
    procedure_pages,
    proposal_pages,
    provider,
    report_pages,
    run_acts,
    run_console,
    run_pages,
    run_start,
    run_transcripts,
    search_pages,
    service_pages,
    sign_in,
    silence_pages,
    status_pages,
    subscription_pages,
    update_pages,
)
from opsbook.entrypoints.web.shown_once import ShownOnce
from opsbook.entrypoints.web.wrong import EXCEPTIONS
from opsbook.usecases.desk import Desk

TEMPLATES = os.path.join(os.path.dirname(os.path.dirname(__file__)), "templates")
LARGEST_BODY = 4 * 1024 * 1024  # bytes; a page of the book may have as many
MODULES = (
    account,
    account_contacts,
    ack_pages,
    action_pages,
    alert_acts,
    alert_pages,
    assets,
    book_pages,
    calendars,
    coverage_pages,
    drill_pages,
    edit_pages,
    figure_pages,
    files,
    graph_pages,
    incident_acts,
    incident_declare,
    incident_pages,
    incident_chat,
    incident_timeline,
    inlet_pages,
    live,
    engine_health,
    machines,
    maintenance_pages,
    monitoring_pages,
    now_pages,
    oncall_pages,
    paging_pages,
    path_pages,
    people,
    procedure_pages,
    proposal_pages,
    provider,
    report_pages,
    run_acts,
    run_console,
    run_pages,
    run_start,
    run_transcripts,
    search_pages,
    service_pages,
    sign_in,
    silence_pages,
    status_pages,
    subscription_pages,
    update_pages,
)


class App(Litestar):
    """Litestar without what it would import for pydantic and attrs, a tenth of a second where they are installed; the
    names that senders chose are one piece of a path, whatever letters are in them."""

    async def __call__(self, scope: Scope | LifeSpanScope, receive: Any, send: Any) -> None:
        if scope["type"] == ScopeType.HTTP:
            keep_whole(scope)
        await super().__call__(scope, receive, send)

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def build_app(config: Config, desk: Desk, *, listening_on: str = "127.0.0.1") -> Edge:
    """The web application for one desk; `listening_on` is the host that it is served at."""
    keeper = Doorkeeper(desk.accounts, ledger_name=config.db, reads_are_open=reads_are_open(config, listening_on))
    peers = Peers(config.trusted_proxies, config.place("serve.trusted_proxies"))
    streams, meter, built = Streams(desk), Meter(), assets.Assets()
    state = {"desk": desk, "config": config, "keeper": keeper, "streams": streams, "meter": meter, "assets": built,
             "shown_once": ShownOnce(), "refused": RefusedSenders(), "started": desk.now()}  # fmt: skip
    engine = _engine(built)
    streams.feed = IncidentFeed(desk.incident_desk.timelines, _entry_writer(engine), streams.hand)
    app = App(
        route_handlers=[in_thread(route) for route in routes()],
        template_config=TemplateConfig(instance=engine),
        guards=[guard],
        exception_handlers=EXCEPTIONS,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=LARGEST_BODY,
        state=State(state, deep_copy=False),
        lifespan=[_listening],
    )
    kept = Kept(_stamps(desk, streams))
    return Edge(
        Overload(app), keeper=keeper, peers=peers, origins=Origins(config.public_url), kept=kept,
        meter=meter, close_streams=streams.close,
    )  # fmt: skip


def routes() -> list[HTTPRouteHandler]:
    """Every route of the door."""
    from opsbook.entrypoints.api import ROUTES as API  # inside: they answer with what this package shares
    from opsbook.entrypoints.inlets import ROUTES as INLETS

    return [*API, *INLETS, *(route for module in MODULES for route in module.ROUTES)]


def in_thread(route: HTTPRouteHandler) -> HTTPRouteHandler:
    """The route, which runs in a thread where it says so.

    Litestar's own way wraps a function once for each other route of the same address, and a function that is wrapped
    twice answers with a coroutine.
    """
    if route.sync_to_thread:
        function = route.fn

        @wraps(function)
        async def run(*arguments: Any, **named: Any) -> Any:
            return await asyncio.to_thread(function, *arguments, **named)

        route._fn = run
        route.sync_to_thread = None
    return route


def reads_are_open(config: Config, listening_on: str) -> bool:
    """Whether nobody in particular may read: on loopback alone, and not where a proxy brings others there."""
    return listening_on in LOOPBACK and not config.public_url and not config.trusted_proxies


def _stamps(desk: Desk, streams: Streams) -> dict[str, Any]:
    # What is stale or due depends on the day, who is on call on the minute.
    def minute() -> datetime:
        return desk.now().replace(second=0, microsecond=0)

    return {
        "book": lambda: (desk.library.snapshot().number, streams.position, desk.now().date()),
        "coverage": lambda: (
            desk.library.snapshot().number, streams.position, desk.now().date(), desk.deployed.looks,
        ),
        "health": lambda: (
            desk.library.snapshot().number, streams.readings, streams.position, minute(), desk.library.trouble(),
            *desk.watch.troubles().values(),
        ),
    }  # fmt: skip


def _engine(built: assets.Assets) -> JinjaTemplateEngine:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, auto_reload=False, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals["asset"] = built.address
    environment.globals["book_address"] = book_address
    environment.globals["length_words"] = length_words
    return JinjaTemplateEngine(engine_instance=environment)


def _entry_writer(engine: JinjaTemplateEngine) -> Callable[[ShownEntry], str]:
    """What writes an entry of a timeline as the page itself does."""
    entry = cast(Any, engine.engine.get_template("timeline_parts.html").module).entry
    return lambda one: str(entry(one))


@asynccontextmanager
async def _listening(app: Litestar) -> AsyncIterator[None]:
    streams: Streams = app.state["streams"]
    streams.open()
    try:
        yield
    finally:
        streams.close()



"""Opsgenie's Alert API at its own addresses, answered in its own words: `Authorization: GenieKey TOKEN` of an inlet.

Every change is taken as a signal and done once it is routed, as there: 202 once it is synced, and `/requests/ID` tells
what became of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

from litestar import HttpMethod, Response, route
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import HTTPRouteHandler

from opsbook.entrypoints.gates.names import name_in
from opsbook.entrypoints.inlets.receiving import LARGEST_BODY, Asks, kept, shown_token, source_of
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.alert import Alert
from opsbook.ledger.inbound.opsgenie import Taken, read_action, read_create
from opsbook.ledger.signal import Source
from opsbook.usecases import opsgenie_view as view
from opsbook.usecases.authority import PUBLIC

KIND = "opsgenie"
POSTED = ("close", "acknowledge", "unacknowledge", "snooze", "notes", "assign", "escalate", "responders", "teams",
          "tags", "details")  # fmt: skip
PUT = ("message", "description", "priority")
_MOST_NOTES = 100


def _route(path: str, method: HttpMethod, status: int = 200) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    return route(path, http_method=[method], opt={"act": PUBLIC}, status_code=status,
                 request_max_body_size=LARGEST_BODY)  # fmt: skip


@_route("/v2/alerts", HttpMethod.POST, 202)
async def create(request: Asks) -> Response[Any]:
    """Takes a new alert."""
    body = await request.body()
    return await _taken(request, read_create(body, str(uuid4())), body)


def _acting(action: str, method: HttpMethod, path: str) -> HTTPRouteHandler:
    async def act(request: Asks) -> Response[Any]:
        named = name_in(request.scope, "/v2/alerts/")
        source = await _source(request)
        if isinstance(source, Response):
            return source
        by = str(request.query_params.get("identifierType", "id"))
        alert, alias = None, named
        if by != "alias" or action == "escalate":
            alert = await asyncio.to_thread(_view(request).found, source, named, by)
            alias = alert.key if alert is not None else named
        body = await request.body()
        query = {name: str(value) for name, value in request.query_params.items() if name != "identifierType"}
        extra = {"action": str(request.path_params["action"])} if action == "actions" else {}
        found = read_action(action, alias, body, {**query, **extra})
        answer = await _taken(request, found, body)
        if action == "escalate" and alert is not None and not found.errors and not source.is_paused:
            await asyncio.to_thread(_passed_on, request, alert, found)
        return answer

    act.__doc__ = f"Takes '{action}' for one alert."
    act.__name__ = action
    return _route(path, method, 202)(act)


@_route("/v2/alerts/requests/{asked:str}", HttpMethod.GET)
async def request_status(request: Asks) -> Response[Any]:
    """What became of a request; 404 where it was not routed yet, as there."""
    source = await _source(request)
    if isinstance(source, Response):
        return source
    told = await asyncio.to_thread(_view(request).request_status, str(request.path_params["asked"]))
    if told is None:
        return _answer({"message": "Request not found. It might not be processed, yet."}, 404)
    return _answer({"data": told})


@_route("/v2/alerts", HttpMethod.GET)
async def listed(request: Asks) -> Response[Any]:
    """Alerts, by query, some at a time."""
    source = await _source(request)
    if isinstance(source, Response):
        return source
    try:
        alerts = await asyncio.to_thread(_view(request).selected, _asked(request, "query"))
        offset = max(int(_asked(request, "offset") or 0), 0)
        limit = min(max(int(_asked(request, "limit") or 20), 1), view.MOST)
    except (Usage, ValueError) as wrong:
        return _unprocessable({"query": str(wrong)})
    if _asked(request, "order") == "asc":
        alerts.reverse()
    page = [view.model(alert) for alert in alerts[offset : offset + limit]]
    return _answer({"data": page, "paging": {}})


@_route("/v2/alerts/count", HttpMethod.GET)
async def count(request: Asks) -> Response[Any]:
    """How many alerts a query finds."""
    source = await _source(request)
    if isinstance(source, Response):
        return source
    try:
        alerts = await asyncio.to_thread(_view(request).selected, _asked(request, "query"))
    except Usage as wrong:
        return _unprocessable({"query": str(wrong)})
    return _answer({"data": {"count": len(alerts)}})


@_route("/v2/alerts/{named:str}", HttpMethod.GET)
async def shown(request: Asks) -> Response[Any]:
    """One alert."""
    named = name_in(request.scope, "/v2/alerts/")
    alert = await _found(request, named)
    return alert if isinstance(alert, Response) else _answer({"data": view.model(alert)})


@_route("/v2/alerts/{named:str}/notes", HttpMethod.GET)
async def notes(request: Asks) -> Response[Any]:
    """What was written to one alert."""
    named = name_in(request.scope, "/v2/alerts/")
    alert = await _found(request, named)
    if isinstance(alert, Response):
        return alert
    told = [
        {"note": each.text, "owner": each.by, "createdAt": each.at.isoformat(), "offset": str(place)}
        for place, each in enumerate(alert.notes[:_MOST_NOTES])
    ]
    return _answer({"data": told, "paging": {}})


@route("/v2/heartbeats/{name:str}/ping", http_method=[HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT],
       opt={"act": PUBLIC}, status_code=202)  # fmt: skip
async def ping(request: Asks) -> Response[Any]:
    """Notes that something called."""
    name = str(request.path_params["name"])
    source = await _source(request)
    if isinstance(source, Response):
        return source
    try:
        await asyncio.to_thread(desk_of(request).alert_desk.heartbeats.beat, name)
    except Usage as wrong:
        return _answer({"message": str(wrong)}, 404)
    return _answer({"result": "PONG - Heartbeat received"}, 202)


def _view(request: Asks) -> view.OpsgenieView:
    return desk_of(request).alert_desk.opsgenie


async def _source(request: Asks) -> Source | Response[Any]:
    try:
        return await source_of(request, KIND)
    except NotAuthorizedException:
        return _answer({"message": "Could not authenticate"}, 401)


async def _found(request: Asks, named: str) -> Any:
    source = await _source(request)
    if isinstance(source, Response):
        return source
    by = _asked(request, "identifierType") or "id"
    alert = await asyncio.to_thread(_view(request).found, source, named, by)
    return alert if alert is not None else _answer({"message": f"No alert exists with {by} [{named[:100]}]"}, 404)


def _passed_on(request: Asks, alert: Alert, found: Taken) -> None:
    """The page of an alert goes on to its next level; there need be none that can."""
    signal = found.batch.signals[0]
    with suppress(Usage, Refusal):
        pages = desk_of(request).alert_desk.pages
        pages.escalate(alert.page, signal.by or "its sender", via=KIND, why=signal.note)


async def _taken(request: Asks, found: Taken, body: bytes) -> Response[Any]:
    source = await _source(request)
    if isinstance(source, Response):
        return source
    receiving = desk_of(request).alert_desk.receiving
    # Each request is told apart by its sender, who may ask what became of it: none is only a repeat.
    receiving.forget(source.group, found.alias)
    secrets = [key for key in (shown_token(request),) if key]
    receipt = await kept(request, source, found.batch, body, secrets=secrets)
    if found.errors:
        return _unprocessable(found.errors)
    asked = view.request_id(receipt.batch) if receipt.batch else str(uuid4())
    return _answer({"result": "Request will be processed"}, 202, asked)


def _unprocessable(errors: dict[str, str]) -> Response[Any]:
    return _answer({"message": "Request body is not processable. Please check the errors.", "errors": errors}, 422)


def _answer(content: dict[str, Any], status: int = 200, request_id: str = "") -> Response[Any]:
    return Response({**content, "took": 0.001, "requestId": request_id or str(uuid4())}, status_code=status)


def _asked(request: Asks, name: str) -> str:
    value = request.query_params.get(name, "")
    return value if isinstance(value, str) else ""


_ONE = "/v2/alerts/{named:str}"
ROUTES = (
    create,
    request_status,
    listed,
    count,
    shown,
    notes,
    ping,
    *(_acting(action, HttpMethod.POST, f"{_ONE}/{action}") for action in POSTED),
    *(_acting(action, HttpMethod.PUT, f"{_ONE}/{action}") for action in PUT),
    _acting("actions", HttpMethod.POST, _ONE + "/actions/{action:str}"),
    _acting("delete", HttpMethod.DELETE, _ONE),
)

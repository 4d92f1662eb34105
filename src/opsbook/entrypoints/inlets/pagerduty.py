"""PagerDuty's Events API: `POST /v2/enqueue`, `/v2/change/enqueue` and the older create_event.json, answered in its
own words. The routing key is the token of an inlet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from litestar import HttpMethod, Response, route
from litestar.exceptions import NotAuthorizedException

from opsbook.entrypoints.inlets.receiving import LARGEST_BODY, Asks, kept, source_of
from opsbook.ledger.inbound.pagerduty import Enqueued, read_change, read_create_event, read_event
from opsbook.ledger.signal import Source
from opsbook.usecases.authority import PUBLIC

Read = Callable[[bytes, str], Enqueued]


@route("/v2/enqueue", http_method=[HttpMethod.POST], opt={"act": PUBLIC}, status_code=202,
       request_max_body_size=LARGEST_BODY)  # fmt: skip
async def enqueue(request: Asks) -> Response[Any]:
    """Takes one event; 202 once it is synced."""
    found = await _taken(request, read_event)
    return _refused(found) if found.errors else _processed({"dedup_key": found.dedup_key})


@route("/v2/change/enqueue", http_method=[HttpMethod.POST], opt={"act": PUBLIC}, status_code=202,
       request_max_body_size=LARGEST_BODY)  # fmt: skip
async def change(request: Asks) -> Response[Any]:
    """Takes one change event; 202 once it is synced."""
    found = await _taken(request, read_change)
    if found.errors:
        return _refused(found)
    return Response({"status": "success", "message": "Change event processed"}, status_code=202)


@route("/generic/2010-04-15/create_event.json", http_method=[HttpMethod.POST], opt={"act": PUBLIC}, status_code=200,
       request_max_body_size=LARGEST_BODY)  # fmt: skip
async def create_event(request: Asks) -> Response[Any]:
    """Takes one event of the older form; 2xx once it is synced."""
    found = await _taken(request, read_create_event)
    if found.errors:
        return _refused(found)
    answer = {"status": "success", "message": "Event processed", "incident_key": found.dedup_key}
    return Response(answer, status_code=200)


async def _taken(request: Asks, read: Read) -> Enqueued:
    body = await request.body()
    found = read(body, uuid4().hex)
    try:
        source: Source = await source_of(request, "pagerduty", token=found.routing_key)
    except NotAuthorizedException:  # its senders know no other answer for a wrong key
        return Enqueued(found.batch, "", "", ("Invalid routing key",))
    await kept(request, source, found.batch, body, secrets=[key for key in (found.routing_key,) if key])
    return found


def _processed(more: dict[str, str]) -> Response[Any]:
    return Response({"status": "success", "message": "Event processed", **more}, status_code=202)


def _refused(found: Enqueued) -> Response[Any]:
    answer = {"status": "invalid event", "message": "Event object is invalid", "errors": list(found.errors)}
    return Response(answer, status_code=400)


ROUTES = (enqueue, change, create_event)

"""`GET` and `POST /inlets/heartbeats/{name}`: something calls to say that it lives. Waits for nobody."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import HttpMethod, Response, route
from litestar.exceptions import NotFoundException

from opsbook.entrypoints.inlets.receiving import Asks, source_of
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Usage
from opsbook.usecases.authority import PUBLIC

LARGEST_BODY = 1024 * 1024  # bytes; what a job prints may come along, and is not kept


@route(
    ["/inlets/heartbeats/{name:str}", "/inlets/heartbeats/{name:str}/{token:str}"],
    http_method=[HttpMethod.GET, HttpMethod.POST], opt={"act": PUBLIC}, status_code=200,
    request_max_body_size=LARGEST_BODY,
)  # fmt: skip
async def beat(request: Asks) -> Response[Any]:
    """Notes that it called."""
    await source_of(request, "heartbeat")
    name = str(request.path_params["name"])
    try:
        found = await asyncio.to_thread(desk_of(request).alert_desk.heartbeats.beat, name)
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong
    return Response({"heartbeat": found.name, "state": found.state}, headers={"Cache-Control": "no-store"})


ROUTES = (beat,)

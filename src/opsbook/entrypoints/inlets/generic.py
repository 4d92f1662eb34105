"""`POST /inlets/generic/{name}`: JSON of any shape, read by the mapping of that inlet. Guesses where it has none."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import HttpMethod, Response, route

from opsbook.entrypoints.inlets.receiving import LARGEST_BODY, Asks, answered, taken
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ledger.inbound import generic
from opsbook.usecases.authority import PUBLIC


@route(
    ["/inlets/generic/{name:str}", "/inlets/generic/{name:str}/{token:str}"],
    http_method=[HttpMethod.POST, HttpMethod.PUT], opt={"act": PUBLIC}, status_code=200,
    request_max_body_size=LARGEST_BODY,
)  # fmt: skip
async def webhook(request: Asks) -> Response[Any]:
    """Takes one body; 2xx once it is synced."""
    name = str(request.path_params["name"])
    mapping = desk_of(request).alert_desk.inlets.mapping_of(name)
    return answered(await taken(request, "generic", partial(generic.parse, by=mapping), name=name))


ROUTES = (webhook,)

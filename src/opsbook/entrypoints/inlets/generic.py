"""`POST /inlets/generic/{name}`: JSON of any shape, read by the mapping of that inlet. Guesses where it has none."""

from __future__ import annotations

from typing import Any

from litestar import HttpMethod, Response, route

from opsbook.entrypoints.inlets.receiving import LARGEST_BODY, Asks, answered, taken
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ledger.inbound import generic
from opsbook.ledger.signal import Batch
from opsbook.usecases.authority import PUBLIC


@route(
    ["/inlets/generic/{name:str}", "/inlets/generic/{name:str}/{token:str}"],
    http_method=[HttpMethod.POST, HttpMethod.PUT], opt={"act": PUBLIC}, status_code=200,
    request_max_body_size=LARGEST_BODY,
)  # fmt: skip
async def webhook(request: Asks) -> Response[Any]:
    """Takes one body; 2xx once it is synced."""
    name = str(request.path_params["name"])
    inlets = desk_of(request).alert_desk.inlets

    def parse(body: bytes) -> Batch:
        return generic.parse(body, inlets.mapping_of(name))  # as it is once who sends is known

    return answered(await taken(request, "generic", parse, name=name))


ROUTES = (webhook,)

"""`POST /inlets/cloudevents`: events of anything that speaks CloudEvents 1.0. Passes none of them on."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Response, post

from opsbook.entrypoints.inlets.receiving import LARGEST_BODY, Asks, answered, taken, told_headers
from opsbook.ledger.inbound import cloudevents
from opsbook.usecases.authority import PUBLIC


@post(
    ["/inlets/cloudevents", "/inlets/cloudevents/{token:str}"], opt={"act": PUBLIC}, status_code=200,
    request_max_body_size=LARGEST_BODY,
)  # fmt: skip
async def events(request: Asks) -> Response[Any]:
    """Takes one event, or a batch of them; 2xx once they are synced."""
    parse = partial(cloudevents.parse, headers=told_headers(request))
    return answered(await taken(request, "cloudevents", parse))


ROUTES = (events,)

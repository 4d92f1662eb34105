"""`POST` and `PUT /inlets/grafana`: the address of a webhook contact point of Grafana. Serves nothing of its API."""

from __future__ import annotations

from typing import Any

from litestar import HttpMethod, Response, route

from opsbook.entrypoints.inlets.receiving import LARGEST_BODY, Asks, answered, taken
from opsbook.ledger.inbound import grafana
from opsbook.usecases.authority import PUBLIC


@route(
    ["/inlets/grafana", "/inlets/grafana/{token:str}"], http_method=[HttpMethod.POST, HttpMethod.PUT],
    opt={"act": PUBLIC}, status_code=200, request_max_body_size=LARGEST_BODY,
)  # fmt: skip
async def webhook(request: Asks) -> Response[Any]:
    """Takes one notification of a group; 2xx once it is synced."""
    return answered(await taken(request, "grafana", grafana.parse))


ROUTES = (webhook,)

"""`POST /inlets/alertmanager`: the address that Alertmanager's webhook_configs name. Serves none of its own API."""

from __future__ import annotations

from typing import Any

from litestar import Response, post

from opsbook.entrypoints.inlets.receiving import LARGEST_BODY, Asks, answered, taken
from opsbook.ledger.inbound import alertmanager
from opsbook.usecases.authority import PUBLIC


@post(
    ["/inlets/alertmanager", "/inlets/alertmanager/{token:str}"], opt={"act": PUBLIC}, status_code=200,
    request_max_body_size=LARGEST_BODY,
)  # fmt: skip
async def webhook(request: Asks) -> Response[Any]:
    """Takes one notification of a group; 2xx once it is synced."""
    return answered(await taken(request, "alertmanager", alertmanager.parse))


ROUTES = (webhook,)

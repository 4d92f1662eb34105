"""The one guard of all routes: each names its act, and this asks `authority` whether whoever came may do it.

`opt={"act": "read"}` stands on every route; a route without an act is refused to everybody, which a test sees.
"""

from __future__ import annotations

import hmac
from typing import Any, cast

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from opsbook.entrypoints.gates.asked import Asked, asked
from opsbook.entrypoints.gates.origins import CHANGES
from opsbook.entrypoints.web.forms import fields_of, let_go
from opsbook.ground.errors import Failure
from opsbook.usecases.authority import PUBLIC, decide

CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"
FORGED = (
    "This form does not carry the token of your session, perhaps because you signed in anew meanwhile."
    " Reload the page it stands on and try again; what you wrote is still in it."
)
ASK_FOR_TOKEN = {"WWW-Authenticate": 'Bearer realm="Opsbook"'}


async def guard(connection: ASGIConnection[Any, Any, Any, Any], route: BaseRouteHandler) -> None:
    """Lets the request pass, or raises what answers 401 or 403; asked by Litestar before every route."""
    request = cast("Request[Any, Any, Any]", connection)  # there are no web sockets here
    if request.scope["method"] == "OPTIONS":  # it tells which methods a route has, and nothing else
        return
    who = asked(request.scope)
    act = str(route.opt.get("act", ""))
    decision = decide(who.actor, act, reads_are_open=who.reads_are_open)
    if who.trouble and not decision.is_allowed:
        raise Failure(f"Who asks cannot be told now. {who.trouble}", retryable=True)
    if decision.needs_sign_in or (not decision.is_allowed and who.actor is None):
        raise NotAuthorizedException(who.why or decision.why, headers=ASK_FOR_TOKEN)
    if not decision.is_allowed:
        raise PermissionDeniedException(decision.why)
    if request.scope["method"] in CHANGES and act != PUBLIC and is_by_session(who):
        await _check_form(request, who)


def is_by_session(who: Asked) -> bool:
    """Whether a browser proved who asks, so that another page may have made it do so."""
    return who.actor is not None and who.actor.via == "session"


async def _check_form(request: Request[Any, Any, Any], who: Asked) -> None:
    shown = request.headers.get(CSRF_HEADER, "")
    if not shown:
        shown = (await fields_of(request)).get(CSRF_FIELD, "")
    if not hmac.compare_digest(shown.encode(), who.csrf.encode()):
        await let_go(request)
        raise PermissionDeniedException(FORGED)

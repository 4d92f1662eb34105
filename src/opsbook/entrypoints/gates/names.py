"""Names in addresses that hold a slash of their own (`/v2/alerts/a%2Fb/close`): one piece of the path for the router,
which sees the path only once it is decoded. Knows no route but by its beginning.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

PATHS = ("/v2/alerts/",)  # where a name is whatever its sender chose
_SLASH = re.compile(rb"%2f", re.I)


class WholeNames:
    """An ASGI application that passes requests on; a slash that belongs to a name parts nothing for the router. What
    the name is tells `name_in`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] == ScopeType.HTTP and scope["path"].startswith(PATHS):
            asks: Any = scope
            asks["path"] = unquote(_SLASH.sub(b"_", _raw(asks)).decode("latin-1"))
        await self.app(scope, receive, send)


def name_in(scope: Any, before: str) -> str:
    """The name that follows these words in the path of a request, as its sender means it."""
    return unquote(_raw(scope).partition(before.encode())[2].partition(b"/")[0].decode("latin-1"))


def _raw(scope: Any) -> bytes:
    return bytes(scope["raw_path"]).partition(b"?")[0]

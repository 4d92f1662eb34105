"""Which Host headers are ours: keeps pages of other sites from reaching the server by a name of theirs.

A browser that is led to a name whose owner then points it at 127.0.0.1 (DNS rebinding) still sends that name.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from litestar import Request, Response
from litestar.types import ASGIApp, Receive, Scope, Send

from opsbook.entrypoints.problems import PROBLEM, problem
from opsbook.ground.host_port import host_and_port

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
DETAIL = "This server does not answer to that host name. Use the address that it printed."
GATED = ("http", "websocket")  # the third kind of scope, lifespan, is the server's own and has no Host
EVERYWHERE = frozenset({"0.0.0.0", "::", ""})


def host_of(header: str) -> str:
    """The host in a Host header, without its port and brackets, in lower case; empty for what is no host and port."""
    found = host_and_port(header.strip())
    return found[0] if found else ""


class HostGate:
    """An ASGI application that answers 421 to a Host which is not ours, and passes the rest on."""

    def __init__(self, app: ASGIApp, listening_on: str, others: Iterable[str] = ()) -> None:
        self.app = app
        self.is_open = listening_on in EVERYWHERE
        own = socket.gethostname() if self.is_open else listening_on
        further = {each.lower() if _is_address(each) else host_of(each) for each in others}
        self.known = LOOPBACK | {own.lower()} | further - {""}

    def admits(self, header: str) -> bool:
        """True for loopback, the address listened on and `others`; where that is every address, any bare one too.

        A bare address cannot be rebound, so it is safe to admit where we do not know our own.
        """
        host = host_of(header)
        return host in self.known or (self.is_open and _is_address(host))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers it with 421 Misdirected Request."""
        if scope["type"] not in GATED or self.admits(_header(scope)):
            await self.app(scope, receive, send)
            return
        response = Response(problem(421, DETAIL), status_code=421, media_type=PROBLEM)
        await response.to_asgi_response(None, Request(scope))(scope, receive, send)


def _header(scope: Scope) -> str:
    values = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name == b"host"]
    return values[0] if len(values) == 1 else ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

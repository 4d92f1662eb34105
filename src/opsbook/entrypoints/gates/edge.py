"""The gate around all routes: who asks and from where, what answers carry, what is kept, counted and compressed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from hashlib import blake2b
from time import perf_counter
from typing import Any
from urllib.parse import quote

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from opsbook.entrypoints.gates.asked import KEY, Asked, Doorkeeper
from opsbook.entrypoints.gates.kept import Answer, Kept, key_of
from opsbook.entrypoints.gates.meter import Meter
from opsbook.entrypoints.gates.origins import Origins
from opsbook.entrypoints.gates.peers import Peers
from opsbook.entrypoints.problems import as_body
from opsbook.usecases.authority import decide

SECURITY = (
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
OWN_ALONE = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    b" frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
POLICY = (b"content-security-policy", OWN_ALONE)
# Two years, as browsers ask for; only over https, where it holds for this host alone.
TRANSPORT = (b"strict-transport-security", b"max-age=63072000")
COMPRESSED = (b"text/", b"application/json", b"application/problem+json", b"image/svg", b"application/javascript")
WORTH_COMPRESSING = 700  # bytes; below, the answer fits one packet as it is
# What stands in the place of a NUL of an address: no store keeps a NUL in a text, and this is refused or not found
# wherever a NUL would be.
NUL, INSTEAD = "\0", "\x01"
FOREIGN = "A page of another site asked for this change, so it was refused. Open Opsbook's own page and try again."
# Where a name stands in an address that may have slashes in it, and what may come behind it.
WITH_SLASHES = {
    "/api/v1/pages/": ("/source", "/history"), "/api/v1/procedures/": ("/form",),
    "/api/v1/services/": ("/contacts", "/graphs"), "/services/": ("/graphs", "/alert-states"), "/runbooks/": (),
}  # fmt: skip


class Edge:
    """The application as the server calls it."""

    def __init__(
        self, app: ASGIApp, *, keeper: Doorkeeper, peers: Peers, origins: Origins, kept: Kept, meter: Meter,
        close_streams: Callable[[], None],
    ) -> None:  # fmt: skip
        self.app = app
        self.close_streams = close_streams
        self.keeper = keeper
        self.peers = peers
        self.origins = origins
        self.kept = kept
        self.meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers from what is kept, or asks the routes and completes their answer."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        asks: Any = {**self.peers.seen(scope)}  # a copy: the server must go on knowing that it was asked by HEAD
        exchange = Exchange(self, asks, send)
        try:
            await self._answer(exchange, asks, receive)
        finally:
            self.meter.count(exchange.method, exchange.route, exchange.status, perf_counter() - started)

    async def _answer(self, exchange: Exchange, asks: Any, receive: Receive) -> None:
        if not self.origins.admits(asks):
            await exchange.refuse(403, FOREIGN)
            return
        asks["path"] = asks["path"].replace(NUL, INSTEAD)
        asks["query_string"] = asks["query_string"].replace(b"%00", quote(INSTEAD).encode())
        asks[KEY] = exchange.asked = await self.keeper.recognised(asks)
        if exchange.method in ("GET", "HEAD"):
            known = self.kept.find(exchange.key) if exchange.may_read() else None
            if known is not None:
                await exchange.repeat(known)
                return
            exchange.stamps = self.kept.stamp()
            asks["method"] = "GET"
        asks["path"] = _in_one_piece(asks["path"])
        await self.app(asks, receive, exchange.take)


class Exchange:
    """One request and its answer on their way through the gate."""

    def __init__(self, edge: Edge, scope: Any, send: Send) -> None:
        self.edge = edge
        self.scope = scope
        self.send: Any = send
        self.method: str = scope["method"]
        self.headers = dict(scope["headers"])
        self.is_secure = scope["scheme"] == "https"
        self.asked = Asked()
        self.stamps: dict[str, object] = {}
        self.status = 0
        self.route = "none"
        self.start: dict[str, Any] | None = None
        # An answer that holds both a secret of the session and words that a stranger chose must not be compressed:
        # its length would tell the secret letter by letter (BREACH).
        may_tell = bool(scope["query_string"]) and b"cookie" in self.headers
        self.gzip = b"gzip" in self.headers.get(b"accept-encoding", b"") and not may_tell
        self.path = scope["path"]

    @property
    def key(self) -> Any:
        """What the answer is kept by."""
        actor = self.asked.actor
        return key_of({**self.scope, "path": self.path}, gzip=self.gzip, who=actor.credential if actor else "")

    def may_read(self) -> bool:
        """Whether who asks may read at all, which everything that is kept needs."""
        return decide(self.asked.actor, "read", reads_are_open=self.asked.reads_are_open).is_allowed

    async def take(self, message: Any) -> None:
        """Takes what the routes answer; holds the start back until the first piece of the body is there."""
        if message["type"] == "http.response.start":
            self.start = dict(message)
            self.status = message["status"]
            self.route = self.scope.get("path_template") or "none"
        elif self.start is not None:
            start, self.start = self.start, None
            if message.get("more_body"):
                await self.send(self._with_headers(start))
                await self._body(message)
            else:
                await self._whole(start, message.get("body", b""))
        else:
            await self._body(message)

    async def _body(self, message: Any) -> None:
        await self.send({**message, "body": b""} if self.method == "HEAD" else message)

    async def _whole(self, start: dict[str, Any], body: bytes) -> None:
        headers = {name.lower(): value for name, value in start["headers"] if name.lower() != b"set-cookie"}
        if self.status != 200 or not headers.get(b"content-type", b"").startswith(COMPRESSED):
            await self.send(self._with_headers(start))
            await self._body({"type": "http.response.body", "body": body, "more_body": False})
            return
        etag = headers.get(b"etag") or b'W/"' + blake2b(body, digest_size=9).hexdigest().encode() + b'"'
        added = [(b"etag", etag), (b"vary", b"accept-encoding, cookie")]
        if b"cache-control" not in headers:
            added.append((b"cache-control", b"private, no-cache"))
        if self.gzip and len(body) >= WORTH_COMPRESSING and b"content-encoding" not in headers:
            body = _gzipped(body)
            added.append((b"content-encoding", b"gzip"))
        added.append((b"content-length", str(len(body)).encode()))
        replaced = {name for name, _ in added}
        start["headers"] = [pair for pair in start["headers"] if pair[0].lower() not in replaced] + added
        complete = self._with_headers(start)
        answer = Answer(complete["headers"], body, etag, self.route)
        self._keep(answer)
        await self.repeat(answer)

    def _keep(self, answer: Answer) -> None:
        kind = self.scope["route_handler"].opt.get("kept") if "route_handler" in self.scope else None
        sets_cookie = any(name.lower() == b"set-cookie" for name, _ in answer.headers)
        if kind and self.stamps and not sets_cookie and not self.asked.trouble:
            self.edge.kept.keep(self.key, kind, self.stamps[kind], answer)

    async def repeat(self, answer: Answer) -> None:
        """Sends a whole answer, or says that the browser has it already."""
        self.route = answer.route
        headers = answer.headers
        if self.method in ("GET", "HEAD") and _has(self.headers.get(b"if-none-match", b""), answer.etag):
            self.status = 304
            headers = [pair for pair in headers if pair[0] not in (b"content-length", b"content-encoding")]
            body = b""
        else:
            self.status = 200
            body = b"" if self.method == "HEAD" else answer.body
        await self.send({"type": "http.response.start", "status": self.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    async def refuse(self, status: int, why: str) -> None:
        """Answers without asking the routes."""
        self.status = status
        body, headers = as_body(status, why)
        start = {"type": "http.response.start", "status": status, "headers": headers}
        await self.send(self._with_headers(start))
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    def _with_headers(self, start: dict[str, Any]) -> dict[str, Any]:
        headers = list(start["headers"])
        names = {name.lower() for name, _ in headers}
        headers += [each for each in SECURITY if each[0] not in names]
        if POLICY[0] not in names:
            headers.append(POLICY)
        if self.is_secure:
            headers.append(TRANSPORT)
        return {**start, "headers": headers}


def _gzipped(body: bytes) -> bytes:
    packer = zlib.compressobj(4, zlib.DEFLATED, 31)  # 31: with the header and trailer of gzip
    return packer.compress(body) + packer.flush()


def _has(header: bytes, etag: bytes) -> bool:
    plain = etag.removeprefix(b"W/")
    return any(each.strip().removeprefix(b"W/") in (plain, b"*") for each in header.split(b",")) if header else False


def _in_one_piece(path: str) -> str:
    # Paths of pages and names of services have slashes of their own, and routes have parameters without them.
    start = next((each for each in WITH_SLASHES if path.startswith(each)), None)
    if start is None:
        return path
    inner = path.removeprefix(start)
    end = next((each for each in WITH_SLASHES[start] if inner.endswith(each)), "")
    return start + inner.removesuffix(end).replace("/", "%2F") + end

"""How much inlets take at once: so many requests, so many bytes of bodies, so many at work. Whatever is beyond that is
told to come again (503 with Retry-After), before it can take memory from what was taken already. Knows no inlet.
"""

from __future__ import annotations

import asyncio
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from opsbook.entrypoints.problems import as_body

PATHS = ("/inlets/", "/v2/", "/api/v2/")  # where senders send to, by the addresses that they know from elsewhere
LARGEST_BODY = 64 * 1024 * 1024  # bytes; a group of 150,000 alerts is about 50 MB
MOST_BYTES = 2 * LARGEST_BODY  # of all bodies that are being read, wait for their turn, or are at work
MOST_REQUESTS = 10_000
AT_WORK = 32  # as many as one commit is shared by; the others hold their body and nothing else
WAIT_S = 8.0  # for a turn; Prometheus gives an answer 10 s, and drops what it sent when none came
READ_S = 60.0  # for the whole of a body
RETRY_S = b"2"

BUSY = "Opsbook takes as much as it can at the moment, and nothing of this was recorded. Send it again in a moment."
SLOW = f"The body of this request did not come within {READ_S:.0f} seconds, and nothing of it was recorded."
LARGE = f"What was sent is larger than the {LARGEST_BODY // 1024**2} MB that an inlet takes."


class Overload:
    """An ASGI application that reads the bodies of what is sent to inlets, within bounds, and passes them on in turns;
    all else it passes on as it is. Only the loop's thread calls it."""

    def __init__(self, app: ASGIApp, *, most_bytes: int = MOST_BYTES, most_requests: int = MOST_REQUESTS) -> None:
        self.app = app
        self.most_bytes = most_bytes
        self.most_requests = most_requests
        self.requests = 0
        self.size = 0
        self.refused = 0
        self.turns = asyncio.Semaphore(AT_WORK)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers it."""
        asks: Any = scope
        if scope["type"] != ScopeType.HTTP or asks["method"] == "GET" or not scope["path"].startswith(PATHS):
            await self.app(scope, receive, send)
            return
        expected = _length(scope)
        if self.requests >= self.most_requests or self.size + min(expected, LARGEST_BODY) > self.most_bytes:
            await self._refuse(send)
            return
        self.requests += 1
        body = Body(self)
        try:
            await self._take(scope, body, receive, send)
        finally:
            self.requests -= 1
            self.size -= body.size

    async def _take(self, scope: Scope, body: Body, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(READ_S):
                await body.read(receive)
        except TimeoutError:
            await _answer(send, 408, SLOW)
            return
        if body.is_cut:
            return  # who sent it is gone
        if body.size > LARGEST_BODY:
            await _answer(send, 413, LARGE)
        elif not body.is_whole or not await self._is_my_turn():
            await self._refuse(send)
        else:
            try:
                await self.app(scope, body.again(receive), send)
            finally:
                self.turns.release()

    async def _is_my_turn(self) -> bool:
        try:
            async with asyncio.timeout(WAIT_S):
                return await self.turns.acquire()
        except TimeoutError:
            return False

    async def _refuse(self, send: Send) -> None:
        self.refused += 1
        await _answer(send, 503, BUSY, (b"retry-after", RETRY_S))


class Body:
    """The body of one request, counted with those of all others: `is_whole` once all of it is there, and it is not
    where it was too much for the gate; `is_cut` where its sender went away."""

    def __init__(self, gate: Overload) -> None:
        self.gate = gate
        self.pieces: list[bytes] = []
        self.size = 0
        self.is_whole = False
        self.is_cut = False

    async def read(self, receive: Receive) -> None:
        """Reads until the end, or until it is too much."""
        while True:
            message: Any = await receive()
            if message["type"] != "http.request":
                self.is_cut = True
                return
            piece = message.get("body", b"")
            self.size += len(piece)
            self.gate.size += len(piece)
            if self.size > LARGEST_BODY or self.gate.size > self.gate.most_bytes:
                self.pieces.clear()
                return
            self.pieces.append(piece)
            if not message.get("more_body"):
                self.is_whole = True
                return

    def again(self, receive: Receive) -> Receive:
        """What gives the body in one piece, and then whatever comes."""

        async def given() -> Any:
            if self.pieces:
                whole = self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)
                self.pieces.clear()
                return {"type": "http.request", "body": whole, "more_body": False}
            return await receive()

        return given


def _length(scope: Scope) -> int:
    """How long the body is going to be, as far as its sender says."""
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(said) if said.isdigit() else 0


async def _answer(send: Send, status: int, detail: str, *headers: tuple[bytes, bytes]) -> None:
    body, described = as_body(status, detail)
    start: Any = {"type": "http.response.start", "status": status, "headers": [*described, *headers]}
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})

"""One who listens to a stream of events, and how an event is written for them. Knows nothing of what is told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from msgspec import json

from opsbook.ledger.event import Event

HEARTBEAT_S = 15.0  # proxies cut connections on which nothing moves for 30 or 60 seconds
WAITING_MOST = 1_000  # events that a listener may be behind
COMMENT = b": still here\n\n"
LAGGED = b"event: lagged\ndata: {\"why\":\"You read too slowly. Connect again with Last-Event-ID to go on.\"}\n\n"


def message(name: str, content: object, id: int | str | None = None) -> bytes:
    """One server-sent event, its content as JSON on one line."""
    start = f"id: {id}\n".encode() if id is not None else b""
    return start + b"event: " + name.encode() + b"\ndata: " + json.encode(content) + b"\n\n"


class Listener:
    """One stream. `put` runs in the loop; with a key, what has the same key and was not taken yet is replaced."""

    def __init__(self, sees: Callable[[Event], bool] | None = None) -> None:
        self.sees = sees
        self.waiting: deque[tuple[int, bytes]] = deque()
        self.latest: dict[str, bytes] = {}
        self.rang = asyncio.Event()
        self.is_over = False
        self.lags = False

    def put(self, content: bytes, *, key: str = "", position: int = 0) -> None:
        """Gives the listener something to send."""
        if key:
            self.latest[key] = content
        elif len(self.waiting) >= WAITING_MOST:
            self.lags = True
        else:
            self.waiting.append((position, content))
        self.rang.set()

    def close(self) -> None:
        """Ends the stream after what it is sending."""
        self.is_over = True
        self.rang.set()

    async def take(self) -> list[tuple[int, bytes]]:
        """What there is to send, or a heartbeat when there was nothing for a while; empty when the stream is over."""
        if not (self.waiting or self.latest or self.is_over or self.lags):
            try:
                await asyncio.wait_for(self.rang.wait(), HEARTBEAT_S)
            except TimeoutError:
                return [(0, COMMENT)]
        self.rang.clear()
        if self.is_over:
            return []
        taken = [*self.waiting, *((0, content) for content in self.latest.values())]
        self.waiting.clear()
        self.latest.clear()
        return taken

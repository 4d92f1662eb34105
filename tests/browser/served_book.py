"""The real door before a book of a test's own, on a free port of loopback, for a real browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import uvicorn
from tests.entrypoints.browsing import Browser, write_all
from tests.entrypoints.door import ADDRESS, Door

from opsbook.config import load
from opsbook.desk_parts import build_desk
from opsbook.entrypoints.web import build_app


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """The address of an application while it is served in a thread."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on", server_header=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        thread.join(0.01)
    assert server.started
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        app.close_streams()
        server.should_exit = True
        thread.join(20)


@contextmanager
def served_book(root: Path, pages: dict[str, str], files: dict[str, bytes] | None = None) -> Iterator[tuple[Browser, str]]:
    """Somebody before the door, and its address. The browser of these tests asks it over the network alone."""
    write_all(root, pages, files)
    config = load(book=str(root / "docs" / "operations"), environ={})
    with build_desk(config, ADDRESS) as desk:
        desk.library.wait_whole(20)
        app = build_app(config, desk)
        with listening(app) as address:
            door = Door(root, config, desk, app, cast(Any, None))
            yield Browser(door, door.session("responder", "grace")), address


def cookies_of(book: Browser, address: str) -> list[dict[str, str]]:
    """The session of a responder, as a browser keeps it."""
    name, _, value = book.me["cookie"].partition("=")
    return [{"name": name, "value": value, "url": address}]

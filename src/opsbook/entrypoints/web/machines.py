"""What machines ask of a server: whether it lives, whether it is ready, what it measures. Shows nothing to people."""

from __future__ import annotations

import os
from typing import Any

from litestar import Request, Response, get

from opsbook import __version__
from opsbook.entrypoints.web.answering import desk_of, may
from opsbook.usecases.authority import PUBLIC
from opsbook.usecases.troubles import ledger_trouble, troubles

Asks = Request[Any, Any, Any]
HIDDEN = "There is trouble. Whoever may read is told what, here or on any page."


@get("/healthz", opt={"act": PUBLIC}, sync_to_thread=False)
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok", "version": __version__}


@get("/readyz", opt={"act": PUBLIC}, sync_to_thread=True)
def readyz(request: Asks) -> Response[dict[str, str]]:
    """Whether the book can be read and the ledger answers; 503 says which does not."""
    config = request.app.state["config"]
    desk = desk_of(request)
    is_answering = ledger_trouble(desk) is None
    parts = {
        "book": "ready" if os.path.isdir(config.book) else "missing",
        "ledger": "ready" if is_answering else "not answering",
    }
    is_ready = set(parts.values()) == {"ready"}
    answer = {"status": "ready" if is_ready else "not ready", **parts}
    said = troubles(desk)
    if said:  # such as a configuration that cannot be read: it serves on, and says so
        # It may name people, addresses and hosts, which is nothing for everybody.
        answer["trouble"] = " ".join(said) if may(request, "read") else HIDDEN
    return Response(answer, status_code=200 if is_ready else 503)


@get("/metrics", opt={"act": "read"}, sync_to_thread=True)
def metrics(request: Asks) -> Response[bytes]:
    """What Prometheus scrapes."""
    from opsbook.entrypoints.metrics import exposition  # inside: its library takes 20 ms of a start

    state = request.app.state
    content, kind = exposition(state["desk"], state["meter"], state["streams"])
    return Response(content, media_type=kind.replace("; charset=utf-8", ""))  # it is added to every text


ROUTES = (healthz, readyz, metrics)

"""Whether alerts are routed and people paged, for machines that ask. Shows nothing to people."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from opsbook.entrypoints.problems import PROBLEM, problem
from opsbook.entrypoints.web.answering import desk_of
from opsbook.usecases.authority import PUBLIC
from opsbook.usecases.paging_audit import Audit

Asks = Request[Any, Any, Any]


@get("/healthz/engine", opt={"act": PUBLIC}, sync_to_thread=True)
def engine(request: Asks) -> Response[Any]:
    """How the engine that pages is: 200 where it went round and nothing is late, 503 with the reason. With ?after=N
    it must have gone round more often than that."""
    found = desk_of(request).alert_desk.audit()
    troubles = list(found.troubles)
    after = str(request.query_params.get("after", ""))
    if after and not after.isdecimal():
        return Response(problem(400, "'after' is a number of cycles."), status_code=400, media_type=PROBLEM)
    if after and found.cycles <= int(after):
        troubles.append(f"It has gone round {found.cycles} times, and not once more since {after}.")
    if troubles:
        said = problem(503, " ".join(troubles), **engine_model(found))
        return Response(said, status_code=503, media_type=PROBLEM, headers={"Cache-Control": "no-store"})
    return Response({"ok": True, **engine_model(found)}, headers={"Cache-Control": "no-store"})


def engine_model(found: Audit) -> dict[str, Any]:
    """The audit as plain values."""
    return {
        "cycles": found.cycles, "beat_at": found.beat_at.isoformat() if found.beat_at else None,
        "oldest_unrouted_s": round(found.oldest_batch_s, 3), "oldest_due_s": round(found.oldest_page_s, 3),
        "troubles": list(found.troubles),
    }  # fmt: skip


ROUTES = (engine,)

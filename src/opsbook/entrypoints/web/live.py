"""The stream that an open page listens to: health as it changes, and that the book is another. Sends no page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Request, get
from litestar.exceptions import ServiceUnavailableException
from litestar.response import Stream

from opsbook.entrypoints.streams import MOST_STREAMS, Seat, Streams
from opsbook.entrypoints.web.answering import desk_of
from opsbook.usecases.authority import decide

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # nginx holds a stream back without the second
FULL = "Too many pages are listening already; this one is not told of changes. Reload it by hand, or try again later."


def seated(request: Request[Any, Any, Any]) -> tuple[Streams, Seat]:
    """The streams of this server, and a seat for one more; raises 503 when there are as many as it takes, or when it is
    about to stop."""
    streams: Streams = request.app.state["streams"]
    seat = None if streams.is_closing else streams.seat(MOST_STREAMS)
    if seat is None:
        raise ServiceUnavailableException(FULL, headers={"Retry-After": "30"})
    return streams, seat


def still_allowed(request: Request[Any, Any, Any]) -> Callable[[], bool]:
    """Asks anew whether who opened a stream may read: a session that is revoked ends its streams too."""
    keeper, scope = request.app.state["keeper"], request.scope

    def ask() -> bool:
        who = keeper.recognise(scope)
        return decide(who.actor, "read", reads_are_open=who.reads_are_open).is_allowed

    return ask


@get("/live", opt={"act": "read"}, sync_to_thread=True, media_type="text/event-stream")
def live(request: Request[Any, Any, Any]) -> Stream:
    """Server-sent events for pages: `book`, `health` and `notice`; of `?incident=14` also `timeline`, what happens on
    it behind `after`, or behind the last that this page was told."""
    asked = request.query_params
    told = request.headers.get("last-event-id", "") or asked.get("after", "")
    since = int(told) if told.isascii() and told.isdigit() and len(told) < 16 else 0
    incident = desk_of(request).incident_desk.incidents.find(asked["incident"]) if asked.get("incident") else None
    streams, seat = seated(request)
    content = streams.watch_pages(still_allowed(request), seat, incident=incident, since=since)
    return Stream(content, media_type="text/event-stream", headers=HEADERS)


ROUTES = (live,)

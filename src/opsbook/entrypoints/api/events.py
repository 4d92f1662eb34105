"""The ledger's events as a stream, and the interface's own description. Shows nobody what is not for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.response import Stream
from msgspec import Meta, Struct

from opsbook.entrypoints.api.openapi import described
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.web.answering import actor_of
from opsbook.entrypoints.web.live import HEADERS, seated, still_allowed
from opsbook.ledger.event import Event
from opsbook.usecases.authority import PUBLIC, Actor, decide

OPENAPI = "application/vnd.oai.openapi+json"
# The streams of events that are for everybody who may read. Whoever may administer sees all: accounts tell of people.
FOR_EVERYBODY = ("probe/", "page/", "run/")
LARGEST = 2**53 - 1  # what every JSON reader holds exactly


class EventsQuery(Struct, forbid_unknown_fields=True):
    """Where to go on."""

    after: Annotated[int, Meta(ge=0, le=LARGEST, description="The position behind which to begin.")] = 0


@operation("GET", "/events", str, query=EventsQuery, media="text/event-stream", group="events",
           headers=(("Last-Event-ID", "The position behind which to go on; wins over `after`."),))  # fmt: skip
def events(request: Asks, query: EventsQuery) -> Response[Any]:
    """The events of the ledger as server-sent events: `id` is the position, Last-Event-ID goes on behind it"""
    resumed = request.headers.get("last-event-id", "")
    after = int(resumed) if resumed.isascii() and resumed.isdigit() and len(resumed) < 16 else query.after
    sees = what_is_seen_by(actor_of(request))
    streams, seat = seated(request)
    content = streams.watch_events(after, sees, still_allowed(request), seat)
    return Stream(content, media_type="text/event-stream", headers=HEADERS)


def what_is_seen_by(actor: Actor | None) -> Callable[[Event], bool]:
    """Whether an event is for whoever asks."""
    sees_all = decide(actor, "administer", reads_are_open=False).is_allowed
    return lambda event: sees_all or event.stream.startswith(FOR_EVERYBODY)


@get("/api/openapi.json", opt={"act": PUBLIC}, sync_to_thread=True)
def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The description of the interface."""
    return Response(described(), media_type=OPENAPI)


ROUTES = (events, openapi_json)

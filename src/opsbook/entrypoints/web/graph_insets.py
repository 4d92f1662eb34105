"""What is live of a monitoring server within the page of a service: where graphs and states of alerts come to stand,
and the logs and dashboards of the last hour beside the lines that name them. Asks no server."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from litestar import Request
from msgspec import Struct

from opsbook.book.page import Page
from opsbook.book.rendering import Inset
from opsbook.entrypoints.shown.on_page import Pieces
from opsbook.ground.digests import digest_of
from opsbook.usecases.desk import Desk
from opsbook.usecases.graph_sources import Watched
from opsbook.usecases.graphs import SPANS, USUAL, Span
from opsbook.usecases.service_names import named_service
from opsbook.usecases.timed_links import USUAL as LAST_HOUR
from opsbook.usecases.timed_links import TimedLink, around, timed_links

ON_PAGE = 6  # graphs on the page of a service; all of them on their own


class Place(Struct, frozen=True):
    """Where the graphs of a service come to stand: how many are asked for, over which span."""

    service: str
    count: int
    span: Span
    links: tuple[TimedLink, ...] = ()  # of other pages; those of the runbook stand beside their lines


def span_in(request: Request[Any, Any, Any]) -> Span:
    """The span that the address asks for; the usual one where it asks for none that there is."""
    return SPANS.get(request.query_params.get("range", ""), USUAL)


def watched_of(desk: Desk, service: str) -> Watched:
    """What is watched of a service, by its address name."""
    book = desk.library.snapshot()
    return desk.graphs.watched(book, service, lambda: desk.library.page(book.services[service]))


def state_id(alert: str) -> str:
    """The id of the place for the state of an alert, on any page."""
    return f"ob-state-{digest_of(alert.lower().encode())[:12]}"


def place_of(desk: Desk, service: str, path: str, span: Span) -> Place:
    """Where the graphs of a service stand, with the links of other pages than its runbook's own."""
    count = min(len(watched_of(desk, service).graphs), ON_PAGE) if desk.graphs.is_configured else 0
    return Place(service, count, span, tuple(each for each in last_hour(desk, service) if each.path != path))


def last_hour(desk: Desk, service: str) -> tuple[TimedLink, ...]:
    """The logs and dashboards of a service, for the last hour."""
    now = desk.now().replace(second=0, microsecond=0)  # a page is the same for a minute
    return timed_links(desk.library.snapshot(), service, now - LAST_HOUR, now)


def links_around(desk: Desk, service: str, started: datetime, ended: datetime | None) -> tuple[TimedLink, ...]:
    """The logs and dashboards of a service, however it is written, from a little before something began to its end or
    to now; none for a service that the book does not know."""
    book = desk.library.snapshot()
    name = named_service(book, service) if service else None
    return timed_links(book, name, *around(started, ended, desk.now())) if name else ()


def graph_insets(pieces: Pieces, shown: Page, place: Place, links: tuple[TimedLink, ...]) -> list[Inset]:
    """The graphs below the heading of Monitoring, and the last hour beside each line that names a place that takes a
    time."""
    found = []
    section = next((each for each in shown.sections if each.slot == "monitoring"), None)
    if section is not None and (place.count or place.links):
        found.append(Inset(max(section.body - 1, section.start), pieces.piece("graphs", place)))
    by_line: defaultdict[int, list[TimedLink]] = defaultdict(list)
    for link in links:
        if link.path == shown.path and link.takes_time:
            by_line[link.line].append(link)
    starts = _starts(shown)
    for line, mine in sorted(by_line.items()):
        if line < len(starts):
            at = max(starts[line] - 2, starts[line - 1])  # the last letter of that line
            found.append(Inset(at, pieces.piece("timed", mine), "inside"))
    return found


def has_section(shown: Page) -> bool:
    """Whether a page has a section for what is watched."""
    return any(each.slot == "monitoring" for each in shown.sections)


def _starts(shown: Page) -> list[int]:
    """The byte at which each line of a page begins, and its end."""
    starts, content = [0], shown.document.content
    at = content.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = content.find(b"\n", at + 1)
    return [*starts, len(content)]

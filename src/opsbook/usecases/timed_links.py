"""Where a service's logs and dashboards are opened at a time: the addresses that its pages name, filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from opsbook.book.log_links import filled, is_fillable, is_grafana
from opsbook.book.monitoring import Dashboard, LogPlace
from opsbook.usecases.graph_sources import owner_of
from opsbook.usecases.library import Book

BEFORE = timedelta(minutes=15)  # what led to an alert or an incident began before it was noticed
USUAL = timedelta(hours=1)
MOST = 6


class TimedLink(Struct, frozen=True):
    """A place where something is looked at: its words, its address with the time in it where it takes one, and the
    line of the book that names it."""

    kind: Literal["logs", "dashboard"]
    words: str
    href: str
    takes_time: bool
    path: str
    line: int


def timed_links(book: Book, service: str, since: datetime, until: datetime) -> tuple[TimedLink, ...]:
    """The logs, then the dashboards of a service by its address name, from `since` to `until`."""
    path = book.services.get(service, "")
    is_mine = owner_of(book, service)
    found = sorted(_named(book, is_mine, path), key=lambda pair: isinstance(pair[1], Dashboard))
    links: dict[str, TimedLink] = {}
    for at, each in found:
        written = each.location.href
        href = filled(written, service, since, until)
        if href:
            kind: Literal["logs", "dashboard"] = "logs" if isinstance(each, LogPlace) else "dashboard"
            takes_time = is_fillable(written) or is_grafana(written)
            links.setdefault(href, TimedLink(kind, each.name, href, takes_time, at, each.line))
    return tuple(links.values())[:MOST]


def around(started: datetime, ended: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """The time to look at for something that began and perhaps ended: from a little before."""
    return started - BEFORE, max(ended or now, started)


def _named(book: Book, is_mine: Callable[[str], bool], runbook: str) -> Iterator[tuple[str, LogPlace | Dashboard]]:
    for path, facts in sorted(book.facts.items(), key=lambda pair: (pair[0] != runbook, pair[0])):
        told = facts.monitoring
        places: tuple[LogPlace | Dashboard, ...] = (*told.logs, *told.dashboards) if told is not None else ()
        for each in places:
            if is_mine(each.service) or (path == runbook and runbook):
                yield path, each

"""The public status as files: pages, feeds, JSON, a badge. The server answers with them and the export writes them, so
that both say the same. Reads and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from opsbook.usecases.public_site.badge import badge, icon
from opsbook.usecases.public_site.feeds import atom, rss
from opsbook.usecases.public_site.html import history_page, home_page, incident_page
from opsbook.usecases.public_site.look import SCRIPT, STYLE
from opsbook.usecases.public_site.statuspage import FILES, json_file
from opsbook.usecases.public_site.words import Links, incident_file
from opsbook.usecases.public_status import PublicStatus

_MEDIA = {
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "application/javascript; charset=utf-8",
    "json": "application/json", "svg": "image/svg+xml", "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
}  # fmt: skip
_MADE: dict[str, Callable[[PublicStatus, Links], bytes]] = {
    "index.html": home_page, "history.html": history_page, "feed.atom": atom, "feed.rss": rss,
    "badge.svg": lambda status, _links: badge(status), "icon.svg": lambda status, _links: icon(status),
    "style.css": lambda _status, _links: STYLE.encode(),
    "status.js": lambda _status, _links: SCRIPT.encode(),
}  # fmt: skip
_INCIDENTS, _HTML = "incidents/", ".html"


def file_names(status: PublicStatus) -> list[str]:
    """The names of all files, in order."""
    return sorted([*_MADE, *FILES, *(incident_file(each.id) for each in status.all_incidents)])


def file_of(name: str, status: PublicStatus, links: Links) -> bytes | None:
    """The bytes of a file; None where there is none of that name. The same status always has the same bytes."""
    if name in _MADE:
        return _MADE[name](status, links)
    if name in FILES:
        return json_file(name, status, links)
    if name.startswith(_INCIDENTS) and name.endswith(_HTML):
        return incident_page(status, name[len(_INCIDENTS) : -len(_HTML)], links)
    return None


def media_type(name: str) -> str:
    """What a file is, by its name."""
    return _MEDIA[name.rpartition(".")[2]]

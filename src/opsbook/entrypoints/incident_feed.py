"""New entries of incidents to everybody who has one open: composed once for each incident, and the same bytes for all.

Whoever comes, or comes back with the last position that they were told, is told what happened since, and then what
happens: under one lock, so that nothing falls between and nothing is told twice. What a message holds is as it is by
then, by key: a browser puts it in the place of what it has.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from opsbook.entrypoints.listeners import Listener, message
from opsbook.entrypoints.shown.timeline_view import ShownEntry, anchor_of, shown_entry
from opsbook.ledger.incident import Incident
from opsbook.usecases.incident_timeline import Timelines
from opsbook.usecases.timeline_line import News

EVENT = "timeline"
_NOTHING = 1 << 62  # a position behind which there is nothing yet
MOST_ENTRIES = 200  # in one message; for more a browser asks for the timeline anew
Write = Callable[[ShownEntry], str]  # an entry as HTML


class _Watched:
    """An incident that somebody has open."""

    def __init__(self, incident: Incident, position: int) -> None:
        self.incident = incident
        self.position = position  # up to which all listeners were told
        self.listeners: list[Listener] = []


class IncidentFeed:
    """The incidents that are watched. `give` hands a message to listeners in their loop."""

    def __init__(self, timelines: Timelines, write: Write, give: Callable[[Sequence[Listener], bytes], None]) -> None:
        self._timelines = timelines
        self._write = write
        self._give = give
        self._lock = threading.Lock()
        self._watched: dict[str, _Watched] = {}

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches any."""
        return bool(self._watched)

    def passed(self) -> None:
        """Tells everybody what happened, when the ledger has moved; called by its one reader."""
        with self._lock:
            for watched in list(self._watched.values()):
                self._tell(watched)

    def join(self, incident: Incident, since: int, listener: Listener) -> bytes:
        """Lets a listener follow an incident from a position on; gives what happened on it meanwhile, and up to where
        that is all. With 0 it is told nothing but where it is now."""
        since = since or _NOTHING
        with self._lock:
            watched = self._watched.get(incident.id)
            news = self._timelines.news(incident, since)
            if watched is None:
                watched = self._watched[incident.id] = _Watched(incident, news.position)
            while news.position != watched.position:  # the others are told as far as this one is, and no further
                self._tell(watched)
                news = self._timelines.news(incident, since)
            watched.listeners.append(listener)
            return self._message(incident.number, news)

    def leave(self, incident: Incident, listener: Listener) -> None:
        """Lets a listener go."""
        with self._lock:
            watched = self._watched.get(incident.id)
            if watched is None:
                return
            watched.listeners = [each for each in watched.listeners if each is not listener]
            if not watched.listeners:
                del self._watched[incident.id]

    def _tell(self, watched: _Watched) -> None:
        news = self._timelines.news(watched.incident, watched.position)
        watched.position = news.position
        if news.entries or news.gone or news.is_anew:
            self._give(tuple(watched.listeners), self._message(watched.incident.number, news))

    def _message(self, number: int, news: News) -> bytes:
        is_anew = news.is_anew or len(news.entries) > MOST_ENTRIES
        told = [
            {"anchor": anchor_of(each.key), "pinned": each.is_pinned, "html": self._write(shown_entry(each, number))}
            for each in news.entries if not is_anew
        ]  # fmt: skip
        content = {"incident": number, "position": news.position, "anew": is_anew, "entries": told,
                   "gone": [anchor_of(key) for key in news.gone]}  # fmt: skip
        return message(EVENT, content, news.position)

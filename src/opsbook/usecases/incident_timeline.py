"""The timeline of an incident: what is recorded of it, of its alerts, pages and runs, of health, in one order.

Nothing is copied: an entry is an event, in whatever stream it was recorded. What was read is kept, so that one more
event costs one entry.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from opsbook.ledger import incident
from opsbook.ledger.event import Moved
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_events import INCIDENTS
from opsbook.ledger.probe_view import PROBES, group_of
from opsbook.ledger.signal import BATCHES
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.timeline_entry import KINDS as KINDS
from opsbook.usecases.timeline_entry import TimelineEntry as TimelineEntry
from opsbook.usecases.timeline_line import Line, News

Told = Callable[[Sequence[str], datetime, datetime], list[TimelineEntry]]
KEPT = 64  # timelines that are kept; the one that was asked for the longest ago is forgotten first
_BATCH = 500
_FAR = 20_000  # events behind which it is cheaper to begin anew
_MOST_PROBES = 200  # of a service
_LATE = timedelta(hours=1)  # by how much later than it happened a change may be told
_CHANGES = "changes"  # stands among the streams that have moved for what has none


class Timelines:
    """The timelines of a ledger; safe to ask from several threads. `told` finds what senders told of changes of
    services from one time to another, as entries."""

    def __init__(
        self, ledger: EngineLedger, *, now: Callable[[], datetime],
        told: Told | None = None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._now = now
        self._told = told
        self._lock = threading.RLock()
        self._lines: OrderedDict[str, Line] = OrderedDict()
        self._stale: dict[str, set[str]] = {}  # by incident, the streams that have moved since they were read
        self._watching: dict[str, set[str]] = {}  # by stream, the incidents that it belongs to
        self._position: int | None = None
        self._of_service: dict[str, list[str]] = {}  # the streams of its probes
        self._asked: dict[str, datetime] = {}  # by incident, until when changes were asked for
        self._live: _Live | None = None

    def entries(self, incident: Incident) -> Sequence[TimelineEntry]:
        """All entries in the order in which things happened."""
        with self._lock:
            return self._line(incident.id).entries()

    def entry(self, incident: Incident, key: str) -> TimelineEntry | None:
        """The entry of a key; None where it has none that is shown."""
        with self._lock:
            line = self._line(incident.id)
            index = line.index(key)
            return line.entries()[index] if index is not None else None

    def select(
        self, incident: Incident, *, kinds: Sequence[str] = (), words: str = "", only_pinned: bool = False,
        before: str = "", after: str = "", limit: int = 200,
    ) -> list[TimelineEntry]:  # fmt: skip
        """Entries of these kinds that hold these words, the newest first: at most `limit` of those before or after the
        entry of a key, the nearest to it; none where there is no such entry."""
        with self._lock:
            line = self._line(incident.id)
            listed = line.entries()
            first, last = 0, len(listed)
            if before:
                last = line.index(before) or 0
            if after:
                index = line.index(after)
                first = index + 1 if index is not None else last
        wanted, sought = frozenset(kinds), words.casefold().split()
        order = range(first, last) if after and not before else range(last - 1, first - 1, -1)
        found: list[TimelineEntry] = []
        for number in order:
            if len(found) >= limit:
                break
            each = listed[number]
            if (not wanted or each.kind in wanted) and (each.is_pinned or not only_pinned) and _holds(each, sought):
                found.append(each)
        return found[::-1] if after and not before else found

    def news(self, incident: Incident, since: int) -> News:
        """What changed on it behind a position of the ledger, and up to which position that is all."""
        with self._lock:
            line = self._line(incident.id)
            return line.news(since, self._position or 0)

    def concerns(self, stream: str) -> int | None:
        """The number of the live incident to which events of a stream belong, None where to none. Asks the ledger only
        about streams of incidents; whoever follows must ask for those too, as they tell what belongs to them."""
        found = self.all_concerned(stream)
        return found[0] if found else None

    def all_concerned(self, stream: str) -> tuple[int, ...]:
        """The numbers of all live incidents to which events of a stream belong: a service may have several."""
        with self._lock:
            if self._live is None:
                self._live = _Live(self._ledger)
            return self._live.concerned(stream)

    # -- what was read, and what has moved since ---------------------------------------------------------------

    def _line(self, named: str) -> Line:
        self._follow()
        line = self._lines.get(named)
        if line is None:
            line = self._lines[named] = Line(named)
            self._stale[named] = {line.own, PROBES, _CHANGES}
            while len(self._lines) > KEPT:
                self._forget(next(iter(self._lines)))
        self._lines.move_to_end(named)
        stale = self._stale[named]
        if stale:
            self._stale[named] = set()
            try:
                self._read(named, line, stale)
            except BaseException:
                self._stale[named] |= stale
                raise
        return line

    def _follow(self) -> None:
        """Notes which of the streams that were read have moved."""
        head = self._ledger.head()
        if self._position is None or not self._lines or head - self._position > _FAR:
            for named in list(self._lines):
                self._forget(named)
            self._of_service = {}
            self._position = head
        while self._position < head:
            found = self._ledger.moved(self._position, _BATCH)
            if not found:
                return
            for each in found:
                self._moved(each)
            self._position = found[-1].position

    def _moved(self, event: Moved) -> None:
        for named in self._watching.get(event.stream, ()):
            self._stale[named].add(event.stream)
        if event.number == 1 and event.stream.startswith(PROBES):  # nobody knows yet of which service it is
            self._of_service = {}
            self._all_stale(PROBES)
        elif event.stream.startswith(BATCHES):
            self._all_stale(_CHANGES)

    def _all_stale(self, what: str) -> None:
        for stale in self._stale.values():
            stale.add(what)

    def _read(self, named: str, line: Line, stale: set[str]) -> None:
        if line.own in stale:
            services, window = line.services, line.window
            self._take(named, line, line.own)
            stale |= {member for member in line.members if member not in line.numbers}
            if line.services != services or line.window[0] != window[0]:
                stale |= {PROBES, _CHANGES}
                self._asked.pop(named, None)
        for stream in sorted(stale):
            if stream.startswith(PROBES) or stream in (line.own, _CHANGES):
                continue
            self._take(named, line, stream)
        if any(stream.startswith(PROBES) for stream in stale):
            for service in line.services:
                for stream in self._probes_of(service):
                    if stream in stale or stream not in line.numbers:
                        line.take_probe(stream, service, self._ledger.read(stream, line.numbers.get(stream, 0)))
                        self._watching.setdefault(stream, set()).add(named)

        if _CHANGES in stale and self._told is not None and line.services:
            self._take_changes(named, line, self._told)

    def _take_changes(self, named: str, line: Line, told: Told) -> None:
        begun, over = line.window
        since = max(begun, self._asked[named] - _LATE) if named in self._asked else begun
        now = self._now()
        until = min(over, now) if over is not None else now
        if since <= until:
            line.take_entries(told(line.services, since, until), self._position or 0)
        self._asked[named] = now

    def _take(self, named: str, line: Line, stream: str) -> None:
        self._watching.setdefault(stream, set()).add(named)
        line.take(stream, self._ledger.read(stream, line.numbers.get(stream, 0)))

    def _probes_of(self, service: str) -> list[str]:
        group = group_of(service)
        if group not in self._of_service:
            rows = self._ledger.rows("probes", group=group, limit=_MOST_PROBES)
            self._of_service[group] = [kept.stream for kept in rows]
        return self._of_service[group]

    def _forget(self, named: str) -> None:
        line = self._lines.pop(named)
        self._stale.pop(named, None)
        self._asked.pop(named, None)
        for stream in line.numbers:
            watching = self._watching.get(stream, set())
            watching.discard(named)
            if not watching:
                self._watching.pop(stream, None)


class _Live:
    """Which streams belong to which live incidents, kept up by the events of incidents alone."""

    def __init__(self, ledger: EngineLedger) -> None:
        self._ledger = ledger
        self._members: dict[str, tuple[int, frozenset[str], frozenset[str]]] = {}
        self._by_stream: dict[str, tuple[int, ...]] = {}
        self._by_service: dict[str, tuple[int, ...]] = {}
        self._services: dict[str, str] = {}
        before: int | None = None
        while rows := ledger.rows("incidents", is_open=True, before=before, limit=500):
            for kept in rows:
                self._note(kept.stream, incident.incident_of(kept))
            before = rows[-1].first
        self._index()

    def concerned(self, stream: str) -> tuple[int, ...]:
        """The numbers of the incidents."""
        if stream.startswith(INCIDENTS):
            kept = self._ledger.row("incidents", stream)
            found = incident.incident_of(kept) if kept is not None else None
            had = self._members.get(stream)
            self._note(stream, found)
            if self._members.get(stream) != had:
                self._index()
            return (found.number,) if found is not None else ()  # that it is over concerns whoever watches it
        if stream.startswith(PROBES) and self._by_service:
            if stream not in self._services:
                kept = self._ledger.row("probes", stream)
                self._services[stream] = kept.row.group if kept is not None else ""
            return self._by_service.get(self._services[stream], ())
        return self._by_stream.get(stream, ())

    def _note(self, stream: str, found: Incident | None) -> None:
        if found is None or not found.is_live:
            self._members.pop(stream, None)
            return
        streams = (*(f"alert/{each}" for each in found.alerts), *(f"page/{each}" for each in found.pages),
                   *(f"run/{each}" for each in found.runs))  # fmt: skip
        self._members[stream] = (found.number, frozenset(streams), frozenset(map(group_of, found.services)))

    def _index(self) -> None:
        by_stream: dict[str, list[int]] = {}
        by_service: dict[str, list[int]] = {}
        for number, streams, services in self._members.values():
            for each in streams:
                by_stream.setdefault(each, []).append(number)
            for each in services:
                by_service.setdefault(each, []).append(number)
        self._by_stream = {each: tuple(numbers) for each, numbers in by_stream.items()}
        self._by_service = {each: tuple(numbers) for each, numbers in by_service.items()}


def _holds(entry: TimelineEntry, sought: Sequence[str]) -> bool:
    if not sought:
        return True
    said = f"{entry.text}\n{entry.actor}\n{entry.kind}\n{' '.join(each.name for each in entry.files)}".casefold()
    return all(word in said for word in sought)

"""All incidents as lists and filters ask for them, held in memory so that ten thousand are looked through at once.

Brought up to date at each look by what was recorded since. Holds what a filter asks of an incident; what is shown of
those that were found is read from the ledger.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from opsbook.ledger.incident import INCIDENT_VIEW, LIVE, STATUS, Incident, incident_of
from opsbook.ledger.incident_events import INCIDENTS, IncidentState
from opsbook.ledger.view import Kept
from opsbook.usecases.ledger_ports import EngineLedger

_AT_ONCE = 1_000
_MOST_PASSED = 20_000  # events since the last look; of more all rows are read anew
_MOST_WHOLE = 1_000  # incidents that are kept as a whole, those that were shown last


class Listed(Struct, frozen=True):
    """What a filter asks of an incident. `words` is all of its text in lower case; `former` its former numbers."""

    number: int
    stream: str
    version: int
    is_live: bool
    state: str
    status: str
    severity: str
    services: tuple[str, ...]
    title: str
    words: str
    declared_at: datetime
    is_drill: bool
    former: tuple[int, ...] = ()


class Wanted(Struct, frozen=True):
    """What incidents are looked for; what is empty or None asks nothing."""

    is_live: bool | None = None
    statuses: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    service: str = ""
    words: tuple[str, ...] = ()
    with_drills: bool = True
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None

    def has(self, listed: Listed) -> bool:
        """Whether it is one of those."""
        return (
            (self.is_live is None or listed.is_live is self.is_live)
            and (self.before is None or listed.number < self.before)
            and (not self.severities or listed.severity in self.severities)
            and (not self.statuses or listed.state in self.statuses or listed.status in self.statuses)
            and (not self.service or self.service in listed.services)
            and (self.with_drills or not listed.is_drill)
            and (self.since is None or listed.declared_at >= self.since)
            and (self.until is None or listed.declared_at < self.until)
            and all(word in listed.words for word in self.words)
        )


class IncidentBoard:
    """The incidents of a ledger. Any thread may look; one at a time brings it up to date."""

    def __init__(self, ledger: EngineLedger) -> None:
        self._ledger = ledger
        self._turn = threading.Lock()
        self._position: int | None = None
        self._held: dict[str, Listed] = {}
        self._ordered: tuple[Listed, ...] = ()
        self._whole: OrderedDict[str, Incident] = OrderedDict()

    def look(self) -> tuple[Listed, ...]:
        """All incidents as they are recorded by now: live ones first, then the last declared first."""
        with self._turn:
            head = self._ledger.head()
            if self._position == head:
                return self._ordered
            changed = self._changed(self._position, head) if self._position is not None else None
            if changed is None:
                self._read_all()
            else:
                for stream in changed:
                    self._take(self._ledger.row(INCIDENT_VIEW.name, stream), stream)
            if changed is None or changed:
                by_age = sorted(self._held.values(), key=lambda each: (each.declared_at, each.number), reverse=True)
                self._ordered = tuple(sorted(by_age, key=lambda each: not each.is_live))
            self._position = head
            return self._ordered

    def select(self, wanted: Wanted, limit: int) -> list[Incident]:
        """At most `limit` of those that are wanted, as a whole."""
        found: list[Incident] = []
        for listed in self.look():
            if len(found) >= limit:
                break
            if wanted.has(listed) and (incident := self._read(listed)) is not None:
                found.append(incident)
        return found

    def next_number(self) -> int:
        """The least number behind all that incidents have or had."""
        return max((max((each.number, *each.former)) for each in self.look()), default=0) + 1

    def _read(self, listed: Listed) -> Incident | None:
        with self._turn:
            known = self._whole.get(listed.stream)
            if known is not None and known.version == listed.version:
                self._whole.move_to_end(listed.stream)
                return known
        kept = self._ledger.row(INCIDENT_VIEW.name, listed.stream)
        if kept is None:
            return None
        incident = incident_of(kept)
        with self._turn:
            self._whole[listed.stream] = incident
            if len(self._whole) > _MOST_WHOLE:
                self._whole.popitem(last=False)
        return incident

    def _changed(self, position: int, head: int) -> Sequence[str] | None:
        """The streams of incidents with events behind a position; None where so much happened that all is read anew."""
        if head - position > _MOST_PASSED:
            return None
        found: dict[str, None] = {}
        while position < head:
            moved = self._ledger.moved(position, _AT_ONCE)
            if not moved:
                break
            found.update({each.stream: None for each in moved if each.stream.startswith(INCIDENTS)})
            position = moved[-1].position
        return list(found)

    def _read_all(self) -> None:
        self._held.clear()
        before: int | None = None
        while True:
            rows = self._ledger.rows(INCIDENT_VIEW.name, before=before, limit=_AT_ONCE, document=_Read)
            for kept in rows:
                self._take(kept, kept.stream)
            if len(rows) < _AT_ONCE:
                return
            before = rows[-1].first

    def _take(self, kept: Kept | None, stream: str) -> None:
        if kept is None:
            self._held.pop(stream, None)
        else:
            document = kept.row.document
            read = document if isinstance(document, _Read) else msgspec.convert(document, _Read)
            self._held[stream] = _listed(read, stream, kept.number)


class _Read(Struct, frozen=True, gc=False):
    """Of the document of an incident what is listed: to read the rest of ten thousand takes most of the time."""

    number: int
    title: str
    state: IncidentState
    severity: str
    declared_at: datetime
    summary: str = ""
    cause: str = ""
    root_cause: str = ""
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    is_drill: bool = False
    former_numbers: tuple[int, ...] = ()


def _listed(read: _Read, stream: str, version: int) -> Listed:
    told = (f"inc-{read.number}", read.title, read.summary, read.cause, read.root_cause, *read.services, *read.tags)
    return Listed(
        read.number, stream, version, read.state in LIVE, read.state, STATUS[read.state], read.severity, read.services,
        read.title, " ".join(told).lower(), read.declared_at, read.is_drill, read.former_numbers,
    )

"""The timeline of one incident as it is composed, event by event. Reads no ledger.

What belongs to it: its own events, and those of each member from the member's beginning until it was taken away, by
the position in the ledger; for health and changes of its services those of its time. A member that came from another
incident brings its whole story, and leaves there what had happened until then.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from opsbook.ledger import incident_events as kinds
from opsbook.ledger.alert_events import ALERTS
from opsbook.ledger.event import Event
from opsbook.ledger.incident import Incident, after, stream_of
from opsbook.ledger.page_events import PAGES
from opsbook.ledger.probe_view import group_of
from opsbook.usecases.timeline_entry import TimelineEntry, time_in
from opsbook.usecases.timeline_members import AlertTeller, PageTeller, ProbeTeller, Teller
from opsbook.usecases.timeline_runs import RunTeller
from opsbook.usecases.timeline_words import OwnTeller

RUNS = "run/"
LEAD = timedelta(minutes=30)  # what a service went through shortly before is most often why
TRAIL = timedelta(minutes=15)  # a check is well again only some readings after it was mended
_FOR_EVER = 1 << 62
_BULK = 64  # from so many new entries on all are sorted anew
_ENTRIES_ALONE = frozenset({kinds.NOTED, kinds.CORRECTED, kinds.PINNED})
_MEMBERS = {"alerts": ALERTS, "pages": PAGES, "runs": RUNS}
Place = tuple[datetime, int, str]


class _Span(NamedTuple):
    """That a member belonged to it: what it was about from one position to another, since `brought`."""

    since: int
    until: int
    brought: int


class News(NamedTuple):
    """What changed behind a position: entries as they are now, the keys of those that are shown no more, and up to
    which position that is all. `is_anew` says that what was shown must be asked for again."""

    entries: list[TimelineEntry]
    gone: list[str]
    position: int
    is_anew: bool = False


class Line:
    """One incident's timeline. Not safe to use from several threads at once."""

    def __init__(self, incident: str) -> None:
        self.own = stream_of(incident)
        self.incident: Incident | None = None
        self.numbers: dict[str, int] = {self.own: 0}  # how far each stream was taken
        self._tellers: dict[str, Teller] = {self.own: OwnTeller()}
        self._spans: dict[str, list[_Span]] = {}  # of alerts, pages and runs, by their streams
        self._left: dict[str, int] = {}  # services by their group, and until which position they were its own
        self._named: dict[str, str] = {}  # how those are written
        self._probes: dict[str, str] = {}  # probes by their streams, and of which service
        self._raw: dict[str, TimelineEntry] = {}
        self._corrections: dict[str, list[Event]] = {}
        self._pins: dict[str, tuple[bool, int]] = {}
        self._touched: dict[str, int] = {}
        self._log: list[tuple[int, str]] = []  # the same, in the order of the positions
        self._acks: dict[tuple[datetime, str], list[str]] = {}
        self._places: dict[str, Place] = {}
        self._order: list[Place] = []
        self._listed: list[TimelineEntry] = []
        self._shown: tuple[TimelineEntry, ...] | None = None
        self._anew_at = 0
        self._is_rescoped = False

    # -- what belongs to it ------------------------------------------------------------------------------------

    @property
    def members(self) -> list[str]:
        """The streams of the alerts, pages and runs that belong to it, or did."""
        return list(self._spans)

    @property
    def services(self) -> tuple[str, ...]:
        """The services that it is about, or was."""
        return tuple(self._named.values())

    @property
    def window(self) -> tuple[datetime, datetime | None]:
        """From when until when what happens to its services is told; until None it goes on."""
        incident = self.incident
        if incident is None:
            return datetime.max.replace(tzinfo=UTC), None
        begun = min(filter(None, (incident.declared_at, incident.started_at, incident.detected_at)), key=_aware)
        over = incident.resolved_at or incident.closed_at
        return _aware(begun) - LEAD, _aware(over) + TRAIL if over is not None else None

    def take(self, stream: str, events: Sequence[Event]) -> None:
        """Further events of a stream, in their order; those that it has are passed over."""
        teller = self._tellers.get(stream)
        if teller is None:
            teller = self._tellers[stream] = _teller(stream)
        seen, is_own = self.numbers.get(stream, 0), stream == self.own
        brought = self._spans[stream][-1].brought if stream in self._spans else 0
        moved: list[str] = []
        for event in events:
            if event.number <= seen:
                continue
            seen = event.number
            if is_own:
                moved += self._took_own(event)
            for entry in teller.take(event):
                self._raw[entry.key] = entry
                self._touch(entry.key, max(event.position, brought))
                moved.append(entry.key)
        self.numbers[stream] = seen
        self._place(moved)

    def take_probe(self, stream: str, service: str, events: Sequence[Event]) -> None:
        """As `take`, for a probe of one of its services."""
        self._probes[stream] = group_of(service)
        self.take(stream, events)

    def take_entries(self, entries: Iterable[TimelineEntry], at_position: int) -> None:
        """Entries that are made elsewhere: changes of services, which have no stream."""
        moved = []
        for entry in entries:
            if entry.key not in self._raw:
                self._raw[entry.key] = entry
                self._touch(entry.key, at_position)
                moved.append(entry.key)
        self._place(moved)

    def _took_own(self, event: Event) -> list[str]:
        facts = event.facts
        if event.kind == kinds.CORRECTED:
            key = str(facts.get("entry"))
            self._corrections.setdefault(key, []).append(event)
            self._touch(key, event.position)
            return [key]
        if event.kind == kinds.PINNED:
            key = str(facts.get("entry"))
            self._pins[key] = (bool(facts.get("is_pinned")), event.position)
            self._touch(key, event.position)
            return [key]
        if event.kind not in _ENTRIES_ALONE:
            before = self.window
            self.incident = after(self.incident, event)
            self._scope(event)
            if self.window != before and self.incident is not None and event.kind != kinds.DECLARED:
                self._rescope(event)
        return []

    def _scope(self, event: Event) -> None:
        facts, at = event.facts, event.position
        if event.kind in (kinds.DECLARED, kinds.ATTACHED):
            for stream in _streams(facts):
                spans = self._spans.setdefault(stream, [])
                if not spans:
                    spans.append(_Span(0, _FOR_EVER, at))
                elif spans[-1].until != _FOR_EVER:
                    spans.append(_Span(at, _FOR_EVER, at))
            for service in map(str, _list(facts.get("services"))):
                self._named.setdefault(group_of(service), service)
                self._left.pop(group_of(service), None)
        elif event.kind == kinds.CALLED and facts.get("page"):
            self._spans.setdefault(f"{PAGES}{facts['page']}", [_Span(0, _FOR_EVER, at)])
        elif event.kind == kinds.DETACHED:
            for stream in _streams(facts):
                held = self._spans.get(stream)
                if held and held[-1].until == _FOR_EVER:
                    held[-1] = held[-1]._replace(until=at)
            for service in map(str, _list(facts.get("services"))):
                self._left[group_of(service)] = at
            self._rescope(event)

    def _rescope(self, event: Event) -> None:
        self._is_rescoped = True
        self._anew_at = event.position

    # -- what is shown, and where ------------------------------------------------------------------------------

    def _place(self, moved: list[str]) -> None:
        if not moved and not self._is_rescoped:
            return
        self._shown = None
        if self._is_rescoped or len(moved) > _BULK:
            self._is_rescoped = False
            self._acks = {}
            for key, entry in self._raw.items():
                self._heard(key, entry)
            self._sort()
            return
        for key in dict.fromkeys(moved):
            known = self._raw.get(key)
            for each in self._heard(key, known) if known is not None else ():
                self._put(each)

    def _sort(self) -> None:
        shown = [each for key in self._raw if (each := self._finished(key)) is not None]
        placed = sorted((((entry.at, entry.position, entry.key), entry) for entry in shown), key=lambda each: each[0])
        self._order = [place for place, _ in placed]
        self._listed = [entry for _, entry in placed]
        self._places = {place[2]: place for place in self._order}

    def _put(self, key: str) -> None:
        """Puts one entry where it belongs, from where it was."""
        before = self._places.pop(key, None)
        if before is not None:
            index = bisect_left(self._order, before)
            del self._order[index], self._listed[index]
        entry = self._finished(key)
        if entry is None:
            return
        place = (entry.at, entry.position, key)
        index = bisect_left(self._order, place)
        self._order.insert(index, place)
        self._listed.insert(index, entry)
        self._places[key] = place

    def _heard(self, key: str, entry: TimelineEntry) -> list[str]:
        """The keys of the entries that are shown or hidden anew by this one: who acknowledges an incident does so for
        its pages and alerts in the same moment, and that is told once."""
        if entry.kind != "ack":
            return [key]
        group = self._acks.setdefault((entry.recorded_at, entry.actor), [])
        if key in group:
            return [key]
        group.append(key)
        for each in group[:-1]:
            self._touch(each, self._touched[key])
        return list(group)

    def _finished(self, key: str) -> TimelineEntry | None:
        """An entry with what was said of it since; None where it is not shown."""
        entry = self._raw.get(key)
        if entry is None or not self._is_shown(entry):
            return None
        corrections, pin = self._corrections.get(key), self._pins.get(key)
        if corrections is None and pin is None:
            return entry
        made = entry
        for event in corrections or ():
            made = _corrected(made, event)
        if pin is not None:
            made = replace(made, is_pinned=pin[0], changed=max(made.changed, pin[1]))
        return made

    def _is_shown(self, entry: TimelineEntry) -> bool:
        stream = entry.key.rpartition(":")[0]
        if stream == self.own:
            return True
        spans = self._spans.get(stream)
        if spans is None:
            since, until = self.window
            left = self._left.get(self._probes.get(stream, ""), _FOR_EVER)
            return since <= entry.at and (until is None or entry.at <= until) and entry.position < left
        if not any(each.since <= entry.position < each.until for each in spans):
            return False
        if entry.kind != "ack" or len(group := self._acks.get((entry.recorded_at, entry.actor), [])) < 2:
            return True
        return _rank(entry.key) == min(map(_rank, group))

    # -- what is asked of it -----------------------------------------------------------------------------------

    def entries(self) -> tuple[TimelineEntry, ...]:
        """All that is shown, in the order in which it happened."""
        if self._shown is None:
            self._shown = tuple(self._listed)
        return self._shown

    def index(self, key: str) -> int | None:
        """Where an entry stands among all; None where it is not shown."""
        place = self._places.get(key)
        return bisect_left(self._order, place) if place is not None else None

    def news(self, since: int, position: int) -> News:
        """What changed behind a position, up to another, in the order in which it was recorded."""
        if since < self._anew_at:
            return News([], [], position, is_anew=True)
        # What was recorded while this was being read lies behind `position`, and is news of the next time.
        first, last = (bisect_right(self._log, (each, "\uffff")) for each in (since, position))
        keys = dict.fromkeys(key for _, key in self._log[first:last])
        entries, gone = [], []
        for key in keys:
            index = self.index(key)
            if index is not None:
                entries.append(self._listed[index])
            elif key in self._raw:
                gone.append(key)
        return News(entries, gone, position)

    def _touch(self, key: str, position: int) -> None:
        if self._touched.get(key, -1) < position:
            self._touched[key] = position
            insort(self._log, (position, key))


def _corrected(entry: TimelineEntry, event: Event) -> TimelineEntry:
    facts = event.facts
    at, text = time_in(facts.get("happened_at")), facts.get("text")
    said = entry.text if at is None or at == entry.at else f"{entry.at:%Y-%m-%d %H:%M} UTC: {entry.text}"
    was = (said, str(facts.get("why") or ""), event.actor)
    return replace(
        entry, text=entry.text if text is None else str(text), at=at or entry.at,
        is_struck=bool(facts.get("is_struck")), said=(*entry.said, was), changed=event.position,
    )  # fmt: skip


def _streams(facts: dict[str, object]) -> list[str]:
    """The streams of the members that are named in facts."""
    return [f"{prefix}{each}" for name, prefix in _MEMBERS.items() for each in _list(facts.get(name))]


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _teller(stream: str) -> Teller:
    if stream.startswith(ALERTS):
        return AlertTeller(stream)
    if stream.startswith(PAGES):
        return PageTeller(stream)
    return RunTeller(stream) if stream.startswith(RUNS) else ProbeTeller()


def _rank(key: str) -> int:
    """How near to the incident somebody acknowledged."""
    if key.startswith(kinds.INCIDENTS):
        return 0
    return 1 if key.startswith(PAGES) else 2


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)

"""Incidents that were recorded in a file while the ledger was away, brought into it: nothing lost, nothing twice.

Each event carries the mark of the one that it was; what has its mark there already is left out. So whoever was cut off
in the midst begins anew, and two who bring the same file at once bring it once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from msgspec import Struct

from opsbook.ground.errors import Conflict, Refusal
from opsbook.ledger import incident_events as kinds
from opsbook.ledger.event import Draft, Event, verify
from opsbook.ledger.incident import INCIDENT_VIEW, Incident, claim_of, folded, incident_of, stream_of
from opsbook.ledger.incident_brought import LATE, brought_draft, mark_of, marks
from opsbook.ledger.proposal_events import BASES, PROPOSALS, PROPOSED
from opsbook.usecases.ledger_ports import EngineLedger, Timer, Write
from opsbook.usecases.update_due import DUE

FILES = "incident-file/"
AT_ONCE = 500  # events in one transaction
_MOST_KEPT = 20_000  # numbers; beyond, those that are taken become others when they are brought
_ATTEMPTS = 50  # others write to the same incident or claim the same number meanwhile


class Brought(Struct, frozen=True):
    """What came into the ledger: the incidents that are new in it, each with its number and the one that it had in the
    file; how many entries of these and of others; and what was left in the file, in sentences."""

    incidents: tuple[tuple[int, int, str], ...] = ()  # number, number in the file, title
    entries: int = 0
    late: tuple[int, ...] = ()  # the numbers of incidents for which late notes came
    left: tuple[str, ...] = ()


class Bringing:
    """Brings what a file holds of incidents into the ledger."""

    def __init__(self, ledger: EngineLedger, *, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._now = now

    def bring(self, source: EngineLedger, by: str, late_into: Mapping[int, int] | None = None) -> Brought:
        """Brings what is not there yet; `late_into` are numbers here of those that late notes were kept for. Raises
        Refusal, and brings nothing, where the file was changed by hand."""
        held = {stream: source.read(stream) for prefix in (kinds.INCIDENTS, PROPOSALS, LATE)
                for stream in source.streams(prefix)}  # fmt: skip
        _check(held)
        ours = {stream: events for stream, events in held.items() if stream.startswith(kinds.INCIDENTS)}
        numbers, made = self._numbered(ours, by)
        entries = 0
        for stream, events in held.items():
            if not stream.startswith(LATE):
                entries += self._bring(source, events, by, into=stream, numbers=numbers)
        late, left = [], []
        for stream in (each for each in held if each.startswith(LATE)):
            number = int(stream.removeprefix(LATE))
            into = self._stream((late_into or {}).get(number, number))
            if into is None:
                left.append(f"{_told(held[stream])} for INC-{number} wait: the ledger has no such incident.")
                continue
            count = self._bring(source, held[stream], by, into=into, numbers=numbers)
            entries += count
            late += [number] if count else []
        return Brought(tuple(made), entries, tuple(late), tuple(left))

    def _numbered(
        self, ours: Mapping[str, Sequence[Event]], by: str
    ) -> tuple[dict[int, int], list[tuple[int, int, str]]]:
        """The numbers that incidents have in the ledger, by those that they have in the file, and which are new in it.
        A number is claimed for each before any of it is brought, so that they can name one another."""
        numbers: dict[int, int] = {}
        made: list[tuple[int, int, str]] = []
        held = [each for each in map(folded, ours.values()) if each is not None]
        for was in sorted(held, key=self._is_taken):  # who can keep their numbers do, whoever else needs another
            there = self._ledger.row(INCIDENT_VIEW.name, stream_of(was.id))
            number = incident_of(there).number if there is not None else self._claimed(was, by)
            numbers[was.number] = number
            if there is None:
                made.append((number, was.number, was.title))
        return numbers, made

    def _is_taken(self, incident: Incident) -> bool:
        holders = self._ledger.read(claim_of(incident.number))
        return bool(holders) and holders[0].facts.get("incident") != incident.id

    def _claimed(self, incident: Incident, by: str) -> int:
        number = incident.number
        while True:
            holders = [event.facts.get("incident") for event in self._ledger.read(claim_of(number))]
            if holders[:1] == [incident.id]:
                return number
            if not holders:
                try:
                    draft = kinds.numbered(incident.id)
                    self._ledger.append(claim_of(number), [draft], expected=0, actor=by, at=self._now())
                except Conflict:
                    continue
                return number
            if number == incident.number and incident.id not in holders:  # so that it is found by what it was called
                self._ledger.append(
                    claim_of(number), [kinds.numbered(incident.id)], expected=None, actor=by, at=self._now()
                )
            number += 1

    def _bring(
        self, source: EngineLedger, events: Sequence[Event], by: str, *, into: str, numbers: Mapping[int, int]
    ) -> int:
        """How many of these events were brought into a stream."""
        count, attempts = 0, 0
        while True:
            there = self._ledger.read(into)
            known = marks(there) | {event.hash: event.number for event in there}
            left = [event for event in events if mark_of(event) not in known]
            if not left:
                return count
            entries = {f"{event.stream}:{event.number}": f"{into}:{known[mark_of(event)]}"
                       for event in events if mark_of(event) in known}  # fmt: skip
            group = list(next(groupby(left[:AT_ONCE], key=lambda event: event.actor))[1])
            last = there[-1].number if there else 0
            entries |= {f"{event.stream}:{event.number}": f"{into}:{last + ahead}"
                        for ahead, event in enumerate(group, 1)}  # fmt: skip
            drafts = [brought_draft(event, by, entries=entries, numbers=numbers) for event in group]
            drafts += _renumbered(group, numbers)
            try:
                self._ledger.record(
                    [Write(into, drafts, last, _timers(into, group))], actor=group[0].actor, at=self._now(),
                    attach=_files(source, group),
                )  # fmt: skip
            except Conflict:
                attempts += 1
                if attempts == _ATTEMPTS:
                    raise
                continue
            count += len(group)

    def _stream(self, number: int) -> str | None:
        """The stream of the incident that has, or had, a number."""
        found = self._ledger.latest(INCIDENT_VIEW.name, [str(number)]).get(str(number))
        if found is not None:
            return found.stream
        holders = self._ledger.read(claim_of(number))
        named = [f"{kinds.INCIDENTS}{event.facts['incident']}" for event in holders if event.facts.get("incident")]
        return next((each for each in named if self._ledger.row(INCIDENT_VIEW.name, each) is not None), None)


def _renumbered(group: Sequence[Event], numbers: Mapping[int, int]) -> list[Draft]:
    """That it has another number here, in the transaction in which it comes here."""
    first = group[0]
    if first.kind != kinds.DECLARED:
        return []
    was: Any = first.facts["number"]
    for event in group:
        was = event.facts["number"] if event.kind == kinds.RENUMBERED else was
    number = numbers.get(was, was)
    if number == was:
        return []
    why = f"It was declared as INC-{was} while the ledger was away, and INC-{was} was another's here."
    return [kinds.renumbered(number, why)]


def _timers(into: str, group: Sequence[Event]) -> list[Timer]:
    """When the next update is due, where these events say so: the timer of the file did not come with them."""
    due = [event.facts["at"] for event in group if event.kind == kinds.UPDATE_DUE]
    return [Timer(into, DUE, datetime.fromisoformat(due[-1]))] if due and due[-1] else []


def _files(source: EngineLedger, group: Iterable[Event]) -> dict[str, bytes]:
    """The bytes of the files of these entries, and of what was proposed, by the names that they are kept by."""
    names: list[str] = []
    for event in group:
        names += [FILES + file["digest"] for file in event.facts.get("files") or ()]
        if event.kind == PROPOSED:
            names += [event.stream, BASES + event.stream.removeprefix(PROPOSALS)]
    found = {name: source.attachment(name) for name in names}
    return {name: content for name, content in found.items() if content is not None}


def _check(held: Mapping[str, Sequence[Event]]) -> None:
    events = sorted((event for stream in held.values() for event in stream), key=lambda event: event.position)
    faults = verify(events, is_whole=False)
    if faults:
        raise Refusal(f"Nothing was brought: the file was changed after it was recorded. {faults[0]}")


def _told(events: Sequence[Event]) -> str:
    return f"Notes ({len(events)})"


def keep_numbers_free(file: EngineLedger, last: int, *, at: datetime) -> None:
    """Claims the numbers up to the last one of the ledger in an empty file, so that incidents that are declared there
    get numbers which nobody has, and keep them."""
    if last > 0 and file.head() == 0:
        claims = [Write(claim_of(number), [kinds.numbered("")], 0) for number in range(1, min(last, _MOST_KEPT) + 1)]
        file.record(claims, actor="opsbook", at=at)


def also_called(ledger: EngineLedger, incident: Incident) -> list[int]:
    """The numbers of other incidents that were called what this one is, until they were brought into the ledger."""
    holders = [str(event.facts.get("incident")) for event in ledger.read(claim_of(incident.number))]
    rows = (ledger.row(INCIDENT_VIEW.name, f"{kinds.INCIDENTS}{each}") for each in holders if each != incident.id)
    return [incident_of(row).number for row in rows if row is not None]

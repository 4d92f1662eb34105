"""The engine that hands status updates over: decides by `ledger.telling`, records, then sends, then records what came.

- **Intent before effect.** An attempt is recorded before the message is handed over; one that a former engine left open
  is tried again and labelled, for it may have come through. All is fenced by the engine's lease.
- **Nothing outdated.** What a newer update to the same receiver replaced, or somebody withdrew, is dropped with a
  reason: after an outage nobody reads three old updates before the one that holds.
- **Failures are told**, on the incident's timeline, once each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import Protocol

from msgspec import Struct

from opsbook.ground.errors import Conflict
from opsbook.ledger import incident_events
from opsbook.ledger import telling_events as events
from opsbook.ledger.event import NO_HASH, Draft, Event
from opsbook.ledger.incident import INCIDENT_VIEW, Incident, incident_of
from opsbook.ledger.incident import stream_of as incident_stream
from opsbook.ledger.incident_values import StatusUpdate
from opsbook.ledger.maintenance import MAINTENANCE_VIEW, MAINTENANCES, maintenance_of
from opsbook.ledger.telling import TELLING_VIEW, Telling, after, lost, next_moves, stream_of, telling_of
from opsbook.usecases.alerting_ports import Handed, Message, Notifier
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer, Write
from opsbook.usecases.paging import BROKEN_FOR, TAKEN_OVER
from opsbook.usecases.sending import Guard
from opsbook.usecases.telling_owed import DUE, telling_id

ACTOR = "pager"
AT_ONCE = 100  # that are recorded in one transaction
MOST_MOVES = 20  # of one at one moment; more would be a ring
READ = ("published", "corrected")


class Parcel(Struct, frozen=True):
    """What goes to a receiver: the message, and the address, which is never shown."""

    message: Message
    address: str


class Composing(Protocol):
    """Addresses and writes messages."""

    def parcel(self, telling: Telling, incident: Incident | None, update: StatusUpdate | None) -> Parcel | None:
        """What goes out now; None where the receiver is not there any more."""
        ...


class Teller:
    """Hands over what is owed. `moved` is called from another thread when something came of an attempt."""

    def __init__(
        self, ledger: EngineLedger, notifier: Notifier, compose: Composing, *, now: Callable[[], datetime],
        guard: Guard, attempt_s: float, moved: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._notifier = notifier
        self._compose = compose
        self._now = now
        self._guard = guard
        self._attempt_s = attempt_s
        self._moved = moved
        self._came: SimpleQueue[tuple[str, Draft]] = SimpleQueue()
        self._results: dict[str, list[Draft]] = defaultdict(list)
        self._in_flight: set[tuple[str, int]] = set()

    def do(self, timers: Sequence[Timer], lease: Lease) -> int:
        """Does what is due, and records what came of what was sent; gives how many that were."""
        at = max([self._now(), *(each.due for each in timers)])  # the database's clock said so
        self._collect()
        ids = dict.fromkeys((*(each.stream.removeprefix(events.TELLINGS) for each in timers), *self._results))
        made: dict[str, _Moving] = {}
        for id in ids:
            self._guard(f"telling {id}", partial(self._prepare, id, at, made))
        done = self._write(made, at, lease)
        self._put_off([each for each in timers if each.stream.removeprefix(events.TELLINGS) not in made], at, lease)
        for id in done:
            for draft in self._results.pop(id, ()):
                self._in_flight.discard((id, draft.facts["attempt"]))
        going = [each for id, each in made.items() if id in done and each.parcel is not None]
        for each in sorted(going, key=lambda each: -each.telling.update):
            self._hand_over(each)
        return len(done)

    def has_news(self) -> bool:
        """Whether something came of an attempt that is not recorded."""
        return not self._came.empty()

    def is_busy(self) -> bool:
        """Whether something is being handed over."""
        return bool(self._in_flight)

    def _collect(self) -> None:
        while True:
            try:
                id, draft = self._came.get_nowait()
            except Empty:
                return
            self._results[id].append(draft)

    def _prepare(self, id: str, at: datetime, made: dict[str, _Moving]) -> None:
        kept = self._ledger.row(TELLING_VIEW.name, stream_of(id))
        if kept is None:
            return
        moving = _Moving(telling_of(kept), at)
        moving.add(*self._results.get(id, ()))
        attempt = moving.telling.open_attempt
        if attempt is not None and (id, attempt.number) not in self._in_flight:
            moving.add(lost(moving.telling, TAKEN_OVER))
        for _ in range(MOST_MOVES):
            moves = next_moves(moving.telling, at, attempt_s=self._attempt_s)
            moving.wake_at = moves.wake_at
            if moves.record:
                moving.add(*moves.record)
            elif moves.is_due:
                self._begin(moving)
            else:
                break
        made[id] = moving

    def _begin(self, moving: _Moving) -> None:
        """Begins an attempt, or says why there is to be none."""
        telling = moving.telling
        incident, update = self._of(telling)
        why = self._why_not(telling, incident, update)
        if why:
            moving.add(events.settled("dropped", why))
            return
        parcels: list[Parcel | None] = []
        if not self._guard(
            f"message {telling.id}", lambda: parcels.append(self._compose.parcel(telling, incident, update))
        ):
            moving.add(events.settled("failed", "Its message could not be written, which is a fault of Opsbook's."))
        elif parcels[0] is None:
            moving.add(events.settled("dropped", "It is subscribed no more."))
        else:
            moving.parcel = parcels[0]
            moving.add(events.begun(len(telling.attempts) + 1, telling.may_have_come))
            self._in_flight.add((telling.id, len(moving.telling.attempts)))

    def _of(self, telling: Telling) -> tuple[Incident | None, StatusUpdate | None]:
        kept = self._ledger.row(INCIDENT_VIEW.name, incident_stream(telling.incident)) if telling.incident else None
        incident = incident_of(kept) if kept is not None else None
        updates = incident.updates if incident is not None else ()
        return incident, next((each for each in updates if each.id == telling.update), None)

    def _why_not(self, telling: Telling, incident: Incident | None, update: StatusUpdate | None) -> str:
        """Why an update need not be handed over any more; empty where it is."""
        if telling.purpose == "planned":
            return self._why_not_planned(telling)
        if telling.purpose != "update":
            return ""
        if incident is None or update is None or update.state not in READ:
            return "The update was withdrawn."
        for newer in incident.updates:
            if newer.id <= update.id or newer.audience != update.audience or newer.state not in READ:
                continue
            id = telling_id(incident.id, newer.id, telling.to, telling.name)
            if self._ledger.row(TELLING_VIEW.name, stream_of(id)) is not None:
                return f"Update {newer.id} took its place before it was handed over."
        return ""

    def _why_not_planned(self, telling: Telling) -> str:
        """As _why_not: whoever is owed a newer word of the same work gets that alone."""
        kept = self._ledger.row(MAINTENANCE_VIEW.name, MAINTENANCES + telling.maintenance)
        newest = maintenance_of(kept).number if kept is not None else 0
        for number in range(telling.update + 1, newest + 1):
            id = telling_id(telling.maintenance, number, telling.to, telling.name)
            if self._ledger.row(TELLING_VIEW.name, stream_of(id)) is not None:
                return "What was said of it later took its place before it was handed over."
        return ""

    def _hand_over(self, moving: _Moving) -> None:
        parcel, id, attempt = moving.parcel, moving.telling.id, len(moving.telling.attempts)
        assert parcel is not None

        def tell(handed: Handed) -> None:
            self._came.put((id, events.ended(
                attempt, handed.state, reason=handed.reason, latency_ms=handed.latency_ms,
                retry_after_s=handed.retry_after_s if handed.state == "retrying" else None,
            )))  # fmt: skip
            self._moved()

        if not self._guard(f"notifier {id}", lambda: self._notifier.send(parcel.message, parcel.address, tell)):
            tell(Handed("lost", "It could not be handed to the notifier, which is a fault of Opsbook's."))

    def _put_off(self, broken: Sequence[Timer], at: datetime, lease: Lease) -> None:
        """Looks at what could not be prepared again later, so that it stands before no other."""
        later = [Write(each.stream, (), None, (Timer(each.stream, each.name, at + BROKEN_FOR),)) for each in broken]
        if later:
            self._ledger.record(later, actor=ACTOR, at=at, fence=lease)

    def _write(self, made: dict[str, _Moving], at: datetime, lease: Lease) -> set[str]:
        """Records, many in one transaction; those that moved on meanwhile are left for the next look."""
        done: set[str] = set()
        ids = list(made)
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            if self._recorded([made[id] for id in some], at, lease):
                done |= set(some)
            else:
                done |= {id for id in some if self._recorded([made[id]], at, lease)}
        self._in_flight -= {each for each in self._in_flight if each[0] in made and each[0] not in done
                            and made[each[0]].parcel is not None}  # fmt: skip
        return done

    def _recorded(self, some: Sequence[_Moving], at: datetime, lease: Lease) -> bool:
        told: dict[str, list[Draft]] = defaultdict(list)
        for each in some:
            if each.telling.incident and each.telling.state == "failed":
                told[incident_stream(each.telling.incident)].append(
                    incident_events.update_undelivered(each.telling.update, each.telling.shown, each.telling.why)
                )
        writes = [each.write() for each in some]
        try:
            self._ledger.record(
                [*writes, *(Write(stream, drafts) for stream, drafts in told.items())], actor=ACTOR, at=at, fence=lease
            )
        except Conflict:
            return False
        return True


class _Moving:
    """One, moved on draft by draft; what is to be sent once that is recorded."""

    def __init__(self, telling: Telling, at: datetime) -> None:
        self.was, self.telling, self.at = telling, telling, at
        self.drafts: list[Draft] = []
        self.parcel: Parcel | None = None
        self.wake_at: datetime | None = None

    def add(self, *drafts: Draft) -> None:
        """Moves it on by what is going to be recorded."""
        for draft in drafts:
            event = Event(
                stream_of(self.telling.id), self.telling.number + 1, 0, self.at, ACTOR, draft.kind, draft.facts,
                NO_HASH, NO_HASH,
            )  # fmt: skip
            moved = after(self.telling, event)
            assert moved is not None
            self.telling = moved
            self.drafts.append(draft)

    def write(self) -> Write:
        """What is to be recorded, behind exactly what was read."""
        stream = stream_of(self.was.id)
        timers = (Timer(stream, DUE, self.wake_at),) if self.wake_at is not None else ()
        return Write(stream, self.drafts, self.was.number, timers, () if timers else (DUE,))

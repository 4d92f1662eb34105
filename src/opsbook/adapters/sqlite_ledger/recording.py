"""What one transaction of the SQLite ledger records: events and their chain, timers, leases, rows of views.

Called by the thread that writes, and by nobody else. What it remembers of the file between transactions is forgotten as
soon as anybody else has written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import apsw
from msgspec import Struct

from opsbook.adapters.sqlite_ledger import beside, tables
from opsbook.adapters.sqlite_ledger.rows import ViewRows
from opsbook.ground.errors import Conflict, Fenced
from opsbook.ledger.event import CHECKPOINTS, NO_HASH, Draft, Event, canonical, checkpoint, hash_of, is_checkpoint_due
from opsbook.ledger.view import View
from opsbook.usecases.ledger_ports import Lease, Sighting, Write

BYTES_AN_EVENT = 50_000  # of an attachment: about as long as an event takes
MOST_HEADS = 50_000  # streams whose last event is remembered

# Many rows by one statement: between two statements SQLite's library lets other threads of Python run, and has to wait
# for them each time.
_ROW = "(?,?,?,?,?,?,?,?,?)"
_AT_ONCE = 16
_INSERT, _INSERT_MANY = (
    f"INSERT INTO event({tables.COLUMNS}) VALUES {','.join([_ROW] * count)}" for count in (1, _AT_ONCE)
)
_LAST = "SELECT number, hash FROM event WHERE stream = ? ORDER BY number DESC LIMIT 1"
_LASTS = """
SELECT asked.value, number, hash FROM json_each(?) AS asked JOIN event ON event.stream = asked.value
AND event.number = (SELECT max(number) FROM event AS each WHERE each.stream = asked.value)
"""
_SEEN = "PRAGMA data_version"  # another one as soon as anybody else has committed
_LAST_CHECKPOINT = f"SELECT {tables.COLUMNS} FROM event WHERE stream = ? ORDER BY number DESC LIMIT 1"
# From one stream to the next by the index, however many events each has.
_HEADS = """
WITH RECURSIVE found(stream) AS (
  SELECT min(stream) FROM event
  UNION ALL
  SELECT (SELECT min(stream) FROM event WHERE stream > found.stream) FROM found WHERE found.stream IS NOT NULL
)
SELECT event.stream, event.number, event.hash FROM found JOIN event ON event.stream = found.stream
AND event.number = (SELECT max(number) FROM event AS each WHERE each.stream = found.stream)
"""
_LEASE = "SELECT owner, epoch, until FROM lease WHERE name = ?"
_SET_LEASE = "INSERT OR REPLACE INTO lease(name, owner, epoch, until) VALUES (?,?,?,?)"
_SET_TIMER = "INSERT OR REPLACE INTO timer(stream, name, due, facts) VALUES (?,?,?,?)"
_CLEAR_TIMER = "DELETE FROM timer WHERE stream = ? AND name = ?"
NOBODY = ""  # owns a lease that was released
ACTOR = "opsbook"  # records checkpoints


class Addition(Struct, frozen=True):
    """What is added to one stream; `encoded` are the facts of the drafts as they are kept."""

    stream: str
    drafts: Sequence[Draft]
    encoded: Sequence[bytes]
    expected: int | None
    timers: Sequence[tuple[Any, ...]]
    cleared: Sequence[str]


class Addings(Struct, frozen=True):
    """What one call adds to streams, each named once, and keeps and forgets beside them: all or nothing of it."""

    additions: Sequence[Addition]
    actor: str
    at: datetime
    fence: Lease | None = None
    attach: Mapping[str, bytes] = {}
    detach: Sequence[str] = ()

    @property
    def weight(self) -> int:
        """About how much there is to do for it, in events."""
        size_bytes = sum(map(len, self.attach.values()))
        return 1 + sum(len(each.drafts) for each in self.additions) + size_bytes // BYTES_AN_EVENT


def addition(write: Write) -> Addition:
    """An Addition, encoded in the caller's own thread: what cannot be encoded is the caller's bug."""
    stream = write.stream
    for timer in write.set_timers:
        if timer.stream != stream:
            raise ValueError(f"the timer '{timer.name}' of '{timer.stream}' cannot be set with events of '{stream}'")
    timers = [(stream, t.name, tables.microseconds(t.due), canonical(t.facts).decode()) for t in write.set_timers]
    encoded = [canonical(draft.facts) for draft in write.drafts]
    return Addition(stream, write.drafts, encoded, write.expected, timers, write.clear_timers)


def addings(
    writes: Sequence[Write], *, actor: str, at: datetime, fence: Lease | None = None,
    attach: Mapping[str, bytes] | None = None, detach: Sequence[str] = (),
) -> Addings:  # fmt: skip
    """The Addings of a call, encoded in the caller's own thread."""
    streams = [write.stream for write in writes]
    if len(set(streams)) < len(streams):
        twice = next(stream for stream in streams if streams.count(stream) > 1)
        raise ValueError(f"the stream '{twice}' is named twice in one record")
    return Addings([addition(write) for write in writes], actor, at.astimezone(UTC), fence, attach or {}, detach)


class Recorder:
    """Records into one transaction after another: `begin`, then any of the rest, then `commit` or `roll_back`."""

    def __init__(self, views: Sequence[View], clock: Callable[[], int]) -> None:
        self._clock = clock
        self._connection: apsw.Connection
        self._rows = ViewRows(views)
        self._heads: dict[str, tuple[int, str]] = {}
        self._events: list[tuple[str | int, ...]] = []
        self._seen: object = None  # what tells whether anybody else has written
        self._before = 0
        self._checkpoint: Event | None = None
        self.position = 0
        self.now = 0

    def begin(self, connection: apsw.Connection) -> None:
        """Begins a transaction that holds the write lock."""
        connection.execute("BEGIN IMMEDIATE")
        self._connection, self._before = connection, connection.total_changes()
        seen = (connection, connection.execute(_SEEN).get)
        if seen != self._seen or len(self._heads) > MOST_HEADS:
            self.forget()
            self.position = int(connection.execute(tables.HEAD).get)
            found = connection.execute(_LAST_CHECKPOINT, (CHECKPOINTS,)).fetchone()
            self._checkpoint = tables.event_of(found) if found is not None else None
            self._rows.look_again(connection)
        self._seen = seen
        self.now = self._clock()

    def commit(self) -> bool:
        """Writes what was recorded, synced; False when that is nothing."""
        connection = self._connection
        self._write_events()
        if is_checkpoint_due(self.position, self._checkpoint):
            self.vouch(0)
            self._write_events()
        self._rows.write(connection)
        is_changed = connection.total_changes() != self._before
        connection.execute("COMMIT" if is_changed else "ROLLBACK")
        return is_changed

    def forget(self) -> None:
        """Forgets what is remembered of the file, and what was not written."""
        self._seen = None
        self._heads.clear()
        self._events.clear()
        self._checkpoint = None
        self._rows.forget()

    def add(self, added: Addings) -> tuple[Event, ...]:
        """Numbers and hashes the events of a call behind what is there; raises Conflict or Fenced, and then has
        recorded nothing of it, because all of it is judged before the first is recorded."""
        heads = self._heads_of([each.stream for each in added.additions])
        if added.fence is not None:
            self._check(added.fence)
        for each in added.additions:
            number = heads[each.stream][0]
            if each.expected is not None and each.expected != number:
                raise Conflict(
                    f"Somebody else was quicker: '{each.stream}' has {number} events by now instead of"
                    f" {each.expected}. Look at it again, then decide."
                )
        self._rows.learn(self._connection, {stream: number for stream, (number, _) in heads.items()})
        events: list[Event] = []
        for each in added.additions:
            events += self._chained(each, *heads[each.stream], actor=added.actor, at=added.at)
        # Each stream is named once, so all are cleared before any is set.
        self._connection.executemany(
            _CLEAR_TIMER, [(each.stream, name) for each in added.additions for name in each.cleared]
        )
        self._connection.executemany(_SET_TIMER, [timer for each in added.additions for timer in each.timers])
        beside.detach(self._connection, added.detach)
        beside.attach(self._connection, added.attach, added.at)
        return tuple(events)

    def sight(self, sightings: Sequence[Sighting]) -> None:
        """Notes that things were seen again."""
        beside.sight(self._connection, sightings)

    def unsight(self, names: Sequence[str]) -> None:
        """Forgets what was noted of these."""
        beside.unsight(self._connection, names)

    def vouch(self, not_within_us: int) -> Event | None:
        """A checkpoint over all events so far, unless the last one is one or is not so old."""
        last = self._checkpoint
        if self.position == (last.position if last is not None else 0):
            return None
        if last is not None and self.now - tables.microseconds(last.at) < not_within_us:
            return None
        self._write_events()
        heads = {stream: (number, digest) for stream, number, digest in self._connection.execute(_HEADS)}
        wanted = Write(CHECKPOINTS, [checkpoint(heads)])
        (self._checkpoint,) = self.add(addings([wanted], actor=ACTOR, at=tables.moment(self.now)))
        return self._checkpoint

    def remake_rows(self) -> None:
        """Makes the rows of all views again, with the events of this transaction."""
        self._write_events()
        self._rows.remake(self._connection)

    def claim(self, name: str, owner: str, for_us: int) -> Lease | None:
        """The lease, unless another has it now."""
        had, epoch, until = self._connection.execute(_LEASE, (name,)).fetchone() or (NOBODY, 0, 0)
        if until <= self.now:
            return self._grant(name, owner, epoch + 1, self.now + for_us)
        return self._grant(name, owner, epoch, max(until, self.now + for_us)) if had == owner else None

    def renew(self, lease: Lease, for_us: int) -> Lease | None:
        """The lease for longer, unless another took it or it was released."""
        if not self._is_held(lease):
            return None
        return self._grant(lease.name, lease.owner, lease.epoch, self.now + for_us)

    def release(self, lease: Lease) -> None:
        """Ends the lease, where it is still held."""
        if self._is_held(lease):
            self._grant(lease.name, NOBODY, lease.epoch, 0)

    def _write_events(self) -> None:
        rows, connection = self._events, self._connection
        whole = len(rows) - len(rows) % _AT_ONCE
        for start in range(0, whole, _AT_ONCE):
            connection.execute(_INSERT_MANY, tuple(chain.from_iterable(rows[start : start + _AT_ONCE])))
        if whole < len(rows):
            connection.executemany(_INSERT, rows[whole:])
        rows.clear()

    def _heads_of(self, streams: Sequence[str]) -> dict[str, tuple[int, str]]:
        unknown = [stream for stream in streams if stream not in self._heads]
        found: dict[str, tuple[int, str]] = {}
        if len(unknown) == 1:
            found[unknown[0]] = self._connection.execute(_LAST, (unknown[0],)).fetchone() or (0, NO_HASH)
        elif unknown:
            asked = self._connection.execute(_LASTS, (tables.listed(unknown),))
            found = {stream: (number, digest) for stream, number, digest in asked}
        return {stream: self._heads.get(stream) or found.get(stream) or (0, NO_HASH) for stream in streams}

    def _chained(self, added: Addition, number: int, previous: str, *, actor: str, at: datetime) -> list[Event]:
        stream = added.stream
        events, microseconds, position = [], tables.microseconds(at), self.position
        has_views = self._rows.concern(stream)
        for draft, facts in zip(added.drafts, added.encoded, strict=True):
            number, position = number + 1, position + 1
            digest = hash_of(
                draft.kind, facts, stream=stream, number=number, position=position, at=at, actor=actor,
                previous_hash=previous,
            )  # fmt: skip
            event = Event(stream, number, position, at, actor, draft.kind, draft.facts, previous, digest)
            if has_views:
                self._rows.fold(self._connection, event, facts)
            self._events.append(
                (stream, number, position, microseconds, actor, draft.kind, facts.decode(), previous, digest)
            )
            events.append(event)
            previous = digest
        self.position = position
        if events:
            self._heads[stream] = (number, previous)
        return events

    def _check(self, fence: Lease) -> None:
        if not self._is_held(fence):
            raise Fenced(
                f"'{fence.name}' is not {fence.owner}'s any more: somebody else has taken the work over since, or it"
                " was given up. Nothing was recorded."
            )

    def _is_held(self, lease: Lease) -> bool:
        # Not whether it has ended: as long as nobody else took it, its owner alone has worked on it.
        found = self._connection.execute(_LEASE, (lease.name,)).fetchone()
        return found is not None and found[:2] == (lease.owner, lease.epoch)

    def _grant(self, name: str, owner: str, epoch: int, until: int) -> Lease:
        self._connection.execute(_SET_LEASE, (name, owner, epoch, until))
        return Lease(name, owner, epoch, tables.moment(until))

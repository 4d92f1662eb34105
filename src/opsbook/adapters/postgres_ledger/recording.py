"""What one transaction of the PostgreSQL ledger records: events and their chain, timers, rows of views.

Called by the thread that writes, and by nobody else. Isolation is READ COMMITTED, and the first statement takes a lock
that is held until the commit: every later one sees all that was committed under that lock before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain

from msgspec.structs import replace

from opsbook.adapters.postgres_ledger import beside, tables, views
from opsbook.adapters.postgres_ledger.connecting import Db, Server
from opsbook.ground.errors import Conflict, Fenced, Refusal
from opsbook.ledger.event import CHECKPOINTS, NO_HASH, Event, canonical, checkpoint, hash_of, is_checkpoint_due
from opsbook.ledger.view import View
from opsbook.usecases.ledger_ports import Lease, Write

BYTES_AN_EVENT = 50_000  # of an attachment: about as long as an event takes
MOST_HEADS = 50_000  # streams whose last event is remembered
ACTOR = "opsbook"  # records checkpoints
CHANNEL = "opsbook"
LONGEST_TOLD = 7900  # bytes of a notification: PostgreSQL refuses 8000

_BEGIN = f"""
BEGIN;
SELECT pg_advisory_xact_lock({tables.APPENDING});
SELECT version, coalesce(position, 0), hash, clock_timestamp() FROM ledger
LEFT JOIN LATERAL (SELECT position, hash FROM event ORDER BY position DESC LIMIT 1) AS last ON true;
SELECT name, version, position FROM view
"""
_HEADS = """
SELECT asked.stream, number, hash FROM unnest(%s::text[]) AS asked(stream) CROSS JOIN LATERAL (
  SELECT number, hash FROM event WHERE event.stream = asked.stream ORDER BY number DESC LIMIT 1
) AS last
"""
_LAST_CHECKPOINT = f"SELECT {tables.COLUMNS} FROM event WHERE stream = %s ORDER BY number DESC LIMIT 1"
# From one stream to the next by the index, however many events each has.
_ALL_HEADS = """
WITH RECURSIVE found(stream) AS (
  (SELECT min(stream) FROM event)
  UNION ALL
  SELECT (SELECT min(stream) FROM event WHERE event.stream > found.stream) FROM found WHERE found.stream IS NOT NULL
)
SELECT found.stream, number, hash FROM found CROSS JOIN LATERAL (
  SELECT number, hash FROM event WHERE event.stream = found.stream ORDER BY number DESC LIMIT 1
) AS last
"""
# A lease that is looked at cannot be taken by another before the commit.
_LEASES = "SELECT name, owner, epoch FROM lease WHERE name = ANY(%s::text[]) FOR SHARE"
_INSERT = f"""
WITH added AS ({tables.INSERT})
SELECT pg_notify('{CHANNEL}', told) FROM unnest(%s::text[]) AS told
"""
_CLEAR = "DELETE FROM timer USING unnest(%s::text[], %s::text[]) AS gone(s, n) WHERE stream = gone.s AND name = gone.n"
_SET = """
INSERT INTO timer(stream, name, due, facts) SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::text[])
ON CONFLICT (stream, name) DO UPDATE SET due = excluded.due, facts = excluded.facts
"""


class Part:
    """What is added to one stream; `encoded` are the facts of the drafts as they are kept."""

    __slots__ = ("cleared", "drafts", "encoded", "expected", "stream", "timers")

    def __init__(self, write: Write) -> None:
        self.stream = write.stream
        self.drafts = write.drafts
        self.encoded = [canonical(draft.facts) for draft in write.drafts]
        self.expected = write.expected
        self.timers = [
            (timer.name, timer.due.astimezone(UTC), canonical(timer.facts).decode()) for timer in write.set_timers
        ]
        self.cleared = write.clear_timers
        for timer in write.set_timers:
            if timer.stream != write.stream:
                raise ValueError(f"a timer of {timer.stream!r} cannot be set with events of {write.stream!r}")

    def names(self) -> Iterator[str]:
        """All text that is kept as it is."""
        yield self.stream
        yield from (draft.kind for draft in self.drafts)
        yield from (name for name, _, _ in self.timers)
        yield from self.cleared


class Addition:
    """What one call adds to streams, each named once, and keeps and forgets beside them: all or nothing of it. Made by
    the caller's thread, where what cannot be kept is the caller's bug."""

    __slots__ = ("actor", "at", "attach", "detach", "events", "fence", "parts")

    def __init__(
        self, writes: Sequence[Write], *, actor: str, at: datetime, fence: Lease | None = None,
        attach: Mapping[str, bytes] | None = None, detach: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.parts = [Part(write) for write in writes]
        self.actor = actor
        self.at = at.astimezone(UTC)
        self.fence = fence
        self.attach = attach or {}
        self.detach = detach
        self.events: tuple[Event, ...] = ()
        streams = [part.stream for part in self.parts]
        if len(set(streams)) < len(streams):
            twice = next(stream for stream in streams if streams.count(stream) > 1)
            raise ValueError(f"the stream {twice!r} is named twice in one record")
        for name in chain([actor], *(part.names() for part in self.parts), self.attach, detach):
            if "\0" in name or name.encode().decode() != name:  # encode() raises for half a character
                raise ValueError(f"{name!r} holds a NUL, which PostgreSQL cannot keep")

    @property
    def weight(self) -> int:
        """About how much there is to do for it, in events."""
        size_bytes = sum(map(len, self.attach.values()))
        return 1 + sum(len(part.drafts) for part in self.parts) + size_bytes // BYTES_AN_EVENT

    @property
    def may_be_repeated(self) -> bool:
        """Whether doing it once more, when it was done already, is refused or changes nothing."""
        return all(part.expected is not None or not part.drafts for part in self.parts)


class Vouch:
    """A wish for a checkpoint over all that is there, unless the last one is younger than so many seconds; `event` is
    the one that was recorded."""

    __slots__ = ("event", "not_within")

    def __init__(self, not_within_s: float) -> None:
        self.not_within = timedelta(seconds=not_within_s)
        self.event: Event | None = None


class Recorded:
    """What a transaction is about to commit: its last event, None where it has none; `is_empty` when nothing at all."""

    __slots__ = ("is_empty", "last")

    def __init__(self, last: Event | None, *, is_empty: bool) -> None:
        self.last = last
        self.is_empty = is_empty


class Recorder:
    """Records additions within transactions that it begins and its caller ends; remembers where streams end."""

    def __init__(self, server: Server, kept_views: Sequence[View]) -> None:
        self._server = server
        self._views = tuple(kept_views)
        self._heads: dict[str, tuple[int, str]] = {}
        self._checkpoint: Event | None = None
        self._last: tuple[int, str] | None = None  # position and hash of the last event when all that was remembered
        self._now = datetime.min

    def forget(self) -> None:
        """Forgets what is remembered: it was not committed."""
        self._last = None

    def record(
        self, connection: Db, additions: Iterable[tuple[Addition, Callable[[Refusal], None]]], vouches: Sequence[Vouch]
    ) -> Recorded:
        """Begins a transaction and records what can be; each of the others is told why not, and adds nothing."""
        additions = list(additions)
        before, late = self._begin(connection)
        self._learn_heads(connection, {part.stream for addition, _ in additions for part in addition.parts})
        leases = _leases(connection, {addition.fence.name for addition, _ in additions if addition.fence})
        accepted: list[Addition] = []
        position = before
        for addition, refuse in additions:
            refusal = _stale(addition, leases) or self._late(addition)
            if refusal is not None:
                refuse(refusal)
                continue
            position = self._number(addition, position)
            accepted.append(addition)
        has_more = _write_timers(connection, accepted) | _write_beside(connection, accepted)
        last = self._write(connection, accepted)
        wanted = [vouch for vouch in vouches if self._is_wanted(vouch, position)]
        if wanted or (last is not None and is_checkpoint_due(position, self._checkpoint)):
            last = self._checkpoint = self._vouch(connection, position)
            for vouch in wanted:
                vouch.event = last
        self._last = (last.position, last.hash) if last else self._last
        return Recorded(last, is_empty=last is None and not has_more and not late)

    def _begin(self, connection: Db) -> tuple[int, bool]:
        """Begins; the position of the last event, and whether rows of views had to be made up for."""
        cursor = connection.execute(_BEGIN.encode())
        cursor.nextset()
        cursor.nextset()
        version, position, digest, now = cursor.fetchone() or (0, 0, NO_HASH, None)
        if version > tables.VERSION:
            raise tables.newer(self._server, version)
        cursor.nextset()
        states = views.states_of(cursor.fetchall())
        self._now = now.astimezone(UTC)
        if (position, digest) != self._last or len(self._heads) > MOST_HEADS:
            self._heads.clear()  # another program wrote, and only then has what is remembered moved
            found = connection.execute(_LAST_CHECKPOINT, (CHECKPOINTS,)).fetchone()
            self._checkpoint = tables.event_of(found) if found is not None else None
        self._last = position, digest
        late = views.behind(self._views, states, position, self._server.shown)
        if late:
            views.catch_up(connection, late, states, position)
        return position, bool(late)

    def _is_wanted(self, vouch: Vouch, position: int) -> bool:
        last = self._checkpoint
        if last is None:
            return position > 0
        return position > last.position and self._now - last.at >= vouch.not_within

    def _vouch(self, connection: Db, position: int) -> Event:
        heads = {stream: (number, digest) for stream, number, digest in connection.execute(_ALL_HEADS)}
        self._heads[CHECKPOINTS] = heads.get(CHECKPOINTS, (0, NO_HASH))
        addition = Addition([Write(CHECKPOINTS, [checkpoint(heads)])], actor=ACTOR, at=self._now)
        self._number(addition, position)
        self._write(connection, [addition])
        return addition.events[0]

    def _learn_heads(self, connection: Db, streams: set[str]) -> None:
        unknown = [stream for stream in streams if stream not in self._heads]
        if unknown:
            found = {stream: (number, digest) for stream, number, digest in connection.execute(_HEADS, (unknown,))}
            for stream in unknown:
                self._heads[stream] = found.get(stream, (0, NO_HASH))

    def _late(self, addition: Addition) -> Refusal | None:
        for part in addition.parts:
            number = self._heads[part.stream][0]
            if part.expected is not None and part.expected != number:
                return Conflict(
                    f"Somebody else was quicker: '{part.stream}' has {number} events by now instead of"
                    f" {part.expected}. Look at it again, then decide."
                )
        return None

    def _number(self, addition: Addition, position: int) -> int:
        """Numbers and hashes the events of an addition behind `position`; the position of the last one."""
        actor, at = addition.actor, addition.at
        events = []
        for part in addition.parts:
            stream, (number, previous) = part.stream, self._heads[part.stream]
            for draft, facts in zip(part.drafts, part.encoded, strict=True):
                number, position = number + 1, position + 1
                digest = hash_of(
                    draft.kind, facts, stream=stream, number=number, position=position, at=at, actor=actor,
                    previous_hash=previous,
                )  # fmt: skip
                events.append(Event(stream, number, position, at, actor, draft.kind, draft.facts, previous, digest))
                previous = digest
            self._heads[stream] = (number, previous)
        addition.events = tuple(events)
        return position

    def _write(self, connection: Db, accepted: Sequence[Addition]) -> Event | None:
        """Writes the events of additions, and folds them; gives the last one."""
        events = [event for addition in accepted for event in addition.events]
        if not events:
            return None
        texts = [facts.decode() for addition in accepted for part in addition.parts for facts in part.encoded]
        rows = [tables.values_of(event, facts) for event, facts in zip(events, texts, strict=True)]
        told = [f"{stream} {number}" for stream, number in {event.stream: event.number for event in events}.items()]
        told = [words for words in told if len(words.encode()) <= LONGEST_TOLD] or [""]
        connection.execute(_INSERT, (*map(list, zip(*rows, strict=True)), told))
        if self._views:
            folding = views.Folding(self._views, connection, {event.stream for event in events})
            for event, facts in zip(events, texts, strict=True):
                folding.take(replace(event, facts=tables.decode(facts)))
            folding.write(connection, events[-1].position)
        return events[-1]


def _leases(connection: Db, names: set[str]) -> dict[str, tuple[str, int]]:
    if not names:
        return {}
    return {name: (owner, epoch) for name, owner, epoch in connection.execute(_LEASES, (list(names),))}


def _stale(addition: Addition, leases: dict[str, tuple[str, int]]) -> Refusal | None:
    fence = addition.fence
    if fence is None or leases.get(fence.name) == (fence.owner, fence.epoch):
        return None
    return Fenced(
        f"'{fence.name}' is not {fence.owner}'s any more: somebody else has taken the work over since, or it was given"
        " up. Nothing was recorded."
    )


def _write_timers(connection: Db, accepted: Iterable[Addition]) -> bool:
    wanted: dict[tuple[str, str], tuple[datetime, str] | None] = {}
    for part in (part for addition in accepted for part in addition.parts):
        wanted.update(((part.stream, name), None) for name in part.cleared)
        wanted.update(((part.stream, name), (due, facts)) for name, due, facts in part.timers)
    cleared = [key for key, timer in wanted.items() if timer is None]
    if cleared:
        connection.execute(_CLEAR, tuple(map(list, zip(*cleared, strict=True))))
    rows = [(*key, *timer) for key, timer in wanted.items() if timer is not None]
    if rows:
        connection.execute(_SET, tuple(map(list, zip(*rows, strict=True))))
    return bool(wanted)


def _write_beside(connection: Db, accepted: Iterable[Addition]) -> bool:
    is_changed = False
    for addition in accepted:
        beside.detach(connection, addition.detach)
        beside.attach(connection, addition.attach, addition.at)
        is_changed = is_changed or bool(addition.attach or addition.detach)
    return is_changed

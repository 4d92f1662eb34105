"""What one transaction of the PostgreSQL ledger records: events and their chain, timers, rows of views.

Called by the thread that writes, and by nobody else. Isolation is READ COMMITTED, and the first statement takes a lock
that is held until the commit: every later one sees all that was committed under that lock before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from opsbook.adapters.postgres_ledger import tables, views
from opsbook.adapters.postgres_ledger.connecting import Db, Server
from opsbook.ground.errors import Conflict, Fenced, Refusal
from opsbook.ledger.event import CHECKPOINTS, NO_HASH, Draft, Event, canonical, checkpoint, hash_of, is_checkpoint_due
from opsbook.ledger.view import View
from opsbook.usecases.ledger_ports import Lease, Timer

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


class Addition:
    """What one call of `append` adds. Made by the caller's thread, where what cannot be kept is the caller's bug."""

    __slots__ = ("actor", "at", "clear_timers", "drafts", "encoded", "events", "expected", "fence", "stream", "timers")

    def __init__(
        self, stream: str, drafts: Sequence[Draft], *, actor: str, at: datetime, expected: int | None = None,
        fence: Lease | None = None, set_timers: Sequence[Timer] = (), clear_timers: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.stream = stream
        self.drafts = drafts
        self.encoded = [canonical(draft.facts) for draft in drafts]
        self.timers = [(timer.name, timer.due.astimezone(UTC), canonical(timer.facts).decode()) for timer in set_timers]
        self.clear_timers = clear_timers
        self.expected = expected
        self.actor = actor
        self.at = at.astimezone(UTC)
        self.fence = fence
        self.events: tuple[Event, ...] = ()
        for timer in set_timers:
            if timer.stream != stream:
                raise ValueError(f"a timer of {timer.stream!r} cannot be set with events of {stream!r}")
        for name in (stream, actor, *(d.kind for d in drafts), *(name for name, _, _ in self.timers), *clear_timers):
            if "\0" in name or name.encode().decode() != name:  # encode() raises for half a character
                raise ValueError(f"{name!r} holds a NUL, which PostgreSQL cannot keep")


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
        self._learn_heads(connection, {addition.stream for addition, _ in additions})
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
        has_timers = _write_timers(connection, accepted)
        last = self._write(connection, accepted)
        wanted = [vouch for vouch in vouches if self._is_wanted(vouch, position)]
        if wanted or (last is not None and is_checkpoint_due(position, self._checkpoint)):
            last = self._checkpoint = self._vouch(connection, position)
            for vouch in wanted:
                vouch.event = last
        self._last = (last.position, last.hash) if last else self._last
        return Recorded(last, is_empty=last is None and not has_timers and not late)

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
        addition = Addition(CHECKPOINTS, [checkpoint(heads)], actor=ACTOR, at=self._now)
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
        number = self._heads[addition.stream][0]
        if addition.expected is None or addition.expected == number:
            return None
        return Conflict(
            f"Somebody else was quicker: '{addition.stream}' has {number} events by now instead of"
            f" {addition.expected}. Look at it again, then decide."
        )

    def _number(self, addition: Addition, position: int) -> int:
        """Numbers and hashes the events of an addition behind `position`; the position of the last one."""
        stream, actor, at = addition.stream, addition.actor, addition.at
        number, previous = self._heads[stream]
        events = []
        for draft, facts in zip(addition.drafts, addition.encoded, strict=True):
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
        texts = [facts.decode() for addition in accepted for facts in addition.encoded]
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
    for addition in accepted:
        wanted.update(((addition.stream, name), None) for name in addition.clear_timers)
        wanted.update(((addition.stream, name), (due, facts)) for name, due, facts in addition.timers)
    cleared = [key for key, timer in wanted.items() if timer is None]
    if cleared:
        connection.execute(_CLEAR, tuple(map(list, zip(*cleared, strict=True))))
    rows = [(*key, *timer) for key, timer in wanted.items() if timer is not None]
    if rows:
        connection.execute(_SET, tuple(map(list, zip(*rows, strict=True))))
    return bool(wanted)

"""The one thread that writes to the SQLite ledger: whatever waits at the same time is one synced commit."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import apsw

from opsbook.adapters.sqlite_ledger import tables
from opsbook.ground.errors import Conflict, Failure, Refusal
from opsbook.ledger.event import NO_HASH, Draft, Event, canonical, hash_of

MOST_AT_ONCE = 1000  # appends in one commit: about 20 ms of work, so that no other process waits long
MOST_HEADS = 50_000  # streams whose last event is remembered
MOMENT_S = 0.0005  # about what a sync takes
LOOK_S = 1.0  # how often an append that waits looks whether the thread is still there

_INSERT = f"INSERT INTO event({tables.COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"
_LAST = "SELECT number, hash FROM event WHERE stream = ? ORDER BY number DESC LIMIT 1"
_HEAD = "SELECT ifnull(max(position), 0) FROM event"


class Append:
    """One call of `append` on its way through the thread; `done` is released when it has its events or its error."""

    __slots__ = ("actor", "at", "done", "drafts", "encoded", "error", "events", "expected", "stream")

    def __init__(self, stream: str, drafts: Sequence[Draft], expected: int | None, actor: str, *, at: datetime) -> None:
        self.stream = stream
        self.drafts = drafts
        self.encoded = [canonical(draft.facts) for draft in drafts]  # here: what cannot be encoded is the caller's bug
        self.expected = expected
        self.actor = actor
        self.at = at.astimezone(UTC)
        self.events: tuple[Event, ...] = ()
        self.error: Exception | None = None
        self.done = threading.Lock()
        self.done.acquire()


class Writer:
    """Writes to the ledger in the file `path`, which is there; `tell` is called with the new head after each commit.

    The thread begins with the first append, so that whoever only reads has none.
    """

    def __init__(self, path: str, busy_s: float, tell: Callable[[int], None]) -> None:
        self._path = path
        self._busy_s = busy_s
        self._tell = tell
        self._waiting: deque[Append] = deque()
        self._wanted = 1  # as many must wait before the thread is woken: to be woken for each costs more than it gains
        self._bell = threading.Lock()  # held while it is silent
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._connection: apsw.Connection | None = None
        self._identity = _identity(path)
        self._heads: dict[str, tuple[int, str]] = {}
        self._position = 0

    def append(self, append: Append) -> tuple[Event, ...]:
        """The events of an append, once they are synced; raises its error."""
        if self._is_closed:
            raise Failure(f"The ledger {self._path} is closed, because Opsbook stops. Start it again, then try again.")
        self._waiting.append(append)
        if len(self._waiting) >= self._wanted:
            self._ring()
        self._start()
        while not append.done.acquire(timeout=LOOK_S):
            self._start()  # a bug ended the thread: its own append failed, and the others go on
        if append.error is not None:
            raise append.error
        return append.events

    def close(self) -> None:
        """Writes what waits, then ends the thread."""
        with self._starting:
            self._is_closed = True
            self._ring()
            if self._thread is not None:
                self._thread.join()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _start(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        together = 1  # in the last commit
        while batch := self._gather(together):
            self._write(batch)
            together = len(batch)

    def _gather(self, together: int) -> list[Append]:
        """What is to be in the next commit, empty when the ledger is closed. Where several were `together` in the last
        one it waits a moment for as many: most likely the same are back soon, and each commit costs a sync."""
        self._bell.acquire(blocking=False)  # an old ring
        self._wanted = together
        if len(self._waiting) < together:
            self._bell.acquire(timeout=MOMENT_S)
        self._wanted = 1
        while not self._waiting:
            if self._is_closed:
                return []
            self._bell.acquire()
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]

    def _ring(self) -> None:
        with suppress(RuntimeError):  # it rings already
            self._bell.release()

    def _write(self, batch: Sequence[Append]) -> None:
        try:
            self._commit(batch)
        except apsw.Error as wrong:
            self._fail(batch, tables.failure(self._path, wrong), wrong)
        except (Failure, Refusal) as wrong:
            self._fail(batch, wrong, wrong.__cause__)
        except BaseException as wrong:
            self._fail(batch, Failure(f"Nothing was written to the ledger {self._path}: {wrong!r}."), wrong)
            raise
        finally:
            for append in batch:
                append.done.release()

    def _fail(self, batch: Sequence[Append], told: Failure | Refusal, cause: BaseException | None) -> None:
        connection = self._connection
        if connection is not None and connection.in_transaction:
            with suppress(apsw.Error):
                connection.execute("ROLLBACK")
        self._heads.clear()
        for append in batch:
            append.events = ()
            append.error = Failure(str(told), retryable=isinstance(told, Failure) and told.retryable)
            append.error.__cause__ = cause

    def _commit(self, batch: Sequence[Append]) -> None:
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        position = int(connection.execute(_HEAD).get)
        if position != self._position or len(self._heads) > MOST_HEADS:
            self._heads.clear()  # another process wrote, and only then has what is remembered moved
        rows: list[tuple[str | int, ...]] = []
        for append in batch:
            position = self._add(connection, append, position, rows)
        if not rows:
            connection.execute("ROLLBACK")
            return
        connection.executemany(_INSERT, rows)
        connection.execute("COMMIT")
        self._position = position
        self._tell(position)

    def _add(
        self, connection: apsw.Connection, append: Append, position: int, rows: list[tuple[str | int, ...]]
    ) -> int:
        """Numbers and hashes the events of an append behind `position`; the position of the last one."""
        stream, actor, at = append.stream, append.actor, append.at
        number, previous = self._heads.get(stream) or connection.execute(_LAST, (stream,)).fetchone() or (0, NO_HASH)
        if append.expected is not None and append.expected != number:
            append.error = Conflict(
                f"Somebody else was quicker: '{stream}' has {number} events by now instead of {append.expected}."
                " Look at it again, then decide."
            )
            return position
        events, moment = [], tables.microseconds(at)
        for draft, facts in zip(append.drafts, append.encoded, strict=True):
            number, position = number + 1, position + 1
            digest = hash_of(
                draft.kind, facts, stream=stream, number=number, position=position, at=at, actor=actor,
                previous_hash=previous,
            )  # fmt: skip
            events.append(Event(stream, number, position, at, actor, draft.kind, draft.facts, previous, digest))
            rows.append((stream, number, position, moment, actor, draft.kind, facts.decode(), previous, digest))
            previous = digest
        self._heads[stream] = (number, previous)
        append.events = tuple(events)
        return position

    def _connected(self) -> apsw.Connection:
        if _identity(self._path) != self._identity:
            # SQLite would go on writing to a file that has no name any more, and nobody would see it again.
            raise Failure(
                f"Nothing was written to the ledger {self._path}: the file was taken away or replaced while it was in"
                " use. Put it back, or start Opsbook again to use the one that is there.",
                retryable=True,
            )
        if self._connection is None:
            self._connection = tables.opened(self._path, self._busy_s)
        return self._connection


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino

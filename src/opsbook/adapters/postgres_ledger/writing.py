"""The one thread of a process that adds to the PostgreSQL ledger: whatever waits at the same time is one commit."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import psycopg

from opsbook.adapters.postgres_ledger import tables
from opsbook.adapters.postgres_ledger.connecting import Db, Server, closed
from opsbook.adapters.postgres_ledger.recording import Addition, Recorded, Recorder, Vouch
from opsbook.ground.errors import Failure, Refusal
from opsbook.ledger.event import CHECKPOINTS, Event
from opsbook.ledger.view import View

MOST_AT_ONCE = 1000  # events in one commit, so that no other process waits long
MOMENT_S = 0.001  # about what a commit takes
LOOK_S = 1.0  # how often an append that waits looks whether the thread is still there
RESOLVE_S = 30.0  # how long it is asked what became of a commit that was cut off
AGAIN_S = 0.25


class Append:
    """An addition or a checkpoint on its way through the thread; `done` is released when it is there, or its error."""

    __slots__ = ("done", "error", "weight", "wish")

    def __init__(self, wish: Addition | Vouch) -> None:
        self.wish = wish
        self.weight = wish.weight if isinstance(wish, Addition) else 1
        self.error: Exception | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def refuse(self, refusal: Refusal) -> None:
        """Says why it adds nothing, while others of the same commit do."""
        self.error = refusal


class Writer:
    """Adds to the ledger of a server; `tell` is called after each commit.

    The thread and its connection begin with the first append, so that whoever only reads has none.
    """

    def __init__(self, server: Server, views: Sequence[View], tell: Callable[[], None]) -> None:
        self._server = server
        self._tell = tell
        self._recorder = Recorder(server, views)
        self._waiting: deque[Append] = deque()
        self._wanted = 1  # as many must wait before the thread is woken: to be woken for each costs more than it gains
        self._bell = threading.Lock()  # held while it is silent
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._connection: Db | None = None

    def append(self, addition: Addition) -> tuple[Event, ...]:
        """The events of an addition, once they are committed; raises its error."""
        self._do(addition)
        return addition.events

    def vouch(self, vouch: Vouch) -> Event | None:
        """The checkpoint that is wished for, once it is committed; None where there is none to take."""
        self._do(vouch)
        return vouch.event

    def _do(self, wish: Addition | Vouch) -> None:
        if self._is_closed:
            raise closed(self._server)
        append = Append(wish)
        self._waiting.append(append)
        if len(self._waiting) >= self._wanted:
            self._ring()
        self._start()
        while not append.done.acquire(timeout=LOOK_S):
            self._start()  # a bug ended the thread: its own append failed, and the others go on
        if append.error is not None:
            raise append.error

    def close(self) -> None:
        """Writes what waits, then ends the thread."""
        with self._starting:
            self._is_closed = True
            self._ring()
            if self._thread is not None:
                self._thread.join()
        self._disconnect()

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
        batch = [self._waiting.popleft()]
        weight = batch[0].weight
        while self._waiting and weight + self._waiting[0].weight <= MOST_AT_ONCE:
            batch.append(self._waiting.popleft())
            weight += batch[-1].weight
        return batch

    def _ring(self) -> None:
        with suppress(RuntimeError):  # it rings already
            self._bell.release()

    def _write(self, batch: Sequence[Append]) -> None:
        try:
            self._commit(batch)
        except psycopg.Error as wrong:
            self._fail(batch, self._server.failure(wrong, is_write=True), wrong)
        except (Failure, Refusal) as wrong:
            self._fail(batch, wrong, wrong.__cause__)
        except BaseException as wrong:
            self._fail(batch, Failure(f"Nothing was written to the ledger {self._server.shown}: {wrong!r}."), wrong)
            raise
        finally:
            for append in batch:
                append.done.release()

    def _fail(self, batch: Sequence[Append], told: Failure | Refusal, cause: BaseException | None) -> None:
        self._disconnect()  # which rolls back, and finds another server where this one became a standby
        self._recorder.forget()
        _clear(batch)
        for append in batch:
            append.error = Failure(str(told), retryable=isinstance(told, Failure) and told.retryable)
            append.error.__cause__ = cause

    def _commit(self, batch: Sequence[Append]) -> None:
        connection, recorded = self._recorded(batch)
        if recorded.is_empty:
            connection.execute("ROLLBACK")
            return
        try:
            connection.execute("COMMIT")
        except psycopg.Error as wrong:
            if not connection.broken:
                raise  # PostgreSQL itself says that it did not
            self._disconnect()
            self._resolve(batch, recorded, wrong)
        self._tell()

    def _recorded(self, batch: Sequence[Append]) -> tuple[Db, Recorded]:
        """What the batch is to commit; done again on a new connection where the old one was cut while it lay idle."""
        had = self._connection
        try:
            connection = self._connected()
            return connection, self._record(connection, batch)
        except psycopg.Error:
            if had is None or not had.broken:
                raise
        self._disconnect()
        self._recorder.forget()
        _clear(batch)
        connection = self._connected()
        return connection, self._record(connection, batch)

    def _record(self, connection: Db, batch: Sequence[Append]) -> Recorded:
        additions = [(append.wish, append.refuse) for append in batch if isinstance(append.wish, Addition)]
        vouches = [append.wish for append in batch if isinstance(append.wish, Vouch)]
        return self._recorder.record(connection, additions, vouches)

    def _resolve(self, batch: Sequence[Append], recorded: Recorded, wrong: psycopg.Error) -> None:
        """Finds out what became of a commit that was cut off; returns where it is there, else raises.

        Under the lock, which its transaction held: whoever has it knows that that one has ended.
        """
        last = recorded.last
        if last is None:
            raise wrong  # timers alone, which may be set again
        until = time.monotonic() + RESOLVE_S
        while True:
            try:
                connection = self._connected()
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(%s)", (tables.APPENDING,))
                    asked = "SELECT 1 FROM event WHERE position = %s AND hash = %s"
                    is_there = connection.execute(asked, (last.position, last.hash)).fetchone() is not None
                break
            except (psycopg.Error, Failure):
                self._disconnect()
                if time.monotonic() > until or self._is_closed:
                    self._tell_doubt(batch, wrong)
                    return
                time.sleep(AGAIN_S)
        if not is_there:
            raise wrong

    def _tell_doubt(self, batch: Sequence[Append], wrong: psycopg.Error) -> None:
        """What was expected to follow a number may be tried again, and is then refused if it is there already; what
        was to follow anything would be recorded twice."""
        self._recorder.forget()
        refused = {id(append): append.error for append in batch if append.error is not None}
        _clear(batch)
        for append in batch:
            wish = append.wish
            parts = wish.parts if isinstance(wish, Addition) else []
            streams = ", ".join(f"'{part.stream}'" for part in parts[:3]) or f"'{CHECKPOINTS}'"
            append.error = refused.get(id(append)) or Failure(
                f"The connection to the ledger {self._server.shown} was lost during a commit, and did not come back"
                f" within {RESOLVE_S:.0f} seconds: it is not known whether the events for {streams} were recorded."
                " Look, before doing it again.",
                retryable=not isinstance(wish, Addition) or wish.may_be_repeated,
            )
            append.error.__cause__ = wrong

    def _connected(self) -> Db:
        if self._connection is None:
            self._connection = self._server.connect()
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _clear(batch: Sequence[Append]) -> None:
    """Takes back what was found for the appends, which were not committed."""
    for append in batch:
        append.error = None
        if isinstance(append.wish, Addition):
            append.wish.events = ()
        else:
            append.wish.event = None

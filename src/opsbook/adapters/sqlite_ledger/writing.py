"""The one thread that writes to the SQLite ledger: whatever waits at the same time is one synced commit."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import apsw

from opsbook.adapters.sqlite_ledger import tables
from opsbook.adapters.sqlite_ledger.recording import Recorder
from opsbook.adapters.sqlite_ledger.turnstile import Turnstile
from opsbook.ground.errors import Failure, Refusal

MOST_AT_ONCE = 1000  # events in one commit: about 20 ms, so that no other process waits long
MOMENT_S = 0.0005  # about what a sync takes
LOOK_S = 1.0  # how often whoever waits looks whether the thread is still there

T = TypeVar("T")


class Work(Generic[T]):
    """What one caller wants recorded, on its way through the thread. Once `is_settled` it has its result or its error,
    and `done` is released: by the thread for the first of a batch, and by each caller for the one `after` its own. To
    wake all at once made them stand in one another's way: 2.5 switches of threads an event against 1.6.

    What `apply` refuses, it refuses before it has recorded anything. `weight` is about how many events it is; what need
    not outlive a power cut is not `is_synced`."""

    __slots__ = ("after", "apply", "done", "error", "is_settled", "is_synced", "result", "weight")

    def __init__(self, apply: Callable[[], T], weight: int, *, is_synced: bool) -> None:
        self.apply = apply
        self.weight = weight
        self.is_synced = is_synced
        self.result: T | None = None
        self.error: Exception | None = None
        self.done = threading.Lock()
        self.done.acquire()
        self.is_settled = False
        self.after: Work[object] | None = None


class Writer:
    """Writes to the ledger in the file `path`, which is there; `tell` is called with the new head after each commit.

    The thread begins with the first piece of work, so that whoever only reads has none.
    """

    def __init__(self, path: str, busy_s: float, recorder: Recorder, tell: Callable[[int], None]) -> None:
        self._path = path
        self._busy_s = busy_s
        self._recorder = recorder
        self._tell = tell
        self._waiting: deque[Work[object]] = deque()
        self._wanted = 1  # as many must wait before the thread is woken: to be woken for each costs more than it gains
        self._bell = threading.Lock()  # held while it is silent
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._connection: apsw.Connection | None = None
        self._is_syncing = True  # as every connection begins
        self._identity = _identity(path)
        self._turnstile = Turnstile(path, busy_s)

    def do(self, apply: Callable[[], T], *, weight: int = 1, is_synced: bool = True) -> T:
        """What `apply` gives, which is called within a transaction, once that is synced; raises what it refuses. Where
        nothing of a transaction is to be synced, that is spared: a power cut loses it, a kill does not."""
        if self._is_closed:
            raise Failure(f"The ledger {self._path} is closed, because Opsbook stops. Start it again, then try again.")
        work = Work(apply, weight, is_synced=is_synced)
        self._waiting.append(work)  # type: ignore[arg-type]  # the thread does not look at results
        if len(self._waiting) >= self._wanted:
            self._ring()
        self._start()
        while not work.done.acquire(timeout=LOOK_S):
            if work.is_settled:
                break  # whoever should have woken this one was interrupted
            self._start()  # a bug ended the thread: its own work failed, and the other goes on
        if work.after is not None:
            work.after.done.release()
        if work.error is not None:
            raise work.error
        return work.result  # type: ignore[return-value]  # it is there where no error is

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
        self._turnstile.close()

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

    def _gather(self, together: int) -> list[Work[object]]:
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

    def _write(self, batch: Sequence[Work[object]]) -> None:
        try:
            self._commit(batch)
        except apsw.Error as wrong:
            self._fail(batch, tables.failure(self._path, wrong), wrong)
            if isinstance(wrong, apsw.ReadOnlyError) and self._connection is not None:
                self._connection.close()  # one that was opened for reading stays so
                self._connection = None
        except (Failure, Refusal) as wrong:
            self._fail(batch, wrong, wrong.__cause__)
        except BaseException as wrong:
            self._fail(batch, Failure(f"Nothing was written to the ledger {self._path}: {wrong!r}."), wrong)
            raise
        finally:
            after = None
            for work in reversed(batch):
                work.after = after
                work.is_settled = True
                after = work
            batch[0].done.release()

    def _fail(self, batch: Sequence[Work[object]], told: Failure | Refusal, cause: BaseException | None) -> None:
        connection = self._connection
        if connection is not None and connection.in_transaction:
            with suppress(apsw.Error):
                connection.execute("ROLLBACK")
        self._recorder.forget()
        for work in batch:
            work.result = None
            work.error = Failure(str(told), retryable=isinstance(told, Failure) and told.retryable)
            work.error.__cause__ = cause

    def _commit(self, batch: Sequence[Work[object]]) -> None:
        recorder = self._recorder
        connection = self._connected()
        is_synced = any(work.is_synced for work in batch)
        if is_synced != self._is_syncing:
            connection.pragma("synchronous", "FULL" if is_synced else "NORMAL")
            self._is_syncing = is_synced
        with self._turnstile.passed():
            recorder.begin(connection)
        for work in batch:
            try:
                work.result = work.apply()
            except Refusal as refused:
                work.error = refused
        if recorder.commit():
            self._tell(recorder.position)

    def _connected(self) -> apsw.Connection:
        if _identity(self._path) != self._identity:
            # SQLite would go on writing to a file that has no name any more, and nobody would see it again.
            raise Failure(
                f"Nothing was written to the ledger {self._path}: the file was taken away or replaced while it was in"
                " use. Put it back, or start Opsbook again to use the one that is there.",
                retryable=True,
            )
        if self._connection is None:
            self._connection, self._is_syncing = tables.opened(self._path, self._busy_s), True
        return self._connection


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino

"""The ledger in one SQLite file: events appended, synced before they are acknowledged, and never changed.

- **Any process may append.** Positions are given out under SQLite's write lock, which is held until the commit, so that
  no reader ever sees a position before those below it.
- **Old or new, whole.** A kill or a power cut leaves every acknowledged event and no half of an append.
- **Trouble passes.** A full, locked or read-only disk fails the appends of that moment; reading goes on, and the next
  append tries anew.
- **Threads.** Any thread may call anything. Appends meet in one thread; reads share a connection under a lock, and
  looks whether anything happened have one of their own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import apsw

from opsbook.adapters.sqlite_ledger import tables
from opsbook.adapters.sqlite_ledger.writing import Append, Writer
from opsbook.ledger.event import Draft, Event

__all__ = ["SqliteLedger"]

BUSY_S = 5.0  # how long an append waits for other processes
POLL_S = 0.05  # how soon an event of another process is noticed by those that wait

_HEAD = "SELECT ifnull(max(position), 0) FROM event"
_READ = f"SELECT {tables.COLUMNS} FROM event WHERE stream = ? AND number > ? ORDER BY number"
_AFTER = f"SELECT {tables.COLUMNS} FROM event WHERE position > ? ORDER BY position LIMIT ?"
# From one stream to the next by the index, however many events each has.
_STREAMS = """
WITH RECURSIVE found(stream) AS (
  SELECT min(stream) FROM event WHERE stream >= ?1
  UNION ALL
  SELECT (SELECT min(stream) FROM event WHERE stream > found.stream) FROM found
  WHERE substr(found.stream, 1, length(?1)) = ?1
)
SELECT stream FROM found WHERE substr(stream, 1, length(?1)) = ?1
"""


class SqliteLedger:
    """The ledger in the file `path`, whose folder must be there; raises Refusal or Failure where it cannot be used."""

    def __init__(self, path: str, *, busy_s: float = BUSY_S) -> None:
        self._path = path
        self._reader = tables.opened(path, busy_s)
        self._reading = threading.Lock()
        self._looker = tables.opened(path, busy_s)  # of its own, so that no look waits for a long read
        self._looking = threading.Lock()
        self._moved = threading.Condition()
        self._told = 0
        self._is_closed = False
        self._writer = Writer(path, busy_s, self._tell)

    def append(
        self, stream: str, drafts: Sequence[Draft], *, expected: int | None, actor: str, at: datetime
    ) -> tuple[Event, ...]:
        """Records the drafts behind number `expected` of the stream (None: behind whatever is last), all or none, and
        returns when they are synced; raises Conflict, or Failure(retryable=True)."""
        if not drafts:
            return ()
        return self._writer.append(Append(stream, drafts, expected, actor, at=at))

    def read(self, stream: str, after: int = 0) -> list[Event]:
        """The events of a stream behind a number, in order."""
        return [tables.event_of(row) for row in self._rows(_READ, (stream, after))]

    def streams(self, prefix: str) -> list[str]:
        """The names of the streams that begin with `prefix`, in order."""
        return [row[0] for row in self._rows(_STREAMS, (prefix,))]

    def after(self, position: int, limit: int) -> list[Event]:
        """The events behind a position over all streams, in order, at most `limit`."""
        return [tables.event_of(row) for row in self._rows(_AFTER, (position, limit))]

    def head(self) -> int:
        """The position of the last event, 0 when there is none; about 4 µs, whatever else is read at the time."""
        try:
            with self._looking:
                return int(self._looker.execute(_HEAD).get)
        except apsw.Error as wrong:
            raise tables.failure(self._path, wrong) from wrong

    def wait(self, position: int, timeout_s: float) -> bool:
        """Waits until there is an event behind `position`, whoever wrote it: at once for one of this process, within
        POLL_S for one of another. False when the time is over, or the ledger is closed, first."""
        until = time.monotonic() + timeout_s
        while not self._is_closed:
            if self.head() > position:
                return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            with self._moved:
                if self._told <= position and not self._is_closed:
                    self._moved.wait(min(left, POLL_S))
        return False

    def close(self) -> None:
        """Writes what waits to be written, and closes the file. Whoever waits for events is woken."""
        self._writer.close()
        with self._moved:
            self._is_closed = True
            self._moved.notify_all()
        with self._reading, self._looking:
            self._reader.close()
            self._looker.close()

    def _tell(self, head: int) -> None:
        with self._moved:
            self._told = head
            self._moved.notify_all()

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            with self._reading:
                return self._reader.execute(query, values).fetchall()
        except apsw.Error as wrong:
            raise tables.failure(self._path, wrong) from wrong

"""The ledger in one SQLite file: events appended, synced before they are acknowledged, and never changed.

- **Any process may append.** Positions are given out under SQLite's write lock, which is held until the commit, so that
  no reader ever sees a position before those below it.
- **Old or new, whole.** A kill or a power cut leaves every acknowledged event and no half of an append.
- **Trouble passes.** A full, locked or read-only disk fails the appends of that moment; reading goes on, and the next
  append tries anew.
- **One clock.** Leases end and timers are due by this machine's clock, which all that share the file have in common.
  Where it is set back, leases last so much longer.
- **Threads.** Any thread may call anything. Whatever writes meets in one thread; reads share a connection under a lock,
  and looks whether anything happened have one of their own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import apsw

from opsbook.adapters.sqlite_ledger import beside, rows, tables
from opsbook.adapters.sqlite_ledger.recording import Recorder, addings
from opsbook.adapters.sqlite_ledger.writing import Writer
from opsbook.ledger.event import Draft, Event, Moved
from opsbook.ledger.view import Kept, View
from opsbook.usecases.ledger_ports import Lease, Sighting, Timer, Write

if TYPE_CHECKING:  # upkeep alone copies a whole ledger, and lint reads of one at each start
    from opsbook.usecases.upkeep_ports import Progress, Snapshot

__all__ = ["SqliteLedger"]

BUSY_S = 5.0  # how long an append waits for other processes
POLL_S = 0.05  # how soon an event of another process is noticed by those that wait

_READ = f"SELECT {tables.COLUMNS} FROM event WHERE stream = ? AND number > ? ORDER BY number"
_AFTER = f"SELECT {tables.COLUMNS} FROM event WHERE position > ? ORDER BY position LIMIT ?"
_MOVED = "SELECT stream, number, position, kind FROM event WHERE position > ? ORDER BY position LIMIT ?"
_HELD = (
    "SELECT name, owner, epoch, until FROM lease WHERE until > ?1 AND substr(name, 1, length(?2)) = ?2 ORDER BY name"
)
_DUE = (
    "SELECT stream, name, due, facts FROM timer WHERE due <= ?1 AND substr(stream, 1, length(?2)) = ?2"
    " ORDER BY due, stream, name LIMIT ?3"
)
_NEXT_DUE = "SELECT due FROM timer WHERE substr(stream, 1, length(?1)) = ?1 ORDER BY due LIMIT 1"
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
    """The ledger in the file `path`, whose folder must be there; raises Refusal or Failure where it cannot be used.

    The rows of `views` are brought up to date before it can be used; `clock` gives microseconds since 1970.
    """

    def __init__(
        self, path: str, *, views: Sequence[View] = (), busy_s: float = BUSY_S, clock: Callable[[], int] = tables.clock
    ) -> None:
        self._path = path
        self._views = tuple(views)
        self._busy_s = busy_s
        self._clock = clock
        self._reader = tables.opened(path, busy_s)
        self._reading = threading.Lock()
        try:
            rows.bring_up_to_date(self._reader, views)
            self._looker = tables.opened(path, busy_s)  # of its own, so that no look waits for a long read
        except apsw.Error as wrong:
            self._reader.close()
            raise tables.failure(path, wrong) from wrong
        except BaseException:
            self._reader.close()
            raise
        self._looking = threading.Lock()
        self._moved = threading.Condition()
        self._told = 0
        self._is_closed = False
        self._recorder = Recorder(views, clock)
        self._writer = Writer(path, busy_s, self._recorder, self._tell)

    def append(
        self, stream: str, drafts: Sequence[Draft], *, expected: int | None, actor: str, at: datetime,
        fence: Lease | None = None, set_timers: Sequence[Timer] = (), clear_timers: Sequence[str] = (),
    ) -> tuple[Event, ...]:  # fmt: skip
        """Records the drafts behind number `expected` of the stream (None: behind whatever is last), all or none, and
        returns when they are synced; raises Conflict, Fenced, or Failure(retryable=True). Timers are cleared, then
        set, in the same transaction."""
        if not drafts and fence is None and not set_timers and not clear_timers:
            return ()
        write = Write(stream, drafts, expected, set_timers, clear_timers)
        return self.record([write], actor=actor, at=at, fence=fence)

    def record(
        self, writes: Sequence[Write], *, actor: str, at: datetime, fence: Lease | None = None,
        attach: Mapping[str, bytes] | None = None, detach: Sequence[str] = (),
    ) -> tuple[Event, ...]:  # fmt: skip
        """As `append`, for several streams in one transaction, with bytes that are kept beside them or forgotten."""
        if not writes and fence is None and not attach and not detach:
            return ()
        added = addings(writes, actor=actor, at=at, fence=fence, attach=attach, detach=detach)
        return self._writer.do(partial(self._recorder.add, added), weight=added.weight)

    def attachment(self, name: str) -> bytes | None:
        """The bytes kept by that name; None where there are none, or they were forgotten."""
        found = self._rows(beside.CONTENT, (name,))
        return bytes(found[0][0]) if found else None

    def attachments(self, prefix: str, *, before: datetime | None = None, limit: int = 1000) -> list[str]:
        """The names that begin with `prefix`, the oldest first; with `before` those kept before that time."""
        until = beside.EVER if before is None else tables.microseconds(before)
        return [row[0] for row in self._rows(beside.NAMES, (prefix, until, limit))]

    def attachments_beyond(self, prefix: str, most_bytes: int, *, limit: int = 1000) -> list[str]:
        """The oldest of those that begin with `prefix`, without which the rest has no more bytes than that."""
        return [row[0] for row in self._rows(beside.BEYOND, (prefix, most_bytes, limit))]

    def sight(self, sightings: Sequence[Sighting]) -> None:
        """Notes that things were seen again, without waiting for the disk."""
        if sightings:
            noted = partial(self._recorder.sight, sightings)
            self._writer.do(noted, weight=len(sightings), is_synced=False)

    def sighted(self, names: Sequence[str]) -> dict[str, Sighting]:
        """What was noted of these, by name."""
        found = self._rows(beside.SIGHTED, (tables.listed(names),)) if names else []
        return {row[0]: beside.sighting_of(row) for row in found}

    def unsight(self, names: Sequence[str]) -> None:
        """Forgets what was noted of these, without waiting for the disk."""
        if names:
            self._writer.do(partial(self._recorder.unsight, names), weight=len(names), is_synced=False)

    def claim(self, name: str, owner: str, for_s: float) -> Lease | None:
        """A lease with the next epoch, None while another owner's has not ended; the same for longer for its owner."""
        return self._writer.do(partial(self._recorder.claim, name, owner, _microseconds(for_s)))

    def renew(self, lease: Lease, for_s: float) -> Lease | None:
        """The lease for longer; None where it was taken by another meanwhile, or released."""
        return self._writer.do(partial(self._recorder.renew, lease, _microseconds(for_s)))

    def release(self, lease: Lease) -> None:
        """Ends a lease at once, where it is still this owner's; its epoch is not used again."""
        self._writer.do(partial(self._recorder.release, lease))

    def held(self, prefix: str) -> list[Lease]:
        """The leases whose names begin with `prefix` and which have not ended, by name."""
        found = self._rows(_HELD, (self._clock(), prefix))
        return [Lease(name, owner, epoch, tables.moment(until)) for name, owner, epoch, until in found]

    def checkpoint(self, not_within_s: float = 0) -> Event | None:
        """Records a checkpoint as the next event; None where the last event is one, or the last one is not so old."""
        return self._writer.do(partial(self._recorder.vouch, _microseconds(not_within_s)))

    def due(self, limit: int, prefix: str = "") -> list[Timer]:
        """The timers whose time has come, of streams that begin with `prefix`, the longest due first."""
        found = self._rows(_DUE, (self._clock(), prefix, limit))
        return [Timer(stream, name, tables.moment(due), tables.decode(facts)) for stream, name, due, facts in found]

    def next_due_s(self, prefix: str = "") -> float | None:
        """In how many seconds the next timer is due, 0 where one is; None when there is none."""
        found = self._rows(_NEXT_DUE, (prefix,))
        return max(found[0][0] - self._clock(), 0) / 1e6 if found else None

    def rows(
        self, view: str, *, group: str | None = None, is_open: bool | None = None, before: int | None = None,
        limit: int = 100, document: Any = dict[str, Any],
    ) -> list[Kept]:  # fmt: skip
        """The rows of a view, those that began last first; those that began before the position `before`.
        `document` is the type that their documents are read as: one with few fields is read in less time."""
        question, values = rows.page(view, group=group, is_open=is_open, before=before, limit=limit)
        return [rows.kept_of(row, document) for row in self._rows(question, values)]

    def row(self, view: str, stream: str) -> Kept | None:
        """The row of one stream."""
        found = self._rows(rows.ONE, (view, stream))
        return rows.kept_of(found[0]) if found else None

    def latest(self, view: str, groups: Sequence[str]) -> dict[str, Kept]:
        """By group the row of a view that began last; groups without one are left out."""
        found = self._rows(rows.LATEST, (view, tables.listed(groups))) if groups else []
        return {kept.row.group: kept for kept in map(rows.kept_of, found)}

    def read(self, stream: str, after: int = 0) -> list[Event]:
        """The events of a stream behind a number, in order."""
        return [tables.event_of(row) for row in self._rows(_READ, (stream, after))]

    def streams(self, prefix: str) -> list[str]:
        """The names of the streams that begin with `prefix`, in order."""
        return [row[0] for row in self._rows(_STREAMS, (prefix,))]

    def after(self, position: int, limit: int) -> list[Event]:
        """The events behind a position over all streams, in order, at most `limit`."""
        return [tables.event_of(row) for row in self._rows(_AFTER, (position, limit))]

    def moved(self, position: int, limit: int) -> list[Moved]:
        """As `after`, but no more than which events there are: that takes a tenth of the time."""
        return list(map(Moved._make, self._rows(_MOVED, (position, limit))))

    def head(self) -> int:
        """The position of the last event, 0 when there is none; about 4 µs, whatever else is read at the time."""
        try:
            with self._looking:
                return int(self._looker.execute(tables.HEAD).get)
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

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The ledger as it is now, for as long as the `with` lasts, while others go on to write."""
        from opsbook.adapters.sqlite_ledger import copying

        return copying.snapshot(self._path, self._busy_s)

    def replace(self, snapshot: Snapshot, tell: Progress) -> None:
        """Puts the snapshot in the place of all that is there, in one transaction; of leases only epochs stay."""
        from opsbook.adapters.sqlite_ledger import copying

        copying.replace(self._path, self._busy_s, self._views, by=snapshot, tell=tell)
        self._tell(self.head())

    def faults(self, tell: Progress) -> list[str]:
        """What is wrong with the file itself and with rows of views, in sentences."""
        from opsbook.adapters.sqlite_ledger import copying

        return copying.faults(self._path, self._busy_s, self._views, tell)

    def remake_rows(self) -> list[str]:
        """Makes the rows of all views again from the events, and returns the views' names."""
        self._writer.do(self._recorder.remake_rows)
        return [view.name for view in self._views]

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


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)

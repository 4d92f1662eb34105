"""The ledger on PostgreSQL 13 or later, for many nodes: events appended, synced before they are acknowledged.

- **Any process may append.** Positions are given out under one lock that is held until the commit, so that they have
  no gap and no reader ever sees one before those below it. The database refuses every change of what is there.
- **Old or new, whole.** A kill, a cut connection or a crash of the server leaves every acknowledged event and no half
  of an append; where a commit is cut off, it is looked up before anything is told.
- **Trouble passes.** A server that is stopped, full or read-only fails what is asked at that moment, and the next
  question finds it again.
- **One clock**: leases end and timers are due by the database's.
- **Threads.** Any thread may call anything. Appends meet in one thread; reads share a few connections.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from opsbook.adapters.postgres_ledger import beside, copying, leases, tables
from opsbook.adapters.postgres_ledger import views as kept_views
from opsbook.adapters.postgres_ledger.connecting import Db, Pool, Server
from opsbook.adapters.postgres_ledger.listening import Listener
from opsbook.adapters.postgres_ledger.recording import Addition, Vouch
from opsbook.adapters.postgres_ledger.writing import Writer
from opsbook.ground.errors import Usage
from opsbook.ledger.event import Draft, Event, Moved
from opsbook.ledger.view import Kept, View
from opsbook.usecases.ledger_ports import Lease, Sighting, Timer, Write
from opsbook.usecases.upkeep_ports import Progress, Snapshot

__all__ = ["PostgresLedger"]

# How soon an event of another process is noticed where notifications are not heard, and where one was lost.
DEAF_POLL_S, POLL_S = 0.1, 1.0

_HEAD = "SELECT coalesce(max(position), 0) FROM event"
_READ = f"SELECT {tables.COLUMNS} FROM event WHERE stream = %s AND number > %s ORDER BY number"
_AFTER = f"SELECT {tables.COLUMNS} FROM event WHERE position > %s ORDER BY position LIMIT %s"
_MOVED = "SELECT stream, number, position, kind FROM event WHERE position > %s ORDER BY position LIMIT %s"
# From one stream to the next by the index, however many events each has.
_STREAMS = """
WITH RECURSIVE found(stream) AS (
  (SELECT min(stream) FROM event WHERE stream >= %(prefix)s)
  UNION ALL
  SELECT (SELECT min(stream) FROM event WHERE event.stream > found.stream) FROM found
  WHERE starts_with(found.stream, %(prefix)s)
)
SELECT stream FROM found WHERE starts_with(stream, %(prefix)s)
"""


class PostgresLedger:
    """The ledger in the database at `url`; its tables are made or brought up to date, and so are the rows of `views`.
    Raises Refusal or Failure where it cannot be used, Usage where there is none and a new one is not welcome."""

    def __init__(self, url: str, *, views: Sequence[View] = (), is_new_welcome: bool = True) -> None:
        self._server = Server(url)
        self._views = tuple(views)
        self._pool = Pool(self._server)
        self._moved = threading.Condition()
        self._turns = 0  # how often something may have been recorded
        self._is_closed = False
        self._listener = Listener(self._server, self._tell)
        self._writer = Writer(self._server, self._views, self._tell)
        try:
            self._pool.run(lambda connection: self._make(connection, is_new_welcome))
        except BaseException:
            self.close()
            raise

    def append(
        self, stream: str, drafts: Sequence[Draft], *, expected: int | None, actor: str, at: datetime,
        fence: Lease | None = None, set_timers: Sequence[Timer] = (), clear_timers: Sequence[str] = (),
    ) -> tuple[Event, ...]:  # fmt: skip
        """Records the drafts behind number `expected` of the stream (None: behind whatever is last), with its timers,
        all or none, and returns when they are committed; raises Conflict, Fenced, or Failure(retryable=True)."""
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
        return self._writer.append(Addition(writes, actor=actor, at=at, fence=fence, attach=attach, detach=detach))

    def attachment(self, name: str) -> bytes | None:
        """The bytes kept by that name; None where there are none, or they were forgotten."""
        return self._pool.run(lambda connection: beside.content(connection, name))

    def attachments(self, prefix: str, *, before: datetime | None = None, limit: int = 1000) -> list[str]:
        """The names that begin with `prefix`, the oldest first; with `before` those kept before that time."""
        return self._pool.run(lambda connection: beside.names(connection, prefix, before, limit))

    def attachments_beyond(self, prefix: str, most_bytes: int, *, limit: int = 1000) -> list[str]:
        """The oldest of those that begin with `prefix`, without which the rest has no more bytes than that."""
        return self._pool.run(lambda connection: beside.beyond(connection, prefix, most_bytes, limit))

    def sight(self, sightings: Sequence[Sighting]) -> None:
        """Notes that things were seen again, without waiting for the disk."""
        if sightings:
            self._pool.run(lambda connection: beside.sight(connection, sightings))

    def sighted(self, names: Sequence[str]) -> dict[str, Sighting]:
        """What was noted of these, by name."""
        found = self._pool.run(lambda connection: beside.sighted(connection, names)) if names else []
        return {each.name: each for each in found}

    def unsight(self, names: Sequence[str]) -> None:
        """Forgets what was noted of these, without waiting for the disk."""
        if names:
            self._pool.run(lambda connection: beside.unsight(connection, names))

    def checkpoint(self, not_within_s: float = 0) -> Event | None:
        """Records a checkpoint as the next event; None where the last event is one, or the last one is not so old."""
        return self._writer.vouch(Vouch(not_within_s))

    def read(self, stream: str, after: int = 0) -> list[Event]:
        """The events of a stream behind a number, in order."""
        return [tables.event_of(row) for row in self._rows(_READ, (stream, after))]

    def streams(self, prefix: str) -> list[str]:
        """The names of the streams that begin with `prefix`, in order."""
        return [row[0] for row in self._rows(_STREAMS, {"prefix": prefix})]

    def after(self, position: int, limit: int) -> list[Event]:
        """The events behind a position over all streams, in order, at most `limit`."""
        return [tables.event_of(row) for row in self._rows(_AFTER, (position, limit))]

    def moved(self, position: int, limit: int) -> list[Moved]:
        """As `after`, but no more than which events there are: that takes a tenth of the time."""
        return list(map(Moved._make, self._rows(_MOVED, (position, limit))))

    def head(self) -> int:
        """The position of the last event, 0 when there is none."""
        return int(self._rows(_HEAD, ())[0][0])

    def wait(self, position: int, timeout_s: float) -> bool:
        """Waits until there is an event behind `position`, whoever wrote it: at once for one of this process, in a few
        milliseconds for one of another. False when the time is over, or the ledger is closed, first."""
        self._listener.start()
        until = time.monotonic() + timeout_s
        while not self._is_closed:
            turns = self._turns  # before the look, so that nothing recorded during it is missed
            if self.head() > position:
                return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            with self._moved:
                poll_s = POLL_S if self._listener.hears else DEAF_POLL_S
                self._moved.wait_for(lambda: self._turns != turns or self._is_closed, min(left, poll_s))  # noqa: B023
        return False

    def claim(self, name: str, owner: str, for_s: float) -> Lease | None:
        """A lease with the next epoch, None while another owner's has not ended; its own again with its epoch."""
        return self._pool.run(lambda connection: leases.claim(connection, name, owner, for_s))

    def renew(self, lease: Lease, for_s: float) -> Lease | None:
        """The lease for longer; None where it was taken by another meanwhile, or given up."""
        return self._pool.run(lambda connection: leases.renew(connection, lease, for_s))

    def release(self, lease: Lease) -> None:
        """Ends a lease at once, where it is still this owner's; its epoch is not used again."""
        self._pool.run(lambda connection: leases.release(connection, lease))

    def held(self, prefix: str) -> list[Lease]:
        """The leases whose names begin with `prefix` and which have not ended, by name."""
        return self._pool.run(lambda connection: leases.held(connection, prefix))

    def due(self, limit: int, prefix: str = "") -> list[Timer]:
        """The timers whose time has come, of streams that begin with `prefix`, the longest due first."""
        return self._pool.run(lambda connection: leases.due(connection, limit, prefix))

    def next_due_s(self, prefix: str = "") -> float | None:
        """In how many seconds the next timer is due, 0 where one is; None when there is none."""
        return self._pool.run(lambda connection: leases.next_due_s(connection, prefix))

    def rows(
        self, view: str, *, group: str | None = None, is_open: bool | None = None, before: int | None = None,
        limit: int = 100, document: Any = dict[str, Any],
    ) -> list[Kept]:  # fmt: skip
        """The rows of a view, those that began last first; those that began before the position `before`.
        `document` is the type that their documents are read as: one with few fields is read in less time."""
        question, values = kept_views.page(view, group=group, is_open=is_open, before=before, limit=limit)
        return self._kept(view, question, values, document)

    def row(self, view: str, stream: str) -> Kept | None:
        """The row of one stream."""
        return next(iter(self._kept(view, *kept_views.one(view, stream))), None)

    def latest(self, view: str, groups: Sequence[str]) -> dict[str, Kept]:
        """By group the row of a view that began last; groups without one are left out."""
        found = self._kept(view, *kept_views.latest(view, groups)) if groups else []
        return {kept.row.group: kept for kept in found}

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The ledger as it is now, for as long as the `with` lasts, while others go on to write."""
        return copying.snapshot(self._server)

    def replace(self, snapshot: Snapshot, tell: Progress) -> None:
        """Puts the snapshot in the place of all that is there, in one transaction; of leases only epochs stay."""
        copying.replace(self._server, self._views, by=snapshot, tell=tell)
        self._tell()

    def faults(self, tell: Progress) -> list[str]:
        """What is wrong with the tables themselves and with rows of views, in sentences."""
        return copying.faults(self._server, self._views, tell)

    def remake_rows(self) -> list[str]:
        """Makes the rows of all views again from the events, and returns the views' names."""
        copying.remake_rows(self._server, self._views)
        return [view.name for view in self._views]

    def close(self) -> None:
        """Writes what waits to be written, and closes the connections. Whoever waits for events is woken."""
        self._writer.close()
        with self._moved:
            self._is_closed = True
            self._moved.notify_all()
        self._listener.close()
        self._pool.close()

    def _tell(self) -> None:
        with self._moved:
            self._turns += 1
            self._moved.notify_all()

    def _rows(self, question: str, values: Any) -> list[tuple[Any, ...]]:
        return self._pool.run(lambda connection: connection.execute(question.encode(), values).fetchall())

    def _kept(self, view: str, question: str, values: list[Any], document: Any = dict[str, Any]) -> list[Kept]:
        decode = kept_views.decoder(document)

        def read(connection: Db) -> list[Kept]:
            self._catch_up(connection, [each for each in self._views if each.name == view])
            return [kept_views.kept_of(row, decode) for row in connection.execute(question.encode(), values)]

        return self._pool.run(read)

    def _make(self, connection: Db, is_new_welcome: bool) -> None:
        if not is_new_welcome and tables.version_of(connection, self._server) == 0:
            raise Usage(f"There is no ledger in {self._server.shown}. Name one with --db postgresql://USER@HOST/NAME.")
        tables.make(connection, self._server)
        self._catch_up(connection, self._views)

    def _catch_up(self, connection: Db, wanted: Sequence[View]) -> None:
        """Makes the rows of views up to the last event; raises Refusal where a newer Opsbook keeps them."""

        def late() -> tuple[list[View], dict[str, tuple[int, int]], int]:
            states, head = kept_views.read_states(connection), self._head_of(connection)
            return kept_views.behind(wanted, states, head, self._server.shown), states, head

        if late()[0]:
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (tables.APPENDING,))
                kept_views.catch_up(connection, *late())

    @staticmethod
    def _head_of(connection: Db) -> int:
        row = connection.execute(_HEAD).fetchone()
        return int(row[0]) if row else 0

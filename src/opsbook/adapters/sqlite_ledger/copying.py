"""The SQLite ledger as a whole: as it is at one moment, put in the place of another, checked. Judges no chain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

import apsw

from opsbook.adapters.sqlite_ledger import beside, rows, tables
from opsbook.ledger.event import Event, canonical
from opsbook.ledger.view import View
from opsbook.usecases.ledger_ports import Timer
from opsbook.usecases.upkeep_ports import Progress, Snapshot

AT_ONCE = 1000  # events, or pages of a file, between two tellings of the progress
FAULTS = 100  # at the most of one kind: whoever reads them restores a backup

_ALL = f"SELECT {tables.COLUMNS} FROM event ORDER BY position"
_INSERT = f"INSERT INTO event({tables.COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"
_TIMERS = "SELECT stream, name, due, facts FROM timer ORDER BY stream, name"
_EPOCHS = "SELECT name, epoch FROM lease"
_SET_EPOCH = (
    "INSERT INTO lease(name, owner, epoch, until) VALUES (?, '', ?, 0)"
    " ON CONFLICT(name) DO UPDATE SET owner = '', until = 0, epoch = max(epoch, excluded.epoch)"
)


class FileSnapshot(Snapshot, frozen=True):
    """A snapshot that can be copied page by page, because it is another SQLite ledger's."""

    connection: apsw.Connection


@contextmanager
def snapshot(path: str, busy_s: float) -> Iterator[FileSnapshot]:
    """The ledger in a file as it is now, on a connection of its own."""
    with _connected(path, busy_s) as connection, tables.transaction(connection, "BEGIN"):
        position = int(connection.execute(tables.HEAD).get)
        timers = [
            Timer(stream, name, tables.moment(due), tables.decode(facts))
            for stream, name, due, facts in connection.execute(_TIMERS)
        ]
        epochs = {str(name): int(str(epoch)) for name, epoch in connection.execute(_EPOCHS)}
        events = (tables.event_of(row) for row in connection.execute(_ALL))
        kept, seen = beside.attachments(connection), beside.sightings(connection)
        yield FileSnapshot(position, events, timers, epochs, kept, seen, connection)


def replace(path: str, busy_s: float, views: Sequence[View], *, by: Snapshot, tell: Progress) -> None:
    """Puts a snapshot in the place of all that is in the file, in one transaction."""
    with _connected(path, busy_s) as connection:
        is_empty = int(connection.execute(tables.HEAD).get) == 0
        if is_empty and isinstance(by, FileSnapshot) and not connection.execute(_EPOCHS).fetchall():
            _copy_pages(by.connection, connection, tell)
            connection.execute("UPDATE lease SET owner = '', until = 0")
            rows.bring_up_to_date(connection, views)
        else:
            _copy_rows(connection, views, by, tell)


def faults(path: str, busy_s: float, views: Sequence[View], tell: Progress) -> list[str]:
    """What is wrong with the file's own structures and with rows of views, in sentences."""
    with _connected(path, busy_s) as connection, tables.transaction(connection, "BEGIN"):
        tell("Looking through the file", 0, 1)
        said = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({FAULTS})")]
        found = [f"The file is damaged: {each}." for each in said if each != "ok"]
        tell("Looking through the file", 1, 1)
        for number, view in enumerate(views):
            tell("Comparing views with the events", number, len(views))
            found += [
                f"The row of '{stream}' in the view '{view.name}' is not what its events say. 'opsbook db migrate'"
                " makes it again."
                for stream in rows.differing(connection, view)[:FAULTS]
            ]
    return found


def _copy_pages(source: apsw.Connection, target: apsw.Connection, tell: Progress) -> None:
    # The source is within a transaction: else each write of another process would make it begin anew, for ever.
    with target.backup("main", source, "main") as backup:
        while not backup.done:
            backup.step(AT_ONCE)
            tell("Copying pages", backup.page_count - backup.remaining, backup.page_count)


def _copy_rows(connection: apsw.Connection, views: Sequence[View], by: Snapshot, tell: Progress) -> None:
    with tables.transaction(connection, "BEGIN IMMEDIATE"):
        # What refuses to delete is put back before the end, and nobody else sees the file without it.
        connection.execute(f"DROP TRIGGER {tables.NO_DELETE_NAME}")
        for table in ("event", "timer", "view_row", "view"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute(tables.NO_DELETE)
        done = 0
        for part in _parts(by.events):
            connection.executemany(_INSERT, map(_values, part))
            done += len(part)
            tell("Copying events", done, by.position)
        timers = ((t.stream, t.name, tables.microseconds(t.due), canonical(t.facts).decode()) for t in by.timers)
        connection.executemany("INSERT INTO timer(stream, name, due, facts) VALUES (?,?,?,?)", timers)
        connection.execute("UPDATE lease SET owner = '', until = 0")
        connection.executemany(_SET_EPOCH, by.epochs.items())
        beside.replace(connection, by.attachments, by.sightings)
        rows.remake(connection, views)


def _parts(events: Iterable[Event]) -> Iterator[list[Event]]:
    remaining = iter(events)
    while part := list(islice(remaining, AT_ONCE)):
        yield part


def _values(event: Event) -> tuple[Any, ...]:
    return (
        event.stream, event.number, event.position, tables.microseconds(event.at), event.actor, event.kind,
        canonical(event.facts).decode(), event.previous_hash, event.hash,
    )  # fmt: skip


@contextmanager
def _connected(path: str, busy_s: float) -> Iterator[apsw.Connection]:
    """A connection of its own, whose errors are told in words."""
    try:
        with closing(tables.opened(path, busy_s)) as connection:
            yield connection
    except apsw.Error as wrong:
        raise tables.failure(path, wrong) from wrong

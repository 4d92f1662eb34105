"""The PostgreSQL ledger as a whole: as it is at one moment, put in the place of another, checked. Judges no chain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC
from itertools import islice

import psycopg

from opsbook.adapters.postgres_ledger import beside, tables, views
from opsbook.adapters.postgres_ledger.connecting import SCHEMA, Db, Server
from opsbook.ledger.event import Event, canonical
from opsbook.ledger.view import View, refolded
from opsbook.usecases.ledger_ports import Timer
from opsbook.usecases.upkeep_ports import Progress, Snapshot

AT_ONCE = 1000  # events between two tellings of the progress
FAULTS = 100  # at the most of one kind: whoever reads them restores a backup

_UNHURRIED = "SET statement_timeout TO 0; SET idle_in_transaction_session_timeout TO 0"
_HEAD = "SELECT coalesce(max(position), 0) FROM event"
_ALL = f"SELECT {tables.COLUMNS} FROM event ORDER BY position"
_TIMERS = "SELECT stream, name, due, facts FROM timer ORDER BY stream, name"
_SET_TIMERS = (
    "INSERT INTO timer(stream, name, due, facts)"
    " SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::text[])"
)
_END_LEASES = "UPDATE lease SET owner = '', until = '-infinity'"
_SET_EPOCHS = """
INSERT INTO lease(name, owner, epoch, until)
SELECT name, '', epoch, '-infinity' FROM unnest(%s::text[], %s::bigint[]) AS given(name, epoch)
ON CONFLICT (name) DO UPDATE SET owner = '', until = '-infinity', epoch = greatest(lease.epoch, excluded.epoch)
"""
# What keeps events from being changed, as it should be: there, and always on.
_TRIGGERS = """
SELECT wanted FROM unnest(ARRAY['event_is_kept', 'event_is_next']) AS wanted
WHERE NOT EXISTS (
  SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname = wanted AND tgenabled = 'A'
)
"""
_BROKEN_INDEXES = """
SELECT pg_class.relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = %s AND NOT (indisvalid AND indisready)
"""
# Read in two ways: from the table itself, and by its index.
_COUNTS = "SELECT count(*), coalesce(max(position), 0) FROM event"
_ROWS = "SELECT stream, number, first, is_open, belongs, document FROM view_row WHERE view = %s"


@contextmanager
def snapshot(server: Server) -> Iterator[Snapshot]:
    """The ledger as it is now, on a connection of its own."""
    with _connected(server) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        position = connection.execute(_HEAD).fetchall()[0][0]
        timers = [
            Timer(stream, name, due.astimezone(UTC), tables.decode(facts))
            for stream, name, due, facts in connection.execute(_TIMERS)
        ]
        epochs: dict[str, int] = dict(connection.execute("SELECT name, epoch FROM lease").fetchall())
        with connection.cursor("events") as cursor:  # read bit by bit, however many there are
            cursor.itersize = AT_ONCE
            cursor.execute(_ALL.encode())
            events = (tables.event_of(row) for row in cursor)
            seen = beside.sightings(connection)
            yield Snapshot(position, events, timers, epochs, beside.attachments(connection), seen)


def replace(server: Server, kept: Sequence[View], *, by: Snapshot, tell: Progress) -> None:
    """Puts a snapshot in the place of all that is there, in one transaction. Others read the old until its end."""
    with _connected(server) as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (tables.APPENDING,))
        # What refuses to delete is switched on again before the end, and nobody else sees the table without it. DELETE
        # and not TRUNCATE, which would show an empty table to whoever reads meanwhile.
        connection.execute("ALTER TABLE event DISABLE TRIGGER event_is_kept")
        for table in ("event", "timer", "view_row", "view"):
            connection.execute(f"DELETE FROM {table}".encode())
        connection.execute("ALTER TABLE event ENABLE ALWAYS TRIGGER event_is_kept")
        done = 0
        for part in _parts(by.events):
            rows = [tables.values_of(event, canonical(event.facts).decode()) for event in part]
            connection.execute(tables.INSERT, tuple(map(list, zip(*rows, strict=True))))
            done += len(part)
            tell("Copying events", done, by.position)
        timers = [(timer.stream, timer.name, timer.due, canonical(timer.facts).decode()) for timer in by.timers]
        if timers:
            connection.execute(_SET_TIMERS, tuple(map(list, zip(*timers, strict=True))))
        connection.execute(_END_LEASES)
        connection.execute(_SET_EPOCHS, (list(by.epochs), list(by.epochs.values())))
        beside.replace(connection, by.attachments, by.sightings)
        views.catch_up(connection, kept, {}, by.position)


def remake_rows(server: Server, kept: Sequence[View]) -> None:
    """Makes the rows of the views again from the events."""
    with _connected(server) as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (tables.APPENDING,))
        views.catch_up(connection, kept, {}, connection.execute(_HEAD).fetchall()[0][0])


def faults(server: Server, kept: Sequence[View], tell: Progress) -> list[str]:
    """What is wrong with the tables themselves and with rows of views, in sentences."""
    with _connected(server) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        tell("Looking through the tables", 0, 1)
        found = [*_faults_of_tables(connection)]
        tell("Looking through the tables", 1, 1)
        for number, view in enumerate(kept):
            tell("Comparing views with the events", number, len(kept))
            found += [
                f"The row of '{stream}' in the view '{view.name}' is not what its events say. 'opsbook db migrate'"
                " makes it again."
                for stream in _differing(connection, view)[:FAULTS]
            ]
    return found


def _faults_of_tables(connection: Db) -> Iterator[str]:
    for (name,) in connection.execute(_TRIGGERS, (f"{SCHEMA}.event",)):
        yield (
            f"Events can be changed: the trigger '{name}' is gone or switched off. Whoever did that may have changed"
            f" some. Switch it on with ALTER TABLE {SCHEMA}.event ENABLE ALWAYS TRIGGER {name}."
        )
    for (name,) in connection.execute(_BROKEN_INDEXES, (SCHEMA,)):
        yield f"The index '{name}' is not valid. Make it again with REINDEX INDEX {SCHEMA}.{name}."
    counts = []
    for is_by_index in (False, True):
        for way in ("seqscan", "indexscan", "indexonlyscan", "bitmapscan"):
            on = (way != "seqscan") if is_by_index else (way == "seqscan")
            connection.execute(f"SET LOCAL enable_{way} TO {'on' if on else 'off'}".encode())
        counts.append(connection.execute(_COUNTS).fetchone())
    if counts[0] != counts[1]:
        yield (
            f"The table of events has {counts[0]} rows and a last position, its index {counts[1]}. Make its indexes"
            f" again with REINDEX TABLE {SCHEMA}.event."
        )


def _differing(connection: Db, view: View) -> list[str]:
    """The streams whose row is not what their events say."""
    with connection.cursor("of_view") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(_ALL.replace("ORDER", "WHERE starts_with(stream, %s) ORDER").encode(), (view.prefix,))
        made = refolded(view, map(tables.event_of, cursor))
    right = {stream: views.values_of(view.name, row) for stream, row in made.items()}
    asked = map(views.kept_of, connection.execute(_ROWS, (view.name,)))
    found = {row.stream: views.values_of(view.name, row) for row in asked}
    return sorted(stream for stream in found.keys() | right.keys() if found.get(stream) != right.get(stream))


def _parts(events: Iterable[Event]) -> Iterator[list[Event]]:
    remaining = iter(events)
    while part := list(islice(remaining, AT_ONCE)):
        yield part


@contextmanager
def _connected(server: Server) -> Iterator[Db]:
    """A connection of its own that may take its time, and whose errors are told in words."""
    with closing(server.connect()) as connection:
        try:
            connection.execute(_UNHURRIED)
            yield connection
        except psycopg.Error as wrong:
            raise server.failure(wrong) from wrong

"""The tables of the PostgreSQL ledger: how they are made, brought up to date, and what a row of them means."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from opsbook.adapters.postgres_ledger.connecting import SCHEMA, Db, Server
from opsbook.ground.errors import Refusal
from opsbook.ledger.event import Event

# Locks by number hold over the whole database. "obld" 1: whoever adds events, until the commit, so that positions have
# no gap and no reader ever sees one before those below it. "obld" 2: whoever makes or changes tables.
APPENDING, MAKING = 0x6F626C6400000001, 0x6F626C6400000002

# Times of events are microseconds since 1970, which hold every datetime exactly, whatever the server's time zone. Facts
# are text: jsonb would put their keys in another order, and the hash would not fit any more. Names are compared by
# code point (COLLATE "C"), so that every server puts them in the same order.
# ENABLE ALWAYS: the triggers hold where replication has switched off others.
_FIRST = """
CREATE TABLE event(
  position bigint PRIMARY KEY, stream text COLLATE "C" NOT NULL, number bigint NOT NULL, at bigint NOT NULL,
  actor text NOT NULL, kind text NOT NULL, facts text NOT NULL, previous_hash text NOT NULL, hash text NOT NULL,
  UNIQUE(stream, number)
);
CREATE FUNCTION event_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an event is never changed or deleted';
END $$;
CREATE TRIGGER event_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON event
FOR EACH STATEMENT EXECUTE FUNCTION event_is_kept();
ALTER TABLE event ENABLE ALWAYS TRIGGER event_is_kept;
CREATE FUNCTION event_is_next() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  lowest bigint; highest bigint; many bigint;
BEGIN
  SELECT min(position), max(position), count(*) INTO lowest, highest, many FROM added;
  IF many > 0 AND (highest - lowest + 1 <> many OR highest <> (SELECT max(position) FROM event)
    OR lowest <> 1 + coalesce((SELECT max(position) FROM event WHERE position < lowest), 0)) THEN
    RAISE EXCEPTION 'an event is only ever added behind the last';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER event_is_next AFTER INSERT ON event REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION event_is_next();
ALTER TABLE event ENABLE ALWAYS TRIGGER event_is_next;

CREATE TABLE lease(
  name text COLLATE "C" PRIMARY KEY, owner text NOT NULL, epoch bigint NOT NULL, until timestamptz NOT NULL
);
CREATE TABLE timer(
  stream text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, due timestamptz NOT NULL, facts text NOT NULL,
  PRIMARY KEY(stream, name)
);
CREATE INDEX timer_is_due ON timer(due, stream, name);

CREATE TABLE view(name text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, position bigint NOT NULL);
CREATE TABLE view_row(
  view text COLLATE "C" NOT NULL, stream text COLLATE "C" NOT NULL, number bigint NOT NULL, first bigint NOT NULL,
  is_open boolean NOT NULL, belongs text NOT NULL, document text NOT NULL, PRIMARY KEY(view, stream)
);
CREATE INDEX view_row_by_age ON view_row(view, first DESC);
CREATE INDEX view_row_of_group ON view_row(view, belongs, first DESC);
CREATE INDEX view_row_is_open ON view_row(view, first DESC) WHERE is_open;

CREATE TABLE output(
  key text COLLATE "C" PRIMARY KEY, size bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX output_by_age ON output(at);
CREATE TABLE output_part(
  key text COLLATE "C" NOT NULL REFERENCES output ON DELETE CASCADE, start bigint NOT NULL, part bytea NOT NULL,
  PRIMARY KEY(key, start)
);
ALTER TABLE output_part ALTER part SET STORAGE EXTERNAL;
"""

# What is no event, and may be forgotten: bytes that came with events, and that things were seen again.
_BESIDE = """
CREATE TABLE attachment(name text COLLATE "C" PRIMARY KEY, at timestamptz NOT NULL, content bytea NOT NULL);
CREATE INDEX attachment_by_age ON attachment(at, name);
CREATE TABLE sighting(
  name text COLLATE "C" PRIMARY KEY, at timestamptz NOT NULL, until timestamptz, count bigint NOT NULL,
  mark text NOT NULL
);
"""

# Step n brings tables of version n to version n + 1, in a transaction of its own. Steps are added, never changed.
MIGRATIONS = (_FIRST, _BESIDE)
VERSION = len(MIGRATIONS)

COLUMNS = "stream, number, position, at, actor, kind, facts, previous_hash, hash"
# Read from the catalogue itself: to_regclass() answers from a cache, which an advisory lock does not bring up to date.
_TABLES = """
SELECT nspname, array_agg(relname::text) FILTER (WHERE relname IS NOT NULL)
FROM pg_namespace LEFT JOIN pg_class ON relnamespace = pg_namespace.oid WHERE nspname = %s GROUP BY nspname
"""
INSERT = (
    f"INSERT INTO event({COLUMNS}) SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[],"
    " %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
decode = msgspec.json.Decoder(dict[str, Any]).decode


def version_of(connection: Db, server: Server) -> int:
    """The version of the tables, 0 where there are none; raises Refusal for another program's or a newer Opsbook's."""
    found = connection.execute(_TABLES, (SCHEMA,)).fetchone()
    names = (found and found[1]) or []
    if "ledger" not in names:
        if names:
            raise Refusal(
                f"The schema '{SCHEMA}' of {server.shown} holds another program's tables, and is left alone. Name"
                " another database with --db."
            )
        return 0
    row = connection.execute("SELECT version FROM ledger").fetchone()
    version = int(row[0]) if row else 0
    if version > VERSION:
        raise newer(server, version)
    return version


def version_at(url: str) -> int | None:
    """The version of the tables in the database at `url`, None where there are none."""
    server = Server(url)
    with closing(server.connect()) as connection:
        try:
            return version_of(connection, server) or None
        except psycopg.Error as wrong:
            raise server.failure(wrong) from wrong


def make(connection: Db, server: Server) -> None:
    """Makes the tables or brings them up to date, one program at a time."""
    if version_of(connection, server) == VERSION:
        return
    for step in range(VERSION):
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))
            if version_of(connection, server) == step:  # another program may have taken this step meanwhile
                _take(connection, step)


def _take(connection: Db, step: int) -> None:
    connection.execute("SET LOCAL statement_timeout TO 0")
    if step == 0:
        # Asked first, because making one takes a right that a careful administrator does not give.
        if connection.execute(_TABLES, (SCHEMA,)).fetchone() is None:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
        connection.execute("CREATE TABLE ledger(version bigint NOT NULL)")
        connection.execute("INSERT INTO ledger VALUES (0)")
    connection.execute(MIGRATIONS[step].encode())
    connection.execute("UPDATE ledger SET version = %s", (step + 1,))


def newer(server: Server, version: int) -> Refusal:
    """What is told where the tables are those of a newer Opsbook."""
    return Refusal(
        f"The ledger {server.shown} was written by a newer Opsbook: it has version {version}, and this one knows"
        f" versions up to {VERSION}. Use that Opsbook, or name another ledger with --db."
    )


def microseconds(at: datetime) -> int:
    """A time as events keep it."""
    return (at - _EPOCH) // _MICROSECOND


def values_of(event: Event, facts: str) -> tuple[Any, ...]:
    """The row of COLUMNS for an event; `facts` are its facts in their canonical encoding."""
    return (
        event.stream, event.number, event.position, microseconds(event.at), event.actor, event.kind, facts,
        event.previous_hash, event.hash,
    )  # fmt: skip


def event_of(row: tuple[Any, ...]) -> Event:
    """The event of a row of COLUMNS."""
    stream, number, position, at, actor, kind, facts, previous_hash, digest = row
    when = _EPOCH + timedelta(microseconds=at)
    return Event(stream, number, position, when, actor, kind, decode(facts), previous_hash, digest)

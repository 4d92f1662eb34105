"""What the PostgreSQL ledger keeps beside events and may forget: attachments, and sightings. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from opsbook.adapters.postgres_ledger.connecting import Db
from opsbook.usecases.ledger_ports import Sighting
from opsbook.usecases.upkeep_ports import Attachment

AT_ONCE = 1000  # sightings in one statement

_CONTENT = "SELECT content FROM attachment WHERE name = %s"
_NAMES = """
SELECT name FROM attachment WHERE starts_with(name, %s) AND at < coalesce(%s, 'infinity'::timestamptz)
ORDER BY at, name LIMIT %s
"""
_BEYOND = """
SELECT name FROM (
  SELECT name, at, sum(octet_length(content)::bigint) OVER (ORDER BY at DESC, name DESC) AS total
  FROM attachment WHERE starts_with(name, %s)
) AS kept WHERE total > %s ORDER BY at, name LIMIT %s
"""
_ALL = "SELECT name, at, content FROM attachment ORDER BY at, name"
_ATTACH = """
INSERT INTO attachment(name, at, content) VALUES (%s, %s, %s)
ON CONFLICT (name) DO UPDATE SET at = excluded.at, content = excluded.content
"""
_DETACH = "DELETE FROM attachment WHERE name = ANY(%s::text[])"
_COLUMNS = "name, at, until, count, mark"
_SIGHTED = f"SELECT {_COLUMNS} FROM sighting WHERE name = ANY(%s::text[])"
_SIGHTINGS = f"SELECT {_COLUMNS} FROM sighting ORDER BY name"
_SIGHT = f"""
INSERT INTO sighting AS had ({_COLUMNS})
SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::text[])
ON CONFLICT (name) DO UPDATE SET at = excluded.at, until = excluded.until, count = had.count + excluded.count,
  mark = excluded.mark
"""
_UNSIGHT = "DELETE FROM sighting WHERE name = ANY(%s::text[])"
# What was seen is no event: that of the last moment may be lost in a crash of the server, and is not waited for.
_UNSYNCED = "SET LOCAL synchronous_commit TO off"


def attach(connection: Db, contents: Mapping[str, bytes], at: datetime) -> None:
    """Keeps bytes by name; one of a name replaces it."""
    for name, content in contents.items():
        connection.execute(_ATTACH, (name, at, content))


def detach(connection: Db, names: Sequence[str]) -> None:
    """Forgets the attachments of these names."""
    if names:
        connection.execute(_DETACH, (list(names),))


def content(connection: Db, name: str) -> bytes | None:
    """The bytes kept by that name."""
    row = connection.execute(_CONTENT, (name,)).fetchone()
    return None if row is None else bytes(row[0])


def names(connection: Db, prefix: str, before: datetime | None, limit: int) -> list[str]:
    """The names of attachments that begin so, the oldest first."""
    return [row[0] for row in connection.execute(_NAMES, (prefix, before, limit))]


def beyond(connection: Db, prefix: str, most_bytes: int, limit: int) -> list[str]:
    """The names of the oldest of those that begin so, without which the rest has no more bytes than that."""
    return [row[0] for row in connection.execute(_BEYOND, (prefix, most_bytes, limit))]


def attachments(connection: Db) -> Iterator[Attachment]:
    """All attachments, the oldest first, some at a time in memory."""
    with connection.cursor("attachments") as cursor:
        cursor.itersize = 10  # one may be many megabytes
        for name, at, kept in cursor.execute(_ALL):
            yield Attachment(name, at.astimezone(UTC), bytes(kept))


def sight(connection: Db, sightings: Sequence[Sighting]) -> None:
    """Notes that things were seen again."""
    # In the order of their names, so that no two wait for one another; each once, as the statement must have it.
    seen: dict[str, Sighting] = {}
    for each in sightings:
        had = seen.get(each.name)
        seen[each.name] = each if had is None else Sighting(
            each.name, each.at, each.until, had.count + each.count, each.mark
        )  # fmt: skip
    with connection.transaction():
        connection.execute(_UNSYNCED)
        _add(connection, [seen[name] for name in sorted(seen)])


def unsight(connection: Db, wanted: Sequence[str]) -> None:
    """Forgets what was noted of these."""
    with connection.transaction():
        connection.execute(_UNSYNCED)
        connection.execute(_UNSIGHT, (sorted(wanted),))


def sighted(connection: Db, wanted: Sequence[str]) -> list[Sighting]:
    """What was noted of these."""
    return [_sighting_of(row) for row in connection.execute(_SIGHTED, (list(wanted),))]


def sightings(connection: Db) -> list[Sighting]:
    """All that was noted."""
    return [_sighting_of(row) for row in connection.execute(_SIGHTINGS)]


def replace(connection: Db, kept: Iterable[Attachment], seen: Sequence[Sighting]) -> None:
    """Puts these in the place of all that is there. Call within a transaction."""
    connection.execute("DELETE FROM attachment")
    connection.execute("DELETE FROM sighting")
    for each in kept:
        connection.execute(_ATTACH, (each.name, each.at, each.content))
    _add(connection, seen)


def _add(connection: Db, seen: Iterable[Sighting]) -> None:
    remaining = iter(seen)
    while part := list(islice(remaining, AT_ONCE)):
        rows = [(each.name, each.at, each.until, each.count, each.mark) for each in part]
        connection.execute(_SIGHT, tuple(map(list, zip(*rows, strict=True))))


def _sighting_of(row: tuple[Any, ...]) -> Sighting:
    name, at, until, count, mark = row
    return Sighting(name, at.astimezone(UTC), until and until.astimezone(UTC), count, mark)

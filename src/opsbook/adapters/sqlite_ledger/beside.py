"""What the SQLite ledger keeps beside events and may forget: attachments, and sightings. Begins no transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import apsw

from opsbook.adapters.sqlite_ledger import tables
from opsbook.usecases.ledger_ports import Sighting
from opsbook.usecases.upkeep_ports import Attachment

EVER = 2**63 - 1  # later than any time that is kept

CONTENT = "SELECT content FROM attachment WHERE name = ?"
NAMES = (
    "SELECT name FROM attachment WHERE substr(name, 1, length(?1)) = ?1 AND at < ?2 ORDER BY at, name LIMIT ?3"
)
BEYOND = (  # the length of a content is known without reading it
    "SELECT name FROM (SELECT name, at, sum(length(content)) OVER (ORDER BY at DESC, name DESC) AS total"
    " FROM attachment WHERE substr(name, 1, length(?1)) = ?1) WHERE total > ?2 ORDER BY at, name LIMIT ?3"
)
SIGHTED = "SELECT name, at, until, count, mark FROM sighting WHERE name IN (SELECT value FROM json_each(?))"
_ATTACHMENTS = "SELECT name, at, content FROM attachment ORDER BY at, name"
_SIGHTINGS = "SELECT name, at, until, count, mark FROM sighting ORDER BY name"
_ATTACH = "INSERT OR REPLACE INTO attachment(name, at, content) VALUES (?,?,?)"
_DETACH = "DELETE FROM attachment WHERE name = ?"
_SIGHT = (
    "INSERT INTO sighting(name, at, until, count, mark) VALUES (?,?,?,?,?) ON CONFLICT(name) DO UPDATE SET"
    " at = excluded.at, until = excluded.until, count = count + excluded.count, mark = excluded.mark"
)
_UNSIGHT = "DELETE FROM sighting WHERE name = ?"


def attach(connection: apsw.Connection, contents: Mapping[str, bytes], at: datetime) -> None:
    """Keeps bytes by name; one of a name replaces it."""
    if contents:
        when = tables.microseconds(at)
        connection.executemany(_ATTACH, [(name, when, content) for name, content in contents.items()])


def detach(connection: apsw.Connection, names: Sequence[str]) -> None:
    """Forgets the attachments of these names."""
    if names:
        connection.executemany(_DETACH, [(name,) for name in names])


def sight(connection: apsw.Connection, sightings: Sequence[Sighting]) -> None:
    """Notes that things were seen again."""
    connection.executemany(_SIGHT, map(_values, sightings))


def unsight(connection: apsw.Connection, names: Sequence[str]) -> None:
    """Forgets what was noted of these."""
    connection.executemany(_UNSIGHT, [(name,) for name in names])


def sighting_of(row: tuple[Any, ...]) -> Sighting:
    """The sighting of a row."""
    name, at, until, count, mark = row
    return Sighting(name, tables.moment(at), None if until is None else tables.moment(until), count, mark)


def attachments(connection: apsw.Connection) -> Iterator[Attachment]:
    """All attachments, the oldest first, one at a time in memory."""
    for name, at, content in connection.execute(_ATTACHMENTS):
        yield Attachment(str(name), tables.moment(int(str(at))), bytes(content))


def sightings(connection: apsw.Connection) -> list[Sighting]:
    """All sightings."""
    return [sighting_of(row) for row in connection.execute(_SIGHTINGS)]


def replace(connection: apsw.Connection, kept: Iterable[Attachment], seen: Sequence[Sighting]) -> None:
    """Puts these in the place of all that is there."""
    connection.execute("DELETE FROM attachment")
    connection.execute("DELETE FROM sighting")
    for each in kept:
        connection.execute(_ATTACH, (each.name, tables.microseconds(each.at), each.content))
    sight(connection, seen)


def _values(seen: Sighting) -> tuple[Any, ...]:
    until = None if seen.until is None else tables.microseconds(seen.until)
    return seen.name, tables.microseconds(seen.at), until, seen.count, seen.mark

"""The rows of views on PostgreSQL: kept with the events, made again where they are behind, read. Knows no fold.

Each view has the position up to which its rows were made. Whoever appends without knowing the view (another version of
Opsbook, a verb that needs none) leaves it behind, and whoever knows it makes up for that before using it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.adapters.postgres_ledger import tables
from opsbook.adapters.postgres_ledger.connecting import Db
from opsbook.ground.errors import Refusal
from opsbook.ledger.event import Event, canonical
from opsbook.ledger.view import Kept, Row, View, folded

NEVER = -1  # the version of rows that nobody made yet
AT_ONCE = 1000  # events folded at a time when rows are made again

_STATES = "SELECT name, version, position FROM view"
_FROM = (
    "INSERT INTO view(name, version, position) VALUES (%s, %s, 0)"
    " ON CONFLICT (name) DO UPDATE SET version = excluded.version, position = 0"
)
_UP_TO = "UPDATE view SET position = %s WHERE name = ANY(%s::text[])"
_FORGET = "DELETE FROM view_row WHERE view = %s"
_BEHIND = (
    f"SELECT {tables.COLUMNS} FROM event WHERE position > %s AND starts_with(stream, %s) ORDER BY position LIMIT %s"
)
_COLUMNS = "stream, number, first, is_open, belongs, document"
_SOME = (
    f"SELECT view, {_COLUMNS} FROM view_row JOIN unnest(%s::text[], %s::text[]) AS asked(view, stream)"
    " USING (view, stream)"
)
_LATEST = f"""
SELECT {_COLUMNS} FROM unnest(%s::text[]) AS asked(belongs_to) CROSS JOIN LATERAL (
  SELECT {_COLUMNS} FROM view_row WHERE view = %s AND belongs = asked.belongs_to ORDER BY first DESC LIMIT 1
) AS last
"""
_KEEP = f"""
INSERT INTO view_row(view, {_COLUMNS})
SELECT * FROM unnest(
  %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::boolean[], %s::text[], %s::text[]
)
ON CONFLICT (view, stream) DO UPDATE SET number = excluded.number, first = excluded.first, is_open = excluded.is_open,
  belongs = excluded.belongs, document = excluded.document
"""
_DROP = "DELETE FROM view_row USING unnest(%s::text[], %s::text[]) AS gone(v, s) WHERE view = v AND stream = s"

_decode = msgspec.json.Decoder(dict[str, Any]).decode
Key = tuple[str, str]  # the name of a view, and a stream


def behind(views: Iterable[View], states: Mapping[str, tuple[int, int]], head: int, shown: str) -> list[View]:
    """The views whose rows must be made up to `head` before they are used. Raises Refusal where a newer Opsbook keeps
    them: this one knows only an older fold. What somebody left behind is anybody's to make again."""
    late = []
    for view in views:
        version, upto = states.get(view.name, (NEVER, 0))
        if version > view.version and upto == head:
            raise Refusal(
                f"The ledger {shown} was brought up to date by a newer Opsbook: its view '{view.name}' has version"
                f" {version}, and this one knows {view.version}. Use that Opsbook, also where this one is still"
                " running, or name another ledger with --db."
            )
        if (version, upto) != (view.version, head):
            late.append(view)
    return late


def states_of(rows: Iterable[tuple[Any, ...]]) -> dict[str, tuple[int, int]]:
    """Version and position of each view, from rows of the table of views."""
    return {name: (version, position) for name, version, position in rows}


def read_states(connection: Db) -> dict[str, tuple[int, int]]:
    """Version and position of each view."""
    return states_of(connection.execute(_STATES).fetchall())


def catch_up(connection: Db, views: Sequence[View], states: Mapping[str, tuple[int, int]], head: int) -> None:
    """Makes the rows of the views up to `head`, those of another version from the start. Call with the lock held."""
    connection.execute("SET LOCAL statement_timeout TO 0")
    for view in views:
        version, position = states.get(view.name, (NEVER, 0))
        if version != view.version:
            connection.execute(_FORGET, (view.name,))
            connection.execute(_FROM, (view.name, view.version))
            position = 0
        while found := connection.execute(_BEHIND, (position, view.prefix, AT_ONCE)).fetchall():
            events = [tables.event_of(row) for row in found]
            changes = Folding((view,), connection, {event.stream for event in events})
            for event in events:
                changes.take(event)
            changes.write(connection)
            position = events[-1].position
    connection.execute(_UP_TO, (head, [view.name for view in views]))


class Folding:
    """The rows of some streams while events are folded into them within one transaction."""

    def __init__(self, views: Iterable[View], connection: Db, streams: Iterable[str]) -> None:
        self._views = tuple(views)
        self._kept: dict[Key, Kept | None] = {}
        self._changed: dict[Key, None] = {}
        keys = [(view.name, stream) for stream in streams for view in self._views if stream.startswith(view.prefix)]
        if keys:
            names, asked = zip(*keys, strict=True)
            decoders = {view.name: msgspec.json.Decoder(view.document).decode for view in self._views}
            for name, *row in connection.execute(_SOME, (list(names), list(asked))):
                self._kept[name, row[0]] = kept_of(row, decoders[name])

    def take(self, event: Event) -> None:
        """Folds an event, whose facts are as they are read back."""
        for view in self._views:
            if event.stream.startswith(view.prefix):
                key = (view.name, event.stream)
                after = folded(view, self._kept.get(key), event)
                self._kept[key] = after and replace(after, row=_as_read(after.row))
                self._changed[key] = None

    def write(self, connection: Db, position: int | None = None) -> None:
        """Writes what was changed; with a position, that the rows are made up to it."""
        kept = [(key[0], row) for key in self._changed if (row := self._kept[key]) is not None]
        gone = [key for key in self._changed if self._kept[key] is None]
        if kept:
            columns = zip(*(values_of(name, row) for name, row in kept), strict=True)
            connection.execute(_KEEP, tuple(map(list, columns)))
        if gone:
            connection.execute(_DROP, ([name for name, _ in gone], [stream for _, stream in gone]))
        if position is not None and self._views:
            connection.execute(_UP_TO, (position, [view.name for view in self._views]))


def page(
    view: str, *, group: str | None, is_open: bool | None, before: int | None, limit: int
) -> tuple[str, list[Any]]:
    """The question for some rows of a view, and its values."""
    wanted: list[tuple[str, Any]] = [("view = %s", view)]
    wanted += [("belongs = %s", group)] if group is not None else []
    wanted += [("is_open = %s", is_open)] if is_open is not None else []
    wanted += [("first < %s", before)] if before is not None else []
    conditions = " AND ".join(condition for condition, _ in wanted)
    question = f"SELECT {_COLUMNS} FROM view_row WHERE {conditions} ORDER BY first DESC LIMIT %s"
    return question, [*(value for _, value in wanted), limit]


def one(view: str, stream: str) -> tuple[str, list[Any]]:
    """The question for the row of one stream, and its values."""
    return f"SELECT {_COLUMNS} FROM view_row WHERE view = %s AND stream = %s", [view, stream]


def latest(view: str, groups: Sequence[str]) -> tuple[str, list[Any]]:
    """The question for the row of each group that began last, and its values."""
    return _LATEST, [list(groups), view]


def kept_of(row: Sequence[Any], decode: Callable[[str], Any] = _decode) -> Kept:
    """The row of a view as it was kept."""
    stream, number, first, is_open, belongs, document = row
    return Kept(stream, number, first, Row(is_open, belongs, decode(document)))


@cache
def decoder(document: Any) -> Callable[[str], Any]:
    """What reads documents as that type."""
    return msgspec.json.Decoder(document).decode


def values_of(view: str, kept: Kept) -> tuple[Any, ...]:
    """The row of the table for what is kept of a stream."""
    row = kept.row
    document = canonical(row.document).decode()
    return view, kept.stream, kept.number, kept.first, row.is_open, row.group, document


def _as_read(row: Row) -> Row:
    """The row as it will be read: a fold must not see whether it comes from the table or from memory. A document with a
    type of its own is the same in both."""
    return row if isinstance(row.document, Struct) else replace(row, document=_decode(canonical(row.document)))

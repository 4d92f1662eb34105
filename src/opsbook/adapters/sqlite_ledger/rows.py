"""The rows of views in the SQLite ledger: kept with the events, read in pages, made again. Knows no fold of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

import apsw
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.adapters.sqlite_ledger import tables
from opsbook.ground.errors import Refusal
from opsbook.ledger.event import Event, canonical
from opsbook.ledger.view import Kept, Row, View, folded, refolded

AT_ONCE = 16  # rows in one statement: between two statements SQLite's library lets other threads of Python run
MOST_REMEMBERED = 1000  # rows; a document is a few thousand bytes
UNKNOWN = 0  # the version of a view whose rows somebody left behind who does not know it

_COLUMNS = "stream, number, first, is_open, belongs, document"
ONE = f"SELECT {_COLUMNS} FROM view_row WHERE view = ? AND stream = ?"
LATEST = f"""
SELECT {_COLUMNS} FROM json_each(?2) AS asked CROSS JOIN view_row ON view_row.rowid = (
  SELECT rowid FROM view_row AS each WHERE each.view = ?1 AND each.belongs = asked.value ORDER BY first DESC LIMIT 1
)
"""
_SOME = f"SELECT {_COLUMNS} FROM view_row WHERE view = ?1 AND stream IN (SELECT value FROM json_each(?2))"
_KEEP, _KEEP_MANY = (
    f"INSERT INTO view_row(view, {_COLUMNS}) VALUES {','.join(['(?,?,?,?,?,?,?)'] * count)} ON CONFLICT(view, stream)"
    " DO UPDATE SET number = excluded.number, first = excluded.first, is_open = excluded.is_open,"
    " belongs = excluded.belongs, document = excluded.document"
    for count in (1, AT_ONCE)
)
_DROP = "DELETE FROM view_row WHERE view = ? AND stream = ?"
_VERSIONS = "SELECT name, version, prefix FROM view"
_SET_VERSION = "INSERT OR REPLACE INTO view(name, version, prefix) VALUES (?,?,?)"
_OF_PREFIX = (
    f"SELECT {tables.COLUMNS} FROM event WHERE stream >= ?1 AND stream < ?1 || char(1114111) ORDER BY stream, number"
)
_OF_STREAM = f"SELECT {tables.COLUMNS} FROM event WHERE stream = ? AND number < ? ORDER BY number"
_BEHIND = f"SELECT {tables.COLUMNS} FROM event WHERE position > ? ORDER BY position"

Progress = Callable[[int], None]


class ViewRows:
    """The rows of all views within the transactions of one writer, who alone calls this."""

    def __init__(self, views: Sequence[View]) -> None:
        self._views = tuple(views)
        self._unknown: list[tuple[str, str]] = []  # views of others, by name and prefix
        self._prefixes: tuple[str, ...] = ()
        self._remembered: dict[tuple[str, str], Kept | None] = {}
        self._changed: dict[tuple[str, str], None] = {}  # in the order in which they were
        self._left_behind: set[str] = set()
        self._head: str | None = None
        self._of_head: tuple[View, ...] = ()

    def look_again(self, connection: apsw.Connection) -> None:
        """Forgets what is remembered, because somebody else wrote, and makes rows again that they left behind."""
        self.forget()
        remake(connection, stale(connection, self._views))
        known = {view.name for view in self._views}
        found: list[tuple[Any, ...]] = connection.execute(_VERSIONS).fetchall()
        self._unknown = [(name, prefix) for name, version, prefix in found if name not in known and version != UNKNOWN]
        self._prefixes = (*(view.prefix for view in self._views), *(prefix for _, prefix in self._unknown))

    def concern(self, stream: str) -> bool:
        """Whether any view has rows of such streams."""
        return stream.startswith(self._prefixes)

    def learn(self, connection: apsw.Connection, numbers: Mapping[str, int]) -> None:
        """Reads the rows of streams that are about to be folded, by one question for each view; `numbers` tells how
        many events each has. Left out are those that were not made from all of these."""
        for view in self._views:
            wanted = [
                stream for stream, number in numbers.items()
                if number and stream.startswith(view.prefix) and (view.name, stream) not in self._remembered
            ]  # fmt: skip
            if len(wanted) > 1:
                for found in connection.execute(_SOME, (view.name, tables.listed(wanted))):
                    kept = _kept_for(view, found)
                    if kept.number == numbers[kept.stream]:
                        self._remembered[view.name, kept.stream] = kept

    def fold(self, connection: apsw.Connection, event: Event, facts: bytes) -> None:
        """Folds an event of the transaction; `facts` are its facts as they are kept."""
        stream = event.stream
        for view in self._views_of(stream):
            key = (view.name, stream)
            before = self._remembered[key] if key in self._remembered else _before(connection, view, event)
            after = folded(view, before, replace(event, facts=tables.decode(facts)))
            self._remembered[key] = after and _as_read(after)
            self._changed[key] = None
        for name, prefix in self._unknown:
            if stream.startswith(prefix):
                self._left_behind.add(name)

    def _views_of(self, stream: str) -> tuple[View, ...]:
        """The views that are made from a stream, remembered by the last one: many of a kind come one after another."""
        head = stream[: stream.find("/") + 1]
        if head != self._head:
            may_be = [view for view in self._views if view.prefix.startswith(head) or head.startswith(view.prefix)]
            self._head, self._of_head = head, tuple(may_be)
        return tuple([view for view in self._of_head if stream.startswith(view.prefix)])

    def write(self, connection: apsw.Connection) -> None:
        """Writes what was folded in this transaction."""
        if not self._changed and not self._left_behind:
            return
        for name in self._left_behind:
            connection.execute("UPDATE view SET version = ? WHERE name = ?", (UNKNOWN, name))
        kept = [(key[0], row) for key in self._changed if (row := self._remembered[key]) is not None]
        if len(kept) < len(self._changed):
            connection.executemany(_DROP, [key for key in self._changed if self._remembered[key] is None])
        _keep(connection, [_values(view, row) for view, row in kept])
        if self._left_behind:
            self._unknown = [each for each in self._unknown if each[0] not in self._left_behind]
        self._changed.clear()
        self._left_behind.clear()
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.clear()

    def remake(self, connection: apsw.Connection) -> None:
        """Makes all rows again, with the events that are written in this transaction."""
        self._remembered.clear()
        self._changed.clear()
        remake(connection, self._views)

    def forget(self) -> None:
        """Forgets all: what was folded was not written, or others wrote since."""
        self._remembered.clear()
        self._changed.clear()
        self._left_behind.clear()


def _before(connection: apsw.Connection, view: View, event: Event) -> Kept | None:
    """The row before an event that is the first of its stream in a transaction. Where it was not made from all events
    before, as those of an Opsbook that knows no views yet, it is made again."""
    if event.number == 1:
        return None
    found = connection.execute(ONE, (view.name, event.stream)).fetchone()
    kept = None if found is None else _kept_for(view, found)
    if (kept.number if kept is not None else 0) == event.number - 1:
        return kept
    earlier = connection.execute(_OF_STREAM, (event.stream, event.number))
    return refolded(view, (tables.event_of(row) for row in earlier)).get(event.stream)


def page(
    view: str, *, group: str | None, is_open: bool | None, before: int | None, limit: int
) -> tuple[str, tuple[Any, ...]]:
    """The question for some rows of a view, and its values."""
    wanted: list[tuple[str, Any]] = [("view = ?", view)]
    wanted += [("belongs = ?", group)] if group is not None else []
    wanted += [("is_open = ?", int(is_open))] if is_open is not None else []
    wanted += [("first < ?", before)] if before is not None else []
    conditions = " AND ".join(condition for condition, _ in wanted)
    question = f"SELECT {_COLUMNS} FROM view_row WHERE {conditions} ORDER BY first DESC LIMIT ?"
    return question, (*(value for _, value in wanted), limit)


def kept_of(found: tuple[Any, ...], document_type: Any = dict[str, Any]) -> Kept:
    """The row of a view as it was kept, its document read as that type."""
    stream, number, first, is_open, belongs, document = found
    return Kept(stream, number, first, Row(bool(is_open), belongs, _decoder(document_type)(document)))


def _kept_for(view: View, found: tuple[Any, ...]) -> Kept:
    """The row as it was kept, with the document that the fold of the view works on."""
    stream, number, first, is_open, belongs, document = found
    return Kept(stream, number, first, Row(bool(is_open), belongs, _decoder(view.document)(document)))


@cache
def _decoder(document: Any) -> Callable[[str | bytes], Any]:
    return msgspec.json.Decoder(document).decode


def stale(connection: apsw.Connection, views: Sequence[View]) -> list[View]:
    """The views whose rows must be made again; raises Refusal where a newer Opsbook has made them."""
    versions = {name: version for name, version, _ in connection.execute(_VERSIONS)}
    for view in views:
        if versions.get(view.name, UNKNOWN) > view.version:
            raise Refusal(
                f"The ledger was brought up to date by a newer Opsbook: its view '{view.name}' has version"
                f" {versions[view.name]}, and this one knows {view.version}. Use that Opsbook, also where this one is"
                " still running, or name another ledger with --db."
            )
    return [view for view in views if versions.get(view.name, UNKNOWN) != view.version]


def bring_up_to_date(connection: apsw.Connection, views: Sequence[View]) -> list[str]:
    """Makes the rows again of the views that have another version than the file's, and returns their names.

    The most is folded before the write lock is taken, so that other processes only wait for what came meanwhile and
    for the rows to be written.
    """
    behind = stale(connection, views)
    if not behind:
        return []
    with tables.transaction(connection, "BEGIN"):
        position = int(connection.execute(tables.HEAD).get)
        made = {view.name: refolded(view, _events(connection, view)) for view in behind}
    with tables.transaction(connection, "BEGIN IMMEDIATE"):
        behind = stale(connection, behind)  # another process may have made them meanwhile
        for view in behind:
            came = (tables.event_of(row) for row in connection.execute(_BEHIND, (position,)))
            _replace(connection, view, refolded(view, came, made[view.name]))
    return [view.name for view in behind]


def remake(connection: apsw.Connection, views: Sequence[View]) -> None:
    """Makes the rows of views again. Call within a transaction that writes."""
    for view in views:
        _replace(connection, view, refolded(view, _events(connection, view)))


def differing(connection: apsw.Connection, view: View) -> list[str]:
    """The streams whose row is not what their events say. Call within a transaction."""
    made = refolded(view, _events(connection, view))
    asked = connection.execute(f"SELECT {_COLUMNS} FROM view_row WHERE view = ?", (view.name,))
    found = {row[0]: _values(view.name, kept_of(row)) for row in asked}
    right = {stream: _values(view.name, kept) for stream, kept in made.items()}
    return sorted(stream for stream in found.keys() | right.keys() if found.get(stream) != right.get(stream))


def _events(connection: apsw.Connection, view: View) -> Iterator[Event]:
    return (tables.event_of(row) for row in connection.execute(_OF_PREFIX, (view.prefix,)))


def _replace(connection: apsw.Connection, view: View, rows: dict[str, Kept]) -> None:
    connection.execute("DELETE FROM view_row WHERE view = ?", (view.name,))
    in_order = sorted(rows.values(), key=lambda kept: kept.first)
    _keep(connection, [_values(view.name, kept) for kept in in_order])
    connection.execute(_SET_VERSION, (view.name, view.version, view.prefix))


def _values(view: str, kept: Kept) -> tuple[str | int, ...]:
    row = kept.row
    document = canonical(row.document).decode()
    return view, kept.stream, kept.number, kept.first, int(row.is_open), row.group, document


def _keep(connection: apsw.Connection, rows: Sequence[tuple[str | int, ...]]) -> None:
    whole = len(rows) - len(rows) % AT_ONCE
    for start in range(0, whole, AT_ONCE):
        connection.execute(_KEEP_MANY, tuple(chain.from_iterable(rows[start : start + AT_ONCE])))
    if whole < len(rows):
        connection.executemany(_KEEP, rows[whole:])


def _as_read(kept: Kept) -> Kept:
    """A row of plain JSON values as it will be read: a fold must not see whether it comes from the file or from memory.
    A document with a type of its own is the same in both."""
    row = kept.row
    if isinstance(row.document, Struct):
        return kept
    return replace(kept, row=replace(row, document=tables.decode(canonical(row.document))))

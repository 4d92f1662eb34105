"""The tables of the search index: made, checked and written here; searched elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

import apsw
import msgspec
from msgspec import Struct, structs

from opsbook.book.search import COLUMNS, GENERATION, SearchSection, columns_of, names_of, stem

# "obsk": marks the file as ours, so that no other database is ever taken for a damaged index.
APPLICATION = 0x6F62736B
# Raised with any change of the tables; together with the book's GENERATION it is the file's version.
SHAPE = 1
VERSION = SHAPE * 1000 + GENERATION

# No prefix='2 3': at 100,000 sections it makes the file a third larger and slower to write, and searching no
# faster, as completions are looked up in `word` and bounded in what they may add up to.
# The full-text table keeps no text of its own: sections are kept once, for excerpts. As it is fed with words
# already folded, `word` counts the very words that it holds.
_TABLES = f"""
CREATE VIRTUAL TABLE fts USING fts5({", ".join(COLUMNS)}, content='', contentless_delete=1,
  tokenize='unicode61 remove_diacritics 2');
CREATE TABLE page(path BLOB PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE section(id INTEGER PRIMARY KEY, path BLOB NOT NULL, anchor TEXT NOT NULL, page TEXT NOT NULL,
  section TEXT NOT NULL, slot TEXT NOT NULL, line INTEGER NOT NULL, names TEXT NOT NULL,
  alerts TEXT NOT NULL, symptoms TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX section_path ON section(path);
CREATE TABLE word(term TEXT PRIMARY KEY, stem TEXT NOT NULL, docs INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX word_stem ON word(stem, docs DESC, term);
CREATE TABLE total(sections INTEGER NOT NULL);
INSERT INTO total VALUES (0);
"""

_INSERT_SECTION = (
    "INSERT INTO section(path, anchor, page, section, slot, line, names, alerts, symptoms, text)"
    " VALUES (?,?,?,?,?,?,?,?,?,?)"
)
_INSERT_FTS = f"INSERT INTO fts(rowid, {', '.join(COLUMNS)}) VALUES (?{',?' * len(COLUMNS)})"
_COUNT_WORD = """
INSERT INTO word(term, stem, docs) VALUES (?,?,?)
ON CONFLICT(term) DO UPDATE SET docs = docs + excluded.docs
"""


class OutOfDate(Exception):
    """The file is ours, and was written by another version."""


class Foreign(Exception):
    """The file is a database of something else; it is left alone."""


class Updated(Struct, frozen=True):
    """What an update did: how many pages it wrote, and how many it took out."""

    written: int
    removed: int


def ensure(connection: apsw.Connection) -> None:
    """Makes the tables in an empty file; raises `OutOfDate` or `Foreign` when the file holds others."""
    if _is_current(connection):
        return
    with _writing(connection):
        if not _is_current(connection):  # another program may have made them meanwhile
            connection.execute(_TABLES)
            connection.pragma("application_id", APPLICATION)
            connection.pragma("user_version", VERSION)


@contextmanager
def _writing(connection: apsw.Connection) -> Iterator[None]:
    """All that is written within, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back already
            connection.execute("ROLLBACK")
        raise


def _is_current(connection: apsw.Connection) -> bool:
    owner, version = connection.pragma("application_id"), connection.pragma("user_version")
    if owner == APPLICATION:
        if version != VERSION:
            raise OutOfDate(f"version {version} instead of {VERSION}")
        return True
    if connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").get is not None:
        raise Foreign("the file is another program's database")
    return False


def digests(connection: apsw.Connection) -> dict[str, str]:
    """path → digest of every page that is indexed."""
    found = connection.execute("SELECT path, digest FROM page").fetchall()
    rows = msgspec.convert(found, list[tuple[bytes, str]])
    return {path_of(path): digest for path, digest in rows}


def stored(path: str) -> bytes:
    """A path as it is kept: file names need not be UTF-8, and come as lone surrogates where they are not."""
    return path.encode("utf-8", "surrogatepass")


def path_of(kept: bytes) -> str:
    """The path that `stored` kept."""
    return kept.decode("utf-8", "surrogatepass")


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def write(
    connection: apsw.Connection,
    changed: Mapping[str, tuple[str, tuple[SearchSection, ...]]],
    pages: Collection[str],
) -> Updated:
    """Puts in the changed pages and takes out those that are not among `pages`, in one transaction."""
    with _writing(connection):
        known = digests(connection)  # another program may have written since the caller looked
        fresh = {path: page for path, page in changed.items() if known.get(path) != page[0]}
        removed = [path for path in known if path not in pages]
        counts: Counter[str] = Counter()
        gone = sum(_remove(connection, path, counts) for path in (*removed, *(p for p in fresh if p in known)))
        come = sum(_insert(connection, path, page, counts) for path, page in fresh.items())
        _count_words(connection, counts)
        connection.execute("UPDATE total SET sections = sections + ?", (come - gone,))
        if come > _sections(connection) // 4:
            # Merges what was written into one piece: a thirtieth of the time of writing it; searching is
            # an eighth faster then (measured at 100,000 sections). SQLite merges small updates in time.
            connection.execute("INSERT INTO fts(fts) VALUES ('optimize')")
    return Updated(len(fresh), len(removed))


def _sections(connection: apsw.Connection) -> int:
    return msgspec.convert(connection.execute("SELECT sections FROM total").get, int)


def _insert(
    connection: apsw.Connection,
    path: str,
    page: tuple[str, tuple[SearchSection, ...]],
    counts: Counter[str],
) -> int:
    digest, sections = page
    kept = stored(path)
    connection.execute("INSERT INTO page(path, digest) VALUES (?,?)", (kept, _clean(digest)))
    for section in sections:
        if section.path != path:  # what is taken out again must be what was put in
            section = structs.replace(section, path=path)
        columns = columns_of(section)
        connection.execute(_INSERT_SECTION, _row(kept, section))
        connection.execute(_INSERT_FTS, (connection.last_insert_rowid(), *columns))
        counts.update(_distinct(columns))
    return len(sections)


def _row(kept: bytes, section: SearchSection) -> tuple[bytes | str | int, ...]:
    texts = (section.anchor, section.page, section.section, section.slot)
    alerts = "\n".join(section.alerts)
    rest = (names_of(section), alerts, section.symptoms, section.text)
    return (kept, *map(_clean, texts), section.line, *map(_clean, rest))


def _remove(connection: apsw.Connection, path: str, counts: Counter[str]) -> int:
    kept = stored(path)
    connection.execute("DELETE FROM page WHERE path = ?", (kept,))
    query = "SELECT id, anchor, page, section, slot, line, alerts, symptoms, text FROM section WHERE path = ?"
    rows = msgspec.convert(
        connection.execute(query, (kept,)).fetchall(),
        list[tuple[int, str, str, str, str, int, str, str, str]],
    )
    for number, anchor, page, title, slot, line, alerts, symptoms, text in rows:
        names = tuple(alerts.split("\n")) if alerts else ()
        section = SearchSection(path, anchor, page, title, slot, line, names, symptoms, text)
        counts.subtract(_distinct(columns_of(section)))
        connection.execute("DELETE FROM fts WHERE rowid = ?", (number,))
    connection.execute("DELETE FROM section WHERE path = ?", (kept,))
    return len(rows)


def _distinct(columns: Iterable[str]) -> set[str]:
    return set(" ".join(columns).split(" ")) - {""}


def _count_words(connection: apsw.Connection, counts: Counter[str]) -> None:
    moved = sorted((term, stem(term), docs) for term, docs in counts.items() if docs)
    connection.executemany(_COUNT_WORD, moved)
    lost = [(term,) for term, _, docs in moved if docs < 0]
    connection.executemany("DELETE FROM word WHERE term = ? AND docs <= 0", lost)

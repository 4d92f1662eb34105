"""The search index: one derived SQLite file, safe to delete at any moment; never the truth of anything.

- **One file.** A rollback journal, not a write-ahead log: nothing else lies beside the file at rest, and as
  nothing of it is mapped into memory, a file that someone cuts short is an error to be mended, never a crash.
- **Old or new, whole.** An update is one transaction; a search reads within one.
- **Threads.** Any thread may call anything. Searches share one reading connection under a lock (they take
  about a millisecond); each update opens a writing connection of its own, so that it holds up a search only
  for the moment of its commit. Other processes are kept apart by SQLite's own file locks.
- **Damage.** A file that is cut, scribbled on, of another version or gone is made anew from the pages that
  `update` was last given. Where none can be written (read-only folder, full disk) the index is in memory.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

import apsw
import msgspec
from msgspec import structs

from opsbook.adapters.search_index import tables
from opsbook.adapters.search_index.asking import answer
from opsbook.adapters.search_index.tables import Updated
from opsbook.book.search import SearchAnswer, SearchSection, parse
from opsbook.ground.errors import Failure

__all__ = ["SearchIndex", "Sections", "Updated"]

# Given as a callable, the sections of a page are made only when it has changed, and not kept.
Sections = Sequence[SearchSection] | Callable[[], Iterable[SearchSection]]
_T = TypeVar("_T")

# Longer than another process needs to write a large book anew.
BUSY_MS = 15_000
MOST_HITS = 200
CACHE_KIB = 64 * 1024
# One to find the damage, one to find that another process mends it at the same time, one to succeed.
ATTEMPTS = 3


class _Gone(Exception):
    """The file that is open is no longer the one of that name."""


# What a file that is not as we wrote it gives: SQLite's own words for it, tables or types that are not ours,
# text that is not UTF-8.
_DAMAGE = (
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.SQLError,
    apsw.MismatchError,
    apsw.ConstraintError,
    apsw.FormatError,
    msgspec.ValidationError,
    UnicodeDecodeError,
    tables.OutOfDate,
    _Gone,
)
_BUSY = (apsw.BusyError, apsw.LockedError)
_TROUBLE = (*_DAMAGE, tables.Foreign, apsw.Error, OSError)


class SearchIndex:
    """The index in the file `path`, or in memory when that is None.

    `in_memory_because` says why there is no file although one was asked for; None while all is well.
    """

    def __init__(self, path: str | os.PathLike[str] | None, *, busy_ms: int = BUSY_MS) -> None:
        self._path = None if path is None else os.fspath(path)
        self._busy_ms = busy_ms
        self._lock = threading.RLock()
        self._updating = threading.RLock()
        self._reader: apsw.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._pages: Mapping[str, tuple[str, Sections]] | None = None
        self.in_memory_because: str | None = None

    def digests(self) -> dict[str, str]:
        """The digest of every page that is indexed; a page of the same digest need not be read again."""
        return self._until_read(tables.digests, remakes=False)

    def update(self, pages: Mapping[str, tuple[str, Sections]]) -> Updated:
        """Makes the index that of exactly these pages; asks only the changed ones for their sections.

        `pages` is every page of the book: path → (digest, its sections, or what gives them). It is kept: all
        are asked when the file has to be made anew. Raises `Failure` when another process keeps the file.
        """
        with self._updating:
            self._pages = pages
            trouble: BaseException | None = None
            for _ in range(ATTEMPTS):
                known = self.digests()
                # Asked outside of the guard: what goes wrong in reading a page is not the index's trouble.
                changed = {
                    path: (digest, tuple(sections() if callable(sections) else sections))
                    for path, (digest, sections) in pages.items()
                    if known.get(path) != digest
                }
                if not changed and known.keys() <= pages.keys():
                    return Updated(0, 0)
                try:
                    return self._write(changed)
                except _TROUBLE as wrong:
                    trouble = wrong
                    self._recover(wrong)
            raise _failure(self._path, trouble)

    def search(self, text: str, limit: int = 20) -> SearchAnswer:
        """The sections that answer a typed or pasted text, best first, at most `limit` (1 to 200)."""
        started = time.perf_counter()
        query = parse(text)
        most = max(1, min(limit, MOST_HITS))
        found = self._until_read(lambda connection: answer(connection, query, most), remakes=True)
        return structs.replace(found, took_ms=(time.perf_counter() - started) * 1000)

    def close(self) -> None:
        """Closes the file; using the index again opens it again. An index in memory stays."""
        with self._lock:
            if self._reader is not None and self._path is not None:
                self._reader.close()
                self._reader = None

    def _until_read(self, read: Callable[[apsw.Connection], _T], *, remakes: bool) -> _T:
        trouble: BaseException | None = None
        for _ in range(ATTEMPTS):
            try:
                with self._lock:
                    return read(self._connection())
            except _TROUBLE as wrong:
                trouble = wrong
                self._recover(wrong)
            if remakes and self._pages is not None:
                self.update(self._pages)
        raise _failure(self._path, trouble)

    def _connection(self) -> apsw.Connection:
        """The reading connection, on the file that has the name now. Call with the lock held."""
        if self._path is None:
            self._reader = self._reader or _open(":memory:", self._busy_ms)
            return self._reader
        if self._reader is None:
            self._identity = _identity(self._path)
            self._reader = _open(self._path, self._busy_ms)
            self._identity = self._identity or _identity(self._path)
        elif _identity(self._path) != self._identity:
            raise _Gone(f"{self._path} was taken away")
        return self._reader

    def _write(self, changed: Mapping[str, tuple[str, tuple[SearchSection, ...]]]) -> Updated:
        pages = self._pages or {}
        path = self._path
        if path is None:
            with self._lock:
                return tables.write(self._connection(), changed, pages.keys())
        writer = _open(path, self._busy_ms)
        try:
            # Without this a large update would shut readers out from when it overflows its cache.
            writer.pragma("cache_spill", False)
            return tables.write(writer, changed, pages.keys())
        finally:
            writer.close()

    def _recover(self, wrong: BaseException) -> None:
        """Clears the way for another attempt: an empty file, or memory. Raises `Failure` for a busy file."""
        if isinstance(wrong, _BUSY):
            raise _failure(self._path, wrong)
        with self._lock:
            if self._path is None:  # another thread has turned to memory meanwhile
                return
            is_same = self._identity is not None and _identity(self._path) == self._identity
            if self._reader is not None:
                self._reader.close()
                self._reader = None
            if isinstance(wrong, _Gone):
                return
            if not isinstance(wrong, _DAMAGE):
                self._path = None
                self.in_memory_because = str(wrong) or type(wrong).__name__
                return
            if is_same:
                # Only the file that was found damaged: another process may have put a new one in its place.
                for name in (self._path, f"{self._path}-journal"):
                    with suppress(OSError):
                        os.unlink(name)
            self._identity = None


def _identity(path: str) -> tuple[int, int] | None:
    try:
        # Not Path.stat: this stands before every search.
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open(path: str, busy_ms: int) -> apsw.Connection:
    """A connection to an index whose tables are there, made if need be."""
    if path != ":memory:":
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    connection = apsw.Connection(path)
    try:
        connection.set_busy_timeout(busy_ms)
        connection.pragma("journal_mode", "DELETE" if path != ":memory:" else "MEMORY")
        # The journal is synced before the file is changed: a power cut leaves the old index or the new.
        connection.pragma("synchronous", "NORMAL")
        connection.pragma("temp_store", "MEMORY")
        connection.pragma("cache_size", -CACHE_KIB)
        tables.ensure(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _failure(path: str | None, trouble: BaseException | None) -> Failure:
    place = path or "in memory"
    if isinstance(trouble, _BUSY):
        text = f"The search index is being written by another process · {place} · Try again in a moment."
        failure = Failure(text, retryable=True)
    else:
        failure = Failure(f"The search index cannot be used: {trouble} · {place} · Delete it and try again.")
    failure.__cause__ = trouble
    return failure

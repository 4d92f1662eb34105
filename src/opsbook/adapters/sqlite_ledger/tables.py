"""The file of the SQLite ledger: how it is opened, made, brought up to date, and what its errors mean in words."""

from __future__ import annotations

import errno
import itertools
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import apsw
import msgspec

from opsbook.ground.errors import Failure, Refusal
from opsbook.ledger.event import Event, canonical

# "obld": marks the file as ours, so that no other database is ever written to.
APPLICATION = 0x6F626C64

NO_DELETE_NAME = "event_is_not_deleted"
NO_DELETE = f"""
CREATE TRIGGER {NO_DELETE_NAME} BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
"""

# `position` is the row's own key: appends go to the end of the file, and a cursor over the whole ledger is one range.
# The database itself refuses every change of what is there, and every position but the next; the insert is guarded
# too, because INSERT OR REPLACE takes a row out without asking the trigger on deletes.
_FIRST = """
CREATE TABLE event(
  position INTEGER PRIMARY KEY, stream TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
  actor TEXT NOT NULL, kind TEXT NOT NULL, facts TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL,
  UNIQUE(stream, number)
) STRICT;
CREATE TRIGGER event_is_next BEFORE INSERT ON event
WHEN NEW.position <> 1 + ifnull((SELECT max(position) FROM event), 0)
  OR EXISTS (SELECT 1 FROM event WHERE stream = NEW.stream AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'an event is only ever added behind the last'); END;
CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
"""

# A lease that was released stays, so that its epoch is not given out again. What is kept of streams has a row number of
# its own, because its documents are large; `first` is the position of its first event, by which lists are ordered.
_ENGINE = """
CREATE TABLE lease(
  name TEXT PRIMARY KEY, owner TEXT NOT NULL, epoch INTEGER NOT NULL, until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE timer(
  stream TEXT NOT NULL, name TEXT NOT NULL, due INTEGER NOT NULL, facts TEXT NOT NULL, PRIMARY KEY(stream, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_by_due ON timer(due, stream);
CREATE TABLE view(name TEXT PRIMARY KEY, version INTEGER NOT NULL, prefix TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE view_row(
  view TEXT NOT NULL, stream TEXT NOT NULL, number INTEGER NOT NULL, first INTEGER NOT NULL, is_open INTEGER NOT NULL,
  belongs TEXT NOT NULL, document TEXT NOT NULL, UNIQUE(view, stream)
) STRICT;
CREATE INDEX view_row_by_first ON view_row(view, first);
CREATE INDEX view_row_by_open ON view_row(view, is_open, first);
CREATE INDEX view_row_by_belongs ON view_row(view, belongs, first);
"""

# What is no event, and may be forgotten: bytes that came with events, and that things were seen again.
_BESIDE = """
CREATE TABLE attachment(name TEXT PRIMARY KEY, at INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
CREATE INDEX attachment_by_age ON attachment(at, name);
CREATE TABLE sighting(
  name TEXT PRIMARY KEY, at INTEGER NOT NULL, until INTEGER, count INTEGER NOT NULL, mark TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

# Step n brings a file of version n to version n + 1, in a transaction of its own. Steps are added, never changed.
MIGRATIONS = (_FIRST + NO_DELETE, _ENGINE, _BESIDE)
VERSION = len(MIGRATIONS)

# The log grows so long before it is put into the file: four times SQLite's own, because a storm of alerts writes to the
# same pages of indexes again and again, and each is put there once.
LOG_PAGES = 4000
HEAD = "SELECT ifnull(max(position), 0) FROM event"
COLUMNS = "stream, number, position, at, actor, kind, facts, previous_hash, hash"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
decode = msgspec.json.Decoder(dict[str, Any]).decode


def opened(path: str, busy_s: float) -> apsw.Connection:
    """A connection to the ledger in the file `path`, made or brought up to date if need be.

    Where the file is there and cannot be written to, the connection can only read. Raises Refusal for a file that is
    another program's or a newer Opsbook's, Failure where it cannot be opened.
    """
    try:
        _made(path)
        connection = apsw.Connection(path)
    except (OSError, apsw.Error) as wrong:
        if isinstance(wrong, OSError) and wrong.errno in (errno.EROFS, errno.EACCES) and os.path.exists(path):
            return _for_reading(path, busy_s)
        raise failure(path, wrong) from wrong
    try:
        connection.set_busy_handler(_patience(busy_s))
        _migrate(connection, path)
        _write_ahead(connection, busy_s)
        connection.pragma("synchronous", "FULL")  # what is acknowledged outlives a power cut
        connection.pragma("temp_store", "MEMORY")
        connection.pragma("secure_delete", "FAST")  # what is forgotten does not stay in the file
        connection.wal_autocheckpoint(LOG_PAGES)
    except apsw.Error as wrong:
        connection.close()
        raise failure(path, wrong) from wrong
    except BaseException:
        connection.close()
        raise
    return connection


def _made(path: str) -> None:
    """Makes the file where there is none; raises OSError where it cannot be written to.

    Made here and not by SQLite: it holds hashes of passwords, and the files beside it take its permissions. One that is
    there is not opened for it: to close any file of it takes from this process the locks of all of its connections, and
    then whoever looks into it last from elsewhere removes the log beside it, with what was recorded.
    """
    try:
        os.close(os.open(os.path.realpath(path), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path) from None


def _for_reading(path: str, busy_s: float) -> apsw.Connection:
    """A connection to a file that cannot be written to."""
    connection = _read_only(path, "mode=ro", busy_s)
    if connection is None and not os.path.exists(f"{path}-wal"):
        # On a read-only disk SQLite looks for files beside it that nobody can make, unless it is told that the file
        # does not change. Whoever writes to it by another way has them there, and then the first try went well.
        connection = _read_only(path, "immutable=1", busy_s)
    if connection is None:
        raise Failure(
            f"The ledger {path} cannot be read where it is now: what was written to it last lies in {path}-wal, and"
            " must be put into it first. Make the file and its folder writable, then try again.",
            retryable=True,
        )
    return connection


def as_it_lies(path: str, busy_s: float) -> apsw.Connection:
    """A connection to the ledger of any older version in the file `path`, by which nothing is made or left beside it;
    raises Refusal and Failure as `opened`."""
    # Whoever has it open has a log beside it; else SQLite would make one, and leave it there.
    how = "mode=ro" if os.path.exists(f"{path}-wal") else "immutable=1"
    connection = _read_only(path, how, busy_s, oldest=0)
    if connection is None:
        raise Failure(f"The ledger {path} cannot be read by this user. Make the file readable.", retryable=True)
    return connection


def _read_only(path: str, how: str, busy_s: float, oldest: int = VERSION) -> apsw.Connection | None:
    """None where SQLite wants to make files beside it."""
    try:
        connection = apsw.Connection(
            f"file:{quote(path)}?{how}", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
        connection.set_busy_handler(_patience(busy_s))
        version = _version(connection, path)
    except apsw.CantOpenError:
        return None
    except apsw.Error as wrong:
        raise failure(path, wrong) from wrong
    if version < oldest:
        raise Failure(
            f"The ledger {path} has version {version} and must be brought up to version {VERSION} first. That cannot be"
            " done here, where it can only be read. Make the file and its folder writable, then try again.",
            retryable=True,
        )
    return connection


def version_of(path: str) -> int:
    """The version of the ledger in a file that is there, which is left as it is; raises Refusal and Failure as
    `opened`."""
    try:
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
        try:
            with transaction(connection, "BEGIN"):
                return _version(connection, path)
        finally:
            connection.close()
    except apsw.Error as wrong:
        raise failure(path, wrong) from wrong


def _write_ahead(connection: apsw.Connection, busy_s: float) -> None:
    """Makes the journal a write-ahead log. For this SQLite asks no busy handler while others open the file too."""
    patience = _patience(busy_s)
    for tries in itertools.count():
        try:
            connection.pragma("journal_mode", "WAL")
            return
        except apsw.BusyError:
            if not patience(tries):
                raise


def _migrate(connection: apsw.Connection, path: str) -> None:
    with transaction(connection, "BEGIN"):
        version = _version(connection, path)
    for step in range(version, VERSION):
        with transaction(connection, "BEGIN IMMEDIATE"):
            if _version(connection, path) == step:  # another process may have taken this step meanwhile
                connection.execute(MIGRATIONS[step])
                connection.pragma("application_id", APPLICATION)
                connection.pragma("user_version", step + 1)


@contextmanager
def transaction(connection: apsw.Connection, begin: str) -> Iterator[None]:
    """A transaction that is committed at the end of the `with`, and rolled back where that raises."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back already
            connection.execute("ROLLBACK")
        raise


def _version(connection: apsw.Connection, path: str) -> int:
    """The version of the file, 0 for an empty one. Call within a transaction: another process may be making it."""
    owner, version = int(connection.pragma("application_id")), int(connection.pragma("user_version"))
    if owner != APPLICATION:
        if version or connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").get is not None:
            raise Refusal(f"{path} is another program's database, and is left alone. Name the ledger with --db.")
        return 0
    if version > VERSION:
        raise Refusal(
            f"The ledger {path} was written by a newer Opsbook: it has version {version}, and this one knows versions"
            f" up to {VERSION}. Use that Opsbook, or name another ledger with --db."
        )
    return version


def _patience(busy_s: float) -> Callable[[int], bool]:
    """How a connection waits for another that writes. SQLite's own way sleeps up to 100 ms at a time, in which one
    busy process starves the others; this asks again in less than a millisecond."""
    until = 0.0

    def is_worth_waiting(tries: int) -> bool:
        nonlocal until
        now = time.monotonic()
        if tries == 0:
            until = now + busy_s
        time.sleep(random.uniform(0.0002, 0.0008))
        return now < until

    return is_worth_waiting


def clock() -> int:
    """The time of this machine, which is the database's here: microseconds since 1970."""
    return time.time_ns() // 1000


def microseconds(at: datetime) -> int:
    """A time as it is kept: microseconds since 1970, which hold every datetime exactly."""
    return (at - _EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    """The time that was kept as so many microseconds."""
    return _EPOCH + timedelta(microseconds=at)


def listed(names: Sequence[str]) -> str:
    """Names as one value of a question, which reads them by json_each."""
    return canonical(list(names)).decode()


def event_of(row: tuple[Any, ...]) -> Event:
    """The event of a row of COLUMNS."""
    stream, number, position, at, actor, kind, facts, previous_hash, digest = row
    return Event(stream, number, position, moment(at), actor, kind, decode(facts), previous_hash, digest)


def failure(path: str, wrong: BaseException) -> Failure:
    """What an error of the database means, and how to mend it; all but damage may pass."""
    if isinstance(wrong, apsw.CorruptError | apsw.NotADBError):
        told = "it is not a SQLite file" if isinstance(wrong, apsw.NotADBError) else wrong
        return Failure(
            f"The ledger {path} is damaged: {told}. Move it away and restore a backup (opsbook db restore), or name"
            " another with --db."
        )
    if isinstance(wrong, apsw.FullError):
        why, mend = "the disk is full", "Free some space"
    elif isinstance(wrong, apsw.ReadOnlyError):
        why, mend = "it can only be read here", "Make the file and its folder writable"
    elif isinstance(wrong, apsw.BusyError | apsw.LockedError):
        why, mend = "another program keeps it locked", "Wait for that program, or end it"
    elif isinstance(wrong, OSError):
        why, mend = f"it cannot be opened: {wrong.strerror}", "Make the file and its folder writable"
    else:
        why, mend = f"the database says '{wrong}'", "See whether its disk is full or failing"
    text = f"The ledger {path} cannot be used now, and nothing was written: {why}. {mend}, then try again."
    return Failure(text, retryable=True)

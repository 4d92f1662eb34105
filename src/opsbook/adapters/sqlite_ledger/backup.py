"""A backup of a ledger: one SQLite file, whatever database the ledger is in. Is never half written under its name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

import apsw

from opsbook.adapters.sqlite_ledger import SqliteLedger, tables
from opsbook.ground.errors import Failure
from opsbook.ledger.view import View


class BackupFile:
    """The backup in the file `path`, which need not be there yet."""

    def __init__(self, path: str, views: Sequence[View] = ()) -> None:
        self.path = path
        self._views = views

    def exists(self) -> bool:
        """Whether there is a file of that name, or anything else."""
        return os.path.lexists(self.path)

    def size_bytes(self) -> int:
        """How large it is."""
        return os.stat(self.path).st_size

    @contextmanager
    def written(self) -> Iterator[SqliteLedger]:
        """An empty ledger in a file beside it, which takes its name when the `with` ends, synced; where that raises
        there is nothing new. What a kill leaves of the file beside it is overwritten by the next one."""
        beside = f"{self.path}.partial"
        _remove(beside)
        try:
            with closing(SqliteLedger(beside, views=self._views)) as ledger:
                yield ledger
            _settle(beside)
            os.replace(beside, self.path)
            _sync(os.path.dirname(os.path.abspath(self.path)))
        except OSError as wrong:
            raise Failure(f"The backup {self.path} cannot be written: {wrong.strerror}.", retryable=True) from wrong
        finally:
            _remove(beside)

    @contextmanager
    def opened(self, beside: str) -> Iterator[SqliteLedger]:
        """A copy of the backup in the file `beside`, brought up to date there, and gone at the end: the backup itself
        is only read. Raises Refusal or Failure where it is no ledger or cannot be read."""
        _remove(beside)
        try:
            self._copy(beside)
            with closing(SqliteLedger(beside, views=self._views)) as ledger:
                yield ledger
        finally:
            _remove(beside)

    def _copy(self, beside: str) -> None:
        try:
            with closing(apsw.Connection(self.path, flags=apsw.SQLITE_OPEN_READONLY)) as source:
                os.close(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
                with closing(apsw.Connection(beside)) as copy, copy.backup("main", source, "main") as backup:
                    backup.step(-1)
            if tables.version_of(beside) == 0:
                raise Failure(f"'{self.path}' is no backup: it is empty. Name another.")
        except apsw.NotADBError as wrong:
            raise Failure(f"'{self.path}' is no backup: it is not a SQLite file. Name another.") from wrong
        except (apsw.CorruptError, apsw.CantOpenError) as wrong:
            told = f"The backup '{self.path}' is damaged or cannot be read here: {wrong}. Take another."
            raise Failure(told) from wrong
        except (OSError, apsw.Error) as wrong:
            raise tables.failure(beside, wrong) from wrong


def _settle(path: str) -> None:
    """Makes one file of it, which needs none beside it, and syncs it."""
    try:
        with closing(apsw.Connection(path)) as connection:
            connection.pragma("journal_mode", "DELETE")
    except apsw.Error as wrong:
        raise tables.failure(path, wrong) from wrong
    _sync(path)


def _sync(path: str) -> None:
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _remove(path: str) -> None:
    for each in (path, f"{path}-wal", f"{path}-shm", f"{path}-journal"):
        with suppress(FileNotFoundError):
            os.unlink(each)

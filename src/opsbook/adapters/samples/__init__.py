"""Readings in a SQLite file of their own: raw for two days, by five minutes for ninety. Measurements, never the truth.

- **Any thread, several processes.** One writing and one reading connection, each under its lock; what is read stands
  still meanwhile (write-ahead log), and other processes are waited for.
- **Crashes.** A killed process loses nothing that was added. A power cut may lose the last seconds, and the file stays
  whole (`synchronous=NORMAL`).
- **Damage.** A file that is damaged, or is another program's, is set aside as `….damaged` beside itself, `told` says
  so, and a new one is begun, as one is where somebody took the file away. One of a newer Opsbook is refused and left
  alone.
- **No room, no right to write.** `add` raises a retryable Failure each time until it works again; reads go on.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

import apsw

from opsbook.adapters.samples import tables
from opsbook.ground.errors import Failure, Refusal
from opsbook.ledger.health import Reading
from opsbook.usecases.serving_ports import Bucket

__all__ = ["SampleFile"]

_T = TypeVar("_T")
BUSY_MS = 5_000
_CACHE_KIB = 2_048
_MOST_LOG_BYTES = 16 * 1024 * 1024

_DAMAGE = (
    apsw.CorruptError, apsw.NotADBError, apsw.SQLError, apsw.MismatchError, apsw.FormatError, UnicodeDecodeError,
    tables.Foreign,
)  # fmt: skip


class _Opened(NamedTuple):
    connection: apsw.Connection
    identity: tuple[int, int] | None


class SampleFile:
    """The samples in the file `path`, which is made when the first reading is added; `told` hears of damage."""

    def __init__(self, path: str | os.PathLike[str], told: Callable[[str], None] = lambda _words: None) -> None:
        self._path = os.fspath(path)
        self._told = told
        self._writing = threading.RLock()
        self._reading = threading.RLock()
        self._writer: _Opened | None = None
        self._reader: _Opened | None = None

    def add(self, readings: Sequence[Reading]) -> None:
        """Keeps readings. Raises Failure(retryable=True) when the file cannot take them now; then none is kept."""
        if readings:
            self._write(lambda connection: tables.insert(connection, readings))

    def last(self, probe: str, count: int) -> list[Reading]:
        """The readings of a probe that came in last, the newest first, of at most two days."""
        return self._read(lambda connection: tables.last(connection, probe, count), [])

    def buckets(self, probe: str, start: datetime, end: datetime, count: int) -> list[Bucket]:
        """What was read from `start` to before `end`, in `count` buckets of one length, the empty ones left out.

        The times are those of answers, whether good or not, and 0 where there was none. Behind two days a bucket is at
        least five minutes, and stands where these begin.
        """
        return self._read(lambda connection: tables.buckets(connection, probe, (start, end), count), [])

    def roll_up(self, now: datetime) -> None:
        """Rolls up what is older than two days, forgets what is older than ninety. Raises Failure as `add` does."""
        if self._writer is not None or os.path.exists(self._path):
            self._write(lambda connection: tables.roll_up(connection, now))

    def close(self) -> None:
        """Closes the file; using the samples again opens it again."""
        with self._writing, self._reading:
            for opened in (self._reader, self._writer):
                if opened is not None:
                    opened.connection.close()
            self._reader = self._writer = None

    def _write(self, work: Callable[[apsw.Connection], None]) -> None:
        for is_last in (False, True):  # once more where damage was found and set aside
            try:
                with self._writing:
                    self._writer = self._current(self._writer)
                    work(self._writer.connection)
                    return
            except tables.Newer as wrong:
                raise self._newer() from wrong
            except _DAMAGE as wrong:
                if is_last:
                    raise self._failure(wrong) from wrong
                self._set_aside(wrong)
            except (apsw.Error, OSError) as wrong:
                raise self._failure(wrong) from wrong

    def _read(self, work: Callable[[apsw.Connection], _T], nothing: _T) -> _T:
        """What is found; nothing of a file that is not there yet or turns out to be damaged."""
        try:
            with self._reading:
                if not os.path.exists(self._path):
                    return nothing
                self._reader = self._current(self._reader)
                return work(self._reader.connection)
        except tables.Newer as wrong:
            raise self._newer() from wrong
        except _DAMAGE as wrong:
            self._set_aside(wrong)
            return nothing
        except (apsw.Error, OSError) as wrong:
            raise self._failure(wrong) from wrong

    def _current(self, opened: _Opened | None) -> _Opened:
        """What is open, or opened anew where the file of that name is another by now: moved away, or set aside."""
        if opened is not None:
            if opened.identity == _identity(self._path):
                return opened
            opened.connection.close()
        return self._open()

    def _open(self) -> _Opened:
        """What is open, patiently: SQLite does not wait of itself where two turn a new file to write-ahead at once."""
        patience = time.monotonic() + BUSY_MS / 1000
        while True:
            try:
                return self._open_once()
            except apsw.BusyError:
                if time.monotonic() > patience:
                    raise
                time.sleep(0.005)

    def _open_once(self) -> _Opened:
        connection = apsw.Connection(self._path)
        try:
            connection.set_busy_timeout(BUSY_MS)
            tables.prepare(connection)
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "normal")
            connection.pragma("cache_size", -_CACHE_KIB)
            connection.pragma("journal_size_limit", _MOST_LOG_BYTES)
        except BaseException:
            connection.close()
            raise
        return _Opened(connection, _identity(self._path))

    def _set_aside(self, wrong: Exception) -> None:
        """Renames the file, unless another thread or process has done so and the one in its place is whole."""
        with self._writing, self._reading:
            self.close()
            try:
                self._open().connection.close()
                if _is_whole(self._path):
                    return
            except (*_DAMAGE, apsw.Error):
                pass
            aside = _free_name(f"{self._path}.damaged")
            try:
                os.replace(self._path, aside)
                for ending in ("-wal", "-shm"):  # of no use without the file, and a danger to the next
                    if os.path.exists(self._path + ending):
                        os.replace(self._path + ending, aside + ending)
            except OSError as trouble:
                raise self._failure(trouble) from trouble
        what = "is another program's" if isinstance(wrong, tables.Foreign) else f"was damaged ({wrong})"
        self._told(
            f"The file of probe samples {self._path} {what}. It is set aside as {aside}, and a new one is begun:"
            " the charts begin anew."
        )

    def _failure(self, wrong: Exception) -> Failure:
        return Failure(
            f"The probe samples cannot be kept in {self._path}: {wrong}. Look at the free space and the rights of its"
            " folder.",
            retryable=True,
        )

    def _newer(self) -> Refusal:
        return Refusal(
            f"{self._path} was written by a newer Opsbook, and this one might spoil it. Start the newer one, or move"
            " the file away; it holds nothing but measurements."
        )


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _is_whole(path: str) -> bool:
    connection = apsw.Connection(path)
    try:
        return bool(connection.pragma("quick_check(1)") == "ok")
    finally:
        connection.close()


def _free_name(path: str) -> str:
    number = 1
    name = path
    while os.path.exists(name):
        number += 1
        name = f"{path}-{number}"
    return name

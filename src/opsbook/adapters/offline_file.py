"""The file in which incidents are recorded while the ledger is away: who may use it now, and putting it away.

Whoever records holds it together with others, whoever brings holds it alone: so nothing is recorded into a file that
was put away. The kernel frees both when the program ends, however it ends. Knows no ledger.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from opsbook.ground.errors import Failure, Refusal

_PAUSE_S = 0.05
_BESIDE = ("", "-wal", "-shm")


class OfflineFile:
    """The file at `path`, which need not be there."""

    def __init__(self, path: str) -> None:
        self.path = path

    def exists(self) -> bool:
        """Whether something was recorded in it that was not put away."""
        return os.path.exists(self.path)

    @contextmanager
    def shared(self, within_s: float = 10.0) -> Iterator[None]:
        """Held together with others who record."""
        with self._held(fcntl.LOCK_SH, within_s):
            yield

    @contextmanager
    def alone(self, within_s: float = 10.0) -> Iterator[None]:
        """Held by nobody else; raises Refusal where others still hold it after that time."""
        with self._held(fcntl.LOCK_EX, within_s):
            yield

    def put_away(self, at: datetime) -> str:
        """Gives the file, all of which is in the ledger, the name of an old one, and returns that."""
        folder = os.path.join(os.path.dirname(self.path), "brought")
        name = os.path.join(folder, f"offline-{at:%Y%m%d-%H%M%S}-{at.microsecond:06}.db")
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            for ending in reversed(_BESIDE):  # the file itself last: while it is there, it is brought again
                if os.path.exists(self.path + ending):
                    os.rename(self.path + ending, name + ending)
        except OSError as wrong:
            raise Failure(f"{self.path} was brought, and cannot be put away: {wrong.strerror}.") from wrong
        return name

    def forget(self) -> None:
        """Takes the file away, in which nothing was recorded."""
        for ending in _BESIDE[::-1]:
            with suppress(FileNotFoundError):
                os.unlink(self.path + ending)

    @property
    def last_number(self) -> int:
        """The highest number of an incident that was seen in the ledger from here; 0 where none was."""
        try:
            with open(self._numbers, encoding="ascii") as file:
                return int(file.read(20))
        except (OSError, ValueError):
            return 0

    def saw_number(self, number: int) -> None:
        """Keeps the highest number that the ledger has; not being able to costs a renumbering and nothing else."""
        if number <= self.last_number:
            return
        with suppress(OSError):
            beside = f"{self._numbers}.{os.getpid()}"
            with open(beside, "w", encoding="ascii") as file:
                file.write(f"{number}\n")
            os.replace(beside, self._numbers)

    @property
    def _numbers(self) -> str:
        return os.path.join(os.path.dirname(self.path), "last-incident")

    @contextmanager
    def _held(self, how: int, within_s: float) -> Iterator[None]:
        lock = f"{self.path}-lock"
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as wrong:
            raise Failure(f"The lock {lock} cannot be made: {wrong.strerror}. Make its folder writable.") from wrong
        try:
            self._take(file, how, within_s)
            yield
        finally:
            os.close(file)

    def _take(self, file: int, how: int, within_s: float) -> None:
        until = time.monotonic() + within_s
        while True:
            try:
                fcntl.flock(file, how | fcntl.LOCK_NB)
                return
            except OSError as wrong:
                if time.monotonic() >= until:
                    raise Refusal(f"Another 'opsbook incident' works with {self.path}. Let it end first.") from wrong
            time.sleep(_PAUSE_S)

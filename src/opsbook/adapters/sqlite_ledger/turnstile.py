"""Lets the processes that write to one file begin in turns: SQLite itself gives its lock to whoever asks at the right
moment, and one that writes all the time would leave the others next to none. Guards nothing: SQLite's lock does that.

Whoever wants to begin takes a lock on a file beside the ledger until it has SQLite's. One that has just committed finds
it taken by the one that waited meanwhile, and comes after it.
"""

from __future__ import annotations

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SOON_S = 0.0003  # how long until it is asked again: a commit takes some milliseconds


class Turnstile:
    """That of the ledger in the file `path`."""

    def __init__(self, path: str, patience_s: float) -> None:
        self._path = f"{path}-turn"
        self._patience_s = patience_s
        self._file = -1

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Holds the turn as long as the `with` lasts. Where it cannot be had in time, or there can be no such file, it
        goes on without."""
        has_it = self._taken()
        try:
            yield
        finally:
            if has_it:
                with suppress(OSError):
                    fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Closes the file, which stays: another process may have it open."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _taken(self) -> bool:
        until = 0.0
        while True:
            try:
                if self._file < 0:
                    self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                now = time.monotonic()
                until = until or now + self._patience_s
                if now > until:
                    return False
                time.sleep(random.uniform(SOON_S / 2, SOON_S))
            except OSError:
                return False

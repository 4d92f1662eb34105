"""What steps printed, redacted already: one file for each attempt below a folder, kept by age and size."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from opsbook.ground.errors import Failure

MOST_BYTES = 64 << 20  # of one attempt; what is printed beyond it is dropped, and told of as truncated


class OutputFiles:
    """The outputs below `folder`: forgotten after `keep`, and the oldest where all are more than `most_bytes`."""

    def __init__(self, folder: str, keep: timedelta, most_bytes: int) -> None:
        self._folder = folder
        self._keep = keep
        self._most_bytes = most_bytes
        self._open: dict[str, int] = {}
        self._turn = threading.Lock()

    def append(self, key: str, offset: int, part: bytes) -> None:
        """Keeps a part at its place; what is there already stays. Raises Failure where it cannot be written."""
        try:
            with self._turn:
                size = os.fstat(descriptor).st_size if (descriptor := self._writable(key)) >= 0 else 0
                kept = part[max(size - offset, 0) : max(MOST_BYTES - offset, 0)]
                at = max(size, offset)
                while kept:
                    written = os.pwrite(descriptor, kept, at)
                    kept, at = kept[written:], at + written
        except OSError as wrong:
            raise Failure(f"The output of {key} cannot be kept: {wrong.strerror}.", retryable=True) from wrong

    def read(self, key: str, offset: int, limit: int) -> bytes:
        """A part of the output; empty behind its end, or where it is not kept any more."""
        try:
            with open(self._path(key), "rb") as file:
                file.seek(offset)
                return file.read(limit)
        except FileNotFoundError:
            return b""
        except OSError as wrong:
            raise Failure(f"The output of {key} cannot be read: {wrong.strerror}.", retryable=True) from wrong

    def size(self, key: str) -> int:
        """How many bytes are there."""
        try:
            return os.stat(self._path(key)).st_size
        except OSError:
            return 0

    def sweep(self, now: datetime) -> int:
        """Forgets the outputs of runs that are too old, then those of the oldest where all are too much."""
        runs = sorted(self._runs())
        total, forgotten = sum(size for _, size, _, _ in runs), 0
        for at, size, count, path in runs:
            if now - datetime.fromtimestamp(at, UTC) > self._keep or total > self._most_bytes:
                with suppress(OSError):
                    shutil.rmtree(path)
                    total, forgotten = total - size, forgotten + count
        return forgotten

    def close(self) -> None:
        """Lets go of the files."""
        with self._turn:
            for descriptor in self._open.values():
                os.close(descriptor)
            self._open.clear()

    def _runs(self) -> Iterator[tuple[float, int, int, str]]:
        """Each run's folder: when it was last written to, how much and how many outputs are in it."""
        with suppress(FileNotFoundError):
            for entry in os.scandir(self._folder):
                stats = [os.stat(each.path) for each in os.scandir(entry.path)] if entry.is_dir() else []
                if stats:
                    yield max(s.st_mtime for s in stats), sum(s.st_size for s in stats), len(stats), entry.path

    def _writable(self, key: str) -> int:
        if key not in self._open:
            if len(self._open) >= 64:
                os.close(self._open.pop(next(iter(self._open))))
            path = self._path(key)
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            self._open[key] = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        return self._open[key]

    def _path(self, key: str) -> str:
        """`RUN/STEP.K@TARGET` as a file in the folder of its run; no key leads out of it."""
        run, _, attempt = key.partition("/")
        return os.path.join(self._folder, _named(run), f"{_named(attempt)}.out")


def _named(part: str) -> str:
    return quote(part, safe="@+=,").replace("..", "%2E%2E") or "%"

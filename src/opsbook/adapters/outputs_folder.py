"""What steps printed, in the folder where the shims of this machine keep it too: `RUN/STEP.K/out`, one file a key.

What a shim of this machine has written is there before it is told, so keeping it again costs nothing. Only outputs and
scripts are ever removed: claims are what keep a key from being started twice.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import datetime, timedelta

from opsbook.ground.errors import Failure, Usage

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@+-]*\Z")


class OutputsFolder:
    """Outputs below a folder: each up to `cap_bytes`, all for `keep` and up to `total_bytes`."""

    def __init__(self, folder: str, *, cap_bytes: int, keep: timedelta, total_bytes: int) -> None:
        self._folder = folder
        self._cap_bytes = cap_bytes
        self._keep = keep
        self._total_bytes = total_bytes

    def append(self, key: str, offset: int, part: bytes) -> None:
        """Keeps a part at its place; what is there already stays, what is beyond the most is dropped. Raises Failure
        where the disk refuses."""
        path = self._path(key)
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                known = os.fstat(opened).st_size
                fresh = part[max(0, known - offset) :][: max(0, self._cap_bytes - max(known, offset))]
                at = max(known, offset)
                while fresh:
                    written = os.pwrite(opened, fresh, at)
                    fresh, at = fresh[written:], at + written
            finally:
                os.close(opened)
        except OSError as wrong:
            raise Failure(f"The output of {key} cannot be kept in {path}: {wrong.strerror}.", retryable=True) from wrong

    def read(self, key: str, offset: int, limit: int) -> bytes:
        """The output from a place on; empty where nothing is kept."""
        try:
            with open(self._path(key), "rb") as file:
                file.seek(offset)
                return file.read(limit)
        except (FileNotFoundError, NotADirectoryError):
            return b""
        except OSError as wrong:
            raise Failure(f"The output of {key} cannot be read: {wrong.strerror}.") from wrong

    def size(self, key: str) -> int:
        """How many bytes are kept."""
        try:
            return os.stat(self._path(key)).st_size
        except OSError:
            return 0

    def close(self) -> None:
        """Nothing is held open between two calls."""

    def sweep(self, now: datetime) -> int:
        """Forgets what is too old, then the oldest of what is too much. What still grows is among the newest."""
        kept = sorted(self._all())
        eldest = (now - self._keep).timestamp()
        total = sum(size for _, size, _ in kept)
        forgotten = 0
        for changed, size, path in kept:
            if changed >= eldest and total <= self._total_bytes:
                break
            if self._is_open(path):
                continue
            with suppress(FileNotFoundError):
                os.unlink(path)
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(os.path.dirname(path), "cmd"))
            total -= size
            forgotten += 1
        return forgotten

    def _is_open(self, path: str) -> bool:
        """True of a command of this machine that has not ended: it has a claim, and no end."""
        folder = os.path.dirname(path)
        has_begun = os.path.exists(os.path.join(folder, "pid"))
        return has_begun and not os.path.exists(os.path.join(folder, "exit"))

    def _all(self) -> list[tuple[float, int, str]]:
        """When each was written last, its size, its path."""
        found = []
        for folder, _, names in os.walk(self._folder):
            if "out" in names:
                path = os.path.join(folder, "out")
                with suppress(FileNotFoundError):
                    seen = os.stat(path)
                    found.append((seen.st_mtime, seen.st_size, path))
        return found

    def _path(self, key: str) -> str:
        run, _, step = key.partition("/")
        if not _PART.match(run) or not _PART.match(step):
            raise Usage(f"{key!r} is no key of an output.")
        return os.path.join(self._folder, run, step, "out")

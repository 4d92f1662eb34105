"""Tells soon after something changed in some folders and then was quiet. Looks at names and times only."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

from watchfiles import Change, watch

_QUIET_MS = 60
_LONGEST_MS = 400  # a folder that never rests is told of all the same
_POLL_S = 1.0
# What databases and editors write beside pages, often and about nothing that a book shows.
_PASSED_OVER = (".db", "-wal", "-shm", "-journal", ".part", "~", ".swp", ".swx")
_FIRST_MS = 400


class FolderWatch:
    """Watches folders, each without those within it; where the system cannot, it tells every second."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._folders: tuple[tuple[str, int], ...] = ()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.is_polling = False

    def follow(self, folders: Sequence[str]) -> None:
        """Watches these folders from now on; tells once where they are others than before, since something may have
        changed in between."""
        wanted = tuple((folder, _number(folder)) for folder in folders)
        if wanted == self._folders and self._thread is not None and self._thread.is_alive():
            return
        self._stop.set()
        self._stop = threading.Event()
        self._folders = wanted
        self._thread = threading.Thread(target=self._run, args=(folders, self._stop), name="watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the watch."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2)

    def _run(self, folders: Sequence[str], stop: threading.Event) -> None:
        self.is_polling = False
        try:
            changes = watch(
                *folders, watch_filter=_matters, step=_QUIET_MS, debounce=_LONGEST_MS, stop_event=stop, recursive=False,
                raise_interrupt=False, ignore_permission_denied=True, rust_timeout=_FIRST_MS, yield_on_timeout=True,
                debug=False,
            )  # fmt: skip
            is_first = True
            for change in changes:
                if change or is_first or self._is_elsewhere():
                    self._tell()
                is_first = False
        except (OSError, RuntimeError):  # a folder went, or the system has no watch left to give
            self.is_polling = True
        while self.is_polling and not stop.wait(_POLL_S):
            self._tell()

    def _is_elsewhere(self) -> bool:
        """Whether the first folder is another than when it began to be watched: what moves with the folders above it is
        told of by nobody."""
        return any(_number(folder) != number for folder, number in self._folders[:1])


def _matters(_change: Change, path: str) -> bool:
    return not path.endswith(_PASSED_OVER)


def _number(folder: str) -> int:
    """Tells a folder from another that took its place, of which no watch would tell."""
    try:
        return os.stat(folder).st_ino
    except OSError:
        return 0

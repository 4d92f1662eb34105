"""The output of attempts on its way from the threads that run them to the one that shows it. Shows nothing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

_MOST_WAITING = 1000  # parts of output that wait to be shown; a program that prints faster waits for the terminal


class Heard:
    """Takes each byte of an output once, also where an attempt is found again and tells from its beginning."""

    def __init__(self) -> None:
        self._parts: queue.Queue[tuple[str, bytes]] = queue.Queue(_MOST_WAITING)
        self._sizes: dict[str, int] = {}
        self._lock = threading.Lock()

    def tell(self, _step: str, key: str, offset: int, part: bytes) -> None:
        """Takes a part, as the engine tells it."""
        with self._lock:
            size = self._sizes.get(key, 0)
            fresh = part[max(size - offset, 0) :]
            self._sizes[key] = max(size, offset + len(part))
        if fresh:
            self._parts.put((key, fresh))

    def drained(self, wait_s: float = 0.0) -> Iterator[tuple[str, bytes]]:
        """All that waits there now; where nothing does, the first that comes within `wait_s`."""
        try:
            yield self._parts.get(timeout=wait_s) if wait_s else self._parts.get_nowait()
            while True:
                yield self._parts.get_nowait()
        except queue.Empty:
            return

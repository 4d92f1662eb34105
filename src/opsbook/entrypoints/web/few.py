"""How often one address may do something that costs others, such as having a message sent: a few times in a while."""

from __future__ import annotations

from collections import OrderedDict, deque
from threading import Lock

MOST_KNOWN = 10_000  # addresses that are remembered; the one heard of longest ago is forgotten first


class Few:
    """Counts by a key; `most` times within `window_s`."""

    def __init__(self, most: int, window_s: float) -> None:
        self._most = most
        self._window_s = window_s
        self._done: OrderedDict[str, deque[float]] = OrderedDict()
        self._turn = Lock()

    def wait_s(self, key: str, now: float) -> int:
        """Counts one more, and gives 0; or in how many seconds it may be tried again, and counts nothing."""
        with self._turn:
            times = self._done.setdefault(key, deque())
            self._done.move_to_end(key)
            while len(self._done) > MOST_KNOWN:
                self._done.popitem(last=False)
            while times and times[0] <= now - self._window_s:
                times.popleft()
            if len(times) >= self._most:
                return max(round(times[0] + self._window_s - now), 1)
            times.append(now)
            return 0

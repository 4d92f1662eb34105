"""Counts requests by route and status, and how long they took: plain numbers, which /metrics turns into its text."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

# Seconds. From a kept page to a page that had to be read from a slow disk.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Meter:
    """The counts of one server since it started. Only the loop's thread counts; reading is harmless anywhere."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, int], int] = defaultdict(int)
        self.buckets: dict[str, list[int]] = {}
        self.seconds: dict[str, float] = defaultdict(float)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one answer. `route` is the template of its address, never the address, so that labels stay few."""
        self.requests[method, route, status] += 1
        buckets = self.buckets.setdefault(route, [0] * (len(BUCKETS) + 1))
        buckets[bisect_left(BUCKETS, seconds)] += 1
        self.seconds[route] += seconds

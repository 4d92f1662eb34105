"""How many readings of components were as expected, day by day. Knows no incident: it says what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from opsbook.usecases.public_status import SHOWN_DAYS, UptimeDay
from opsbook.usecases.serving_ports import Samples


class Uptimes:
    """The days of components. Those that are over are read once; today anew every few minutes."""

    def __init__(self, samples: Samples, *, fresh: timedelta = timedelta(minutes=2)) -> None:
        self._samples = samples
        self._fresh = fresh
        self._kept: dict[tuple[str, ...], tuple[datetime, tuple[UptimeDay, ...]]] = {}

    def of(self, probes: Sequence[str], at: datetime) -> tuple[UptimeDay, ...]:
        """The last days until the day of `at`, in UTC, the oldest first; empty where there are no probes."""
        if not probes:
            return ()
        key = tuple(sorted(probes))
        known = self._kept.get(key)
        if known is not None and known[0].date() == at.date() and timedelta() <= at - known[0] < self._fresh:
            return known[1]
        made = self._read(key, at)
        self._kept[key] = at, made
        return made

    def forget_others(self, wanted: Mapping[str, Sequence[str]]) -> None:
        """Forgets what was kept of other components than these."""
        keys = {tuple(sorted(each)) for each in wanted.values()}
        self._kept = {key: each for key, each in self._kept.items() if key in keys}

    def _read(self, probes: Sequence[str], at: datetime) -> tuple[UptimeDay, ...]:
        today = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        start, end = today - timedelta(days=SHOWN_DAYS - 1), today + timedelta(days=1)
        counts: dict[date, list[int]] = {(start + timedelta(days=n)).date(): [0, 0] for n in range(SHOWN_DAYS)}
        for probe in probes:
            for bucket in self._samples.buckets(probe, start, end, SHOWN_DAYS):
                day = counts.get(bucket.start.astimezone(UTC).date())
                if day is not None:
                    day[0] += bucket.ok
                    day[1] += bucket.failed
        return tuple(UptimeDay(day, ok, failed) for day, (ok, failed) in counts.items())

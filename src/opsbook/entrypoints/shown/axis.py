"""What drawings over time share: round times along the bottom, round values at the side, and lengths in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

LABEL = 'font-size="13" fill="currentColor" class="chart-label"'
_STEPS_S = (60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000)


def time_marks(start: datetime, end: datetime, *, most: int = 5) -> Iterator[tuple[datetime, str]]:
    """Round hours (or minutes, or days) from `start` to `end` with their words, about `most` of them."""
    seconds = max((end - start).total_seconds(), 1.0)
    step_s = next((step for step in _STEPS_S if seconds / step <= most), _STEPS_S[-1])
    at = datetime.fromtimestamp(math.ceil(start.timestamp() / step_s) * step_s, tz=start.tzinfo)
    while at <= end:
        yield at, at.strftime("%d %b" if step_s >= 86_400 else "%H:%M")
        at += timedelta(seconds=step_s)


def times(
    start: datetime, end: datetime, x: Callable[[datetime], float], *, y: float, within: tuple[float, float],
    most: int = 5, label: str = LABEL,
) -> list[str]:  # fmt: skip
    """The times as text at height `y`, those whose middle is `within`; the first says that they are in UTC."""
    parts: list[str] = []
    for at, words in time_marks(start, end, most=most):
        if within[0] <= x(at) <= within[1]:
            text = words if parts else f"{words} UTC"
            parts.append(f'<text x="{x(at)}" y="{y:g}" text-anchor="middle" {label}>{text}</text>')
    return parts


def round_top(value: float) -> float:
    """A round number above a value: 1, 2 or 5 of a power of ten; 10 where there is none."""
    if not math.isfinite(value) or value <= 0:
        return 10.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def strokes(runs: list[list[tuple[float, float]]]) -> list[list[tuple[float, float]]]:
    """Runs of points to be drawn as lines: one point alone becomes a short stroke, which is seen."""
    return [run if len(run) > 1 else [(run[0][0] - 2, run[0][1]), (run[0][0] + 2, run[0][1])] for run in runs]


def path(run: list[tuple[float, float]]) -> str:
    """A run of points as a path."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in run)


def length_words(length: timedelta) -> str:
    """A length in words, as it stands behind "the last": `hour`, `6 hours`, `7 days`."""
    seconds = length.total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        count = round(seconds / size)
        if seconds >= size * (2 if unit == "day" else 1):
            return f"{count} {unit}s" if count != 1 else unit
    return f"{round(seconds)} seconds"

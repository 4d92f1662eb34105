"""Values of a graph for people: `230 ms`, `1.5 GiB`, `3 %`, `12/s`; and the few round ones at the side of a graph."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from opsbook.book.measures import Kind

HUGE = 1e300  # what is beyond is as good as infinite, and sums of it would be
_S = ((1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "d"))
_BYTES = tuple((float(1024**n), f"{unit}B") for n, unit in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi")))
_THOUSANDS = ((1e-6, "µ"), (1e-3, "m"), (1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"))


class Unit(NamedTuple):
    """A unit that values are told in: how much one is, and its words."""

    size: float
    words: str


class Side(NamedTuple):
    """The side of a graph: its least and greatest value, and the round ones with their words."""

    low: float
    high: float
    marks: tuple[tuple[float, str], ...]


def value_words(value: float, kind: Kind, words: str = "") -> str:
    """A value in three digits, in the unit that suits it."""
    if math.isnan(value):
        return "no number"
    if abs(value) > HUGE:
        return "−∞" if value < 0 else "∞"
    unit = _unit(abs(value), kind)
    number = value / unit.size
    shown = f"{number:.0f}" if 100 <= abs(number) < 1e6 else f"{number:.3g}"
    if math.fabs(float(shown)) == 0:
        shown = "0"
    more = f"{'' if words.startswith('/') else ' '}{words}" if words and kind == "number" else ""
    return f"{shown.replace('-', '−')}{unit.words}{more}"


def side(values: Iterable[float], kind: Kind, *, most: int = 4) -> Side:
    """The side for finite values: round, from nothing where that does not press the lines together, `most` steps high
    at most."""
    kept = [value for value in values if abs(value) <= HUGE]
    low, high = min(kept, default=0.0), max(kept, default=0.0)
    if low >= 0 and low <= high * 0.75:
        low = 0.0
    if high - low <= abs(high) * 1e-9:  # a flat line stands in the middle, with nothing in sight where it may
        low, high = (0.0, 1.0) if high == 0 else (min(0.0, high * 2), max(0.0, high * 2))
    unit = _unit(max(abs(low), abs(high)), kind)
    step = _step((high - low) / unit.size / most, is_time=unit.words in (" min", " h"))
    first, last = math.floor(low / unit.size / step + 1e-9), math.ceil(high / unit.size / step - 1e-9)
    last = max(last, first + 1)
    values = [number * step * unit.size for number in range(first, last + 1)]
    told = _unit(max(abs(values[0]), abs(values[-1])), kind)  # 1 s, where all below it are ms
    marks = tuple((value, _mark(value / told.size, told)) for value in values)
    return Side(marks[0][0], marks[-1][0], marks)


def _mark(number: float, unit: Unit) -> str:
    if number == 0:
        return "0"
    return f"{number:.10g}{unit.words}".replace("-", "−")


def _step(least: float, *, is_time: bool) -> float:
    """A round step of `least` at least."""
    if is_time and least <= 30:
        return next(step for step in (0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0) if step >= least)
    if least <= 0 or not math.isfinite(least):
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next((step * power for step in (1.0, 2.0, 2.5, 5.0) if step * power >= least * (1 - 1e-9)), 10.0 * power)


def _unit(most: float, kind: Kind) -> Unit:
    """The unit in which the greatest value is a number that people read."""
    if kind == "ratio":
        return Unit(0.01, " %")
    if kind == "s":
        # Two minutes are still 120 s, and two hours 120 min.
        fit = [(size, words) for size, words in _S if most >= (size if size <= 1 else size * 2)]
        size, words = fit[-1] if fit else (_S[0] if most else (1.0, "s"))
        return Unit(size, f" {words}")
    steps = _BYTES if kind in ("bytes", "bytes/s") else _THOUSANDS
    fit = [(size, words) for size, words in steps if most >= size]
    size, words = fit[-1] if fit else (1.0, steps[0][1] if kind in ("bytes", "bytes/s") else "")
    if kind in ("number", "/s") and size < 1:  # 0.02 is read more easily than 20 m
        size, words = (1.0, "")
    per = "/s" if kind in ("bytes/s", "/s") else ""
    space = " " if words and kind in ("bytes", "bytes/s") else ""
    return Unit(size, f"{space}{words}{per}")

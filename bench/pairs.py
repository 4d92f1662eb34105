"""Two commands in turns, as whole processes, and what they took. Knows no command.

A pair is a run of ours and at once one of the peer's, so that both meet the same machine; the figure is the median of
the pairs' own ratios, which a machine that grows slower meanwhile does not move. Nothing is pinned to a processor.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench.programs import environment
from bench.table import Absent, Broken, Row, verdict

PAIRS = 7
# A slow peer gets fewer pairs, but never fewer than three: otherwise one figure would take longer than all others.
BUDGET_S = 60.0
FEWEST = 3


class Side(NamedTuple):
    """A command in its folder; exit statuses other than 0 and 1 (findings) are no measurement."""

    name: str
    command: tuple[str, ...]
    folder: Path


class Run(NamedTuple):
    """What one whole process took: seconds on the clock, seconds of processors with those of its children, and the
    most memory of one of them."""

    wall_s: float
    cpu_s: float
    peak_bytes: int


class Compared(NamedTuple):
    """The runs of both sides, pair by pair."""

    peer: str
    ours: tuple[Run, ...]
    peers: tuple[Run, ...]

    @property
    def ratios(self) -> list[float]:
        """Ours as a share of the peer's, pair by pair."""
        return [mine.wall_s / other.wall_s for mine, other in zip(self.ours, self.peers, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)

    def row(self, what: str, at_most: float | None = None) -> Row:
        """The comparison in words, against the most that ours may be of the peer's."""
        return Row(
            what,
            took(self.ours),
            f"{self.peer} {took(self.peers)}",
            f"{self.ratio:.3g}× ({min(self.ratios):.3g}–{max(self.ratios):.3g}, {len(self.ratios)} pairs)",
            "" if at_most is None else f"≤ {at_most}×",
            "" if at_most is None else verdict(self.ratio <= at_most),
        )


def took(runs: tuple[Run, ...]) -> str:
    """The median time on the clock, in words."""
    median_s = statistics.median(run.wall_s for run in runs)
    return f"{median_s * 1000:.0f} ms" if median_s < 1 else f"{median_s:.2f} s"


def output(side: Side) -> str:
    """What a command says on both streams, which also warms the machine for it. Raises when it does not work."""
    done = subprocess.run(
        side.command, cwd=side.folder, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=600
    )
    said = done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")
    _check(side, done.returncode, said)
    # Python ends with 1, as findings do, where it cannot even start a program.
    if "Traceback (most recent call last)" in said or "No module named" in said:
        _check(side, -1, said)
    return said


def run(side: Side) -> Run:
    """One run with its output thrown away. Raises when it does not work."""
    started = time.perf_counter()
    running = subprocess.Popen(
        side.command, cwd=side.folder, env=environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(running.pid, 0)
    wall_s = time.perf_counter() - started
    running.returncode = os.waitstatus_to_exitcode(status)
    _check(side, running.returncode, "")
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def _check(side: Side, status: int, said: str) -> None:
    if status not in (0, 1):
        raise Broken(f"{side.name} exits with {status}: {' '.join(said.split())[-200:]}")


def compare(ours: Side, peer: Side, pairs: int = PAIRS) -> Compared:
    """Both in turns, after one run of each that is not counted; fewer pairs where they take too long."""
    pairs = int(os.environ.get("BENCH_PAIRS", pairs))
    run(ours), run(peer)
    began = time.perf_counter()
    mine: list[Run] = []
    others: list[Run] = []
    while len(mine) < pairs:
        mine.append(run(ours))
        others.append(run(peer))
        if len(mine) >= min(FEWEST, pairs) and time.perf_counter() - began > BUDGET_S:
            break
    return Compared(peer.name, tuple(mine), tuple(others))


def unless_absent(what: str, measure: Callable[[], list[Row]]) -> list[Row]:
    """The rows of a measurement, or one that says what this machine lacks for it."""
    try:
        return measure()
    except Absent as lacking:
        return [Row(what, "not measured", note=f"{lacking}.")]

"""The most memory that a process and its children hold at once, sampled from /proc. Changes nothing of theirs."""

from __future__ import annotations

import os
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from bench.pairs import Side
from bench.programs import environment
from bench.table import Absent, Broken

PROC = Path("/proc")
# A look costs under a millisecond for each process; memory is not timed, so it may look often.
EVERY_S = 0.004
_FIELDS = re.compile(r"^(Pss|Rss|VmHWM):\s+(\d+) kB", re.M)


class Peak(NamedTuple):
    """In bytes: `held` counts a page of memory that several processes share once (PSS), as sampled; `summed` adds up
    the high-water marks of all of them, so it counts shared pages often and is never too low; `largest` is that of the
    largest process alone (ru_maxrss)."""

    held: int
    summed: int
    largest: int
    processes: int


def peak(side: Side) -> Peak:
    """What one run holds at most. Raises Absent where there is no /proc, Broken when the command does not work."""
    if not (PROC / "self" / "smaps_rollup").exists():
        raise Absent("no /proc/self/smaps_rollup: memory is measured on Linux only")
    running = subprocess.Popen(
        side.command, cwd=side.folder, env=environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    held = 0
    highest: dict[int, int] = {}
    while True:
        ended, status, usage = os.wait4(running.pid, os.WNOHANG)
        if ended:
            break
        now = 0
        for process in _of_session(running.pid):
            looked = _look(process)
            now += looked.get("Pss", 0)
            highest[process] = max(highest.get(process, 0), looked.get("VmHWM", 0))
        held = max(held, now)
        time.sleep(EVERY_S)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode not in (0, 1):
        raise Broken(f"{side.name} exits with {running.returncode}")
    largest = usage.ru_maxrss * 1024
    return Peak(held, max(largest, sum(highest.values())), largest, len(highest))


def held_by(leader: int) -> int:
    """The memory in bytes that all processes of a session hold now, what several share counted once."""
    return sum(_look(process).get("Pss", 0) for process in _of_session(leader))


def _of_session(leader: int) -> list[int]:
    """The processes of a session, and those that they began in sessions of their own, such as what watches over a step:
    by the fourth and the sixth field of their stat; the second may hold spaces and brackets."""
    begun: dict[int, list[int]] = {}
    found: set[int] = set()
    for entry in os.scandir(PROC):
        if entry.name.isdigit():
            with suppress(OSError, IndexError):  # it ended meanwhile
                fields = (PROC / entry.name / "stat").read_text(errors="replace").rpartition(")")[2].split()
                begun.setdefault(int(fields[1]), []).append(int(entry.name))
                if fields[3] == str(leader):
                    found.add(int(entry.name))
    left = list(found)
    while left:
        below = [each for each in begun.get(left.pop(), ()) if each not in found]
        found.update(below)
        left += below
    return sorted(found)


def _look(process: int) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name in ("status", "smaps_rollup"):
        with suppress(OSError):  # it ended meanwhile
            for field, kibibytes in _FIELDS.findall((PROC / str(process) / name).read_text(errors="replace")):
                sizes[field] = int(kibibytes) * 1024
    return sizes

"""What runs on this machine, from /proc, and the end of a whole tree of it. Starts nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress

MARKER = "OPSBOOK_STEP"  # a variable of every step, by which what is left of it is found again
_TICK_S = 0.02
_KILLING_S = 10.0  # for so long KILL is repeated; what is there then cannot be ended


class Seen:
    """One entry of /proc: state, parent, session and time of start (in ticks since the machine was booted)."""

    __slots__ = ("name", "parent", "pid", "session", "since", "state")

    def __init__(self, pid: int, text: bytes) -> None:
        # The name stands in brackets and may hold anything, brackets too.
        name, _, rest = text.partition(b"(")[2].rpartition(b")")
        fields = rest.split()
        self.pid = pid
        self.name = name.decode("utf-8", "replace")
        self.state = fields[0].decode("ascii")
        self.parent = int(fields[1])
        self.session = int(fields[3])
        self.since = int(fields[19])

    @property
    def is_alive(self) -> bool:
        """A zombie is not alive: it only waits for its parent to look."""
        return self.state not in ("Z", "X", "x")

    def __str__(self) -> str:
        return f"{self.pid} {self.name}"


def see(pid: int) -> Seen | None:
    """What runs under a number now, None where nothing does."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return Seen(pid, file.read())
    except (OSError, IndexError):
        return None


def see_all() -> list[Seen]:
    """Everything that runs here."""
    found = (see(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [each for each in found if each is not None]


def boot_id() -> str:
    """What is different after each start of the machine."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def descendants(root: int) -> list[Seen]:
    """What lives below a number, itself left out. Below a subreaper that is all it ever started."""
    everything = see_all()
    below = {root}
    found: dict[int, Seen] = {}
    size = -1
    while len(found) != size:
        size = len(found)
        for each in everything:
            if each.parent in below and each.pid not in found:
                found[each.pid] = each
                below.add(each.pid)
    return [each for each in found.values() if each.is_alive]


def marked(key: str) -> list[Seen]:
    """What lives and bears the marker of a step, wherever it hangs: for when nobody watches over it any more."""
    wanted = f"{MARKER}={key}".encode("utf-8", "surrogateescape")
    found = []
    for each in see_all():
        try:
            with open(f"/proc/{each.pid}/environ", "rb") as file:
                is_ours = wanted in file.read().split(b"\0")
        except OSError:
            continue
        if is_ours and each.is_alive and each.pid != os.getpid():
            found.append(each)
    return found


class Ending:
    """The end of a tree, a step at a time: TERM to each once, after the grace KILL, repeated until nothing is left.
    `find` says what still lives of it."""

    def __init__(self, find, grace_s: float) -> None:  # type: ignore[no-untyped-def]
        self._find = find
        self._kill_from = time.monotonic() + grace_s
        self._give_up = self._kill_from + _KILLING_S
        self._told: set[tuple[int, int]] = set()
        self.left: list[Seen] = []

    def go_on(self) -> bool:
        """Does what is due; True when it is over: `left` is empty, or what cannot be ended."""
        self.left = self._find()
        now = time.monotonic()
        if not self.left or now > self._give_up:
            return True
        is_last = now >= self._kill_from
        for each in self.left:
            mark = (each.pid, each.since)
            if is_last:
                _signal(each, signal.SIGKILL)
            elif mark not in self._told:
                self._told.add(mark)
                _signal(each, signal.SIGTERM)
                _signal(each, signal.SIGCONT)  # what is stopped would never hear of it
        return False

    def finish(self) -> list[Seen]:
        """Waits until it is over."""
        while not self.go_on():
            time.sleep(_TICK_S)
        return self.left


def _signal(each: Seen, number: int) -> None:
    now = see(each.pid)
    if now is None or now.since != each.since:
        return  # the number is somebody else's by now
    try:
        os.kill(each.pid, number)
    except PermissionError:
        # Another user's, begun by sudo: so it is ended by sudo.
        command = ["sudo", "-n", "--", "kill", f"-{int(number)}", str(each.pid)]
        with suppress(OSError):
            subprocess.call(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        pass

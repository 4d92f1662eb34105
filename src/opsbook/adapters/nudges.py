"""A nudge from one process to another that has been forked from the same: a byte through a pipe. Says nothing but that
there is something to do; whoever waits looks for itself what, and would find it without a nudge too, only later."""

from __future__ import annotations

import os
import select
from contextlib import suppress

MANY = 65_536  # bytes: as much as a pipe holds


class Nudge:
    """Made before the fork. Any process and thread may notify, one thread of one process waits."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def notify(self) -> None:
        """Wakes whoever waits, or spares it its next wait. Never blocks and never raises: where the pipe is full it is
        awake soon anyway, and where nobody has the other end there is nobody to wake."""
        with suppress(OSError):
            os.write(self._write, b"!")

    def wait(self, timeout_s: float) -> bool:
        """Waits until somebody notifies; at once where somebody has since the last wait. False when the time is over
        first."""
        ready = select.poll()
        ready.register(self._read, select.POLLIN)
        if not ready.poll(max(timeout_s, 0.0) * 1000):
            return False
        with suppress(OSError):
            while len(os.read(self._read, MANY)) == MANY:
                pass
        return True

    def fileno(self) -> int:
        """What is readable while there is something to do, for whoever waits for several things at once."""
        return self._read

    def close(self) -> None:
        """Closes both ends of this process."""
        os.close(self._read)
        os.close(self._write)

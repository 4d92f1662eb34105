"""The real program on a terminal of its own, with somebody who reads what it shows and presses keys. Knows no verb."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stories.opsbook_program import SOURCE

PATIENCE_S = 20.0


class Person:
    """Reads a terminal and types on it. `seen` is everything that was shown so far, `plain` without colours."""

    def __init__(self, fd: int, program: subprocess.Popen[bytes]) -> None:
        self._fd = fd
        self.program = program
        self.seen = b""
        self._from = 0

    def reads(self, words: str) -> str:
        """Waits until the words are shown behind what was read before; all that was shown up to them."""
        give_up = time.monotonic() + PATIENCE_S
        while words.encode() not in self.seen[self._from :]:
            assert time.monotonic() < give_up, f"'{words}' did not come:\n{self.plain}"
            assert self._take(0.1) or self.program.poll() is None, f"'{words}' did not come:\n{self.plain}"
        at = self.seen.index(words.encode(), self._from)
        read, self._from = self.seen[self._from : at], at + len(words.encode())
        return read.decode(errors="replace")

    def presses(self, keys: str) -> None:
        """Types."""
        os.write(self._fd, keys.encode())

    def ends(self) -> int:
        """Waits for the end of the program; its status."""
        give_up = time.monotonic() + PATIENCE_S
        while self.program.poll() is None:
            assert time.monotonic() < give_up, f"it does not end:\n{self.plain}"
            self._take(0.1)
        while self._take(0):
            pass
        return self.program.returncode

    @property
    def plain(self) -> str:
        """All that was shown, without colours and without what was drawn over."""
        text = re.sub(r"\x1b\[[0-9;]*[mK]", "", self.seen.decode(errors="replace"))
        return text.replace("\r\n", "\n")

    def _take(self, wait_s: float) -> bool:
        if not select.select([self._fd], [], [], wait_s)[0]:
            return False
        try:
            part = os.read(self._fd, 65536)
        except OSError:  # the other side is closed
            part = b""
        self.seen += part
        return bool(part)


@contextmanager
def person_at(*arguments: str, here: Path, columns: int = 100, **environment: str) -> Iterator[Person]:
    """Somebody in front of `opsbook` with these arguments; what still runs at the end is killed."""
    left_out = ("OPSBOOK_", "NO_COLOR", "FORCE_COLOR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    env = {**kept, "PYTHONPATH": str(SOURCE), "TERM": "xterm-256color", **environment}
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def lead() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    program = subprocess.Popen(
        [sys.executable, "-m", "opsbook", *arguments], stdin=theirs, stdout=theirs, stderr=theirs, cwd=here, env=env,
        preexec_fn=lead,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Person(mine, program)
    finally:
        if program.poll() is None:
            program.kill()
        program.wait()
        os.close(mine)

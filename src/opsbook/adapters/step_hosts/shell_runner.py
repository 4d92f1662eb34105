"""This machine as one that steps are done on: a warm process that forks what watches over them. Executes nothing."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

from opsbook.adapters.step_hosts.shim import bootstrap_argv, preamble
from opsbook.adapters.step_hosts.talk import ShimHost
from opsbook.ground.errors import Failure


class ShimPipe:
    """The pipes of a child that is a shim."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        assert child.stdin is not None and child.stdout is not None
        self._write_to, self._read_from = child.stdin, child.stdout

    def write(self, part: bytes) -> None:
        """Sends all of it."""
        self._write_to.write(part)
        self._write_to.flush()

    def read(self) -> bytes:
        """The next bytes; whoever reads the end sees to it that no zombie stays."""
        part = os.read(self._read_from.fileno(), 1 << 20)
        if not part:
            self._child.wait()
            self._read_from.close()
        return part

    def close(self) -> None:
        """Ends the child's input, which ends the child, and nothing that it started."""
        with contextlib.suppress(OSError):
            self._write_to.close()


def local_host(folder: str, *, cap_bytes: int = 64 * 1024 * 1024) -> ShimHost:
    """This machine. What is remembered of runs is kept below the folder, which need not be there yet."""
    return ShimHost(_begin, os.path.abspath(folder), name="local", cap_bytes=cap_bytes)


def _begin() -> ShimPipe:
    try:
        child = subprocess.Popen(
            bootstrap_argv(sys.executable), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=-1, cwd="/"
        )
        pipe = ShimPipe(child)
        pipe.write(preamble())
    except OSError as wrong:
        raise Failure(f"What watches over steps could not be begun on this machine: {wrong}.") from wrong
    return pipe

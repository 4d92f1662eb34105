"""Servers as whole processes: started, asked for a first page, looked at, ended. Measures nothing on its own."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import programs
from bench.memory import held_by
from bench.table import Broken

LONGEST_START_S = 300.0
_READY = re.compile(rb"ready on http://[^:]+:(\d+)")


class Served:
    """A server that runs: its process and the port that it answers on."""

    def __init__(self, running: subprocess.Popen[bytes], port: int, began: float) -> None:
        self.running = running
        self.port = port
        self.began = began

    @property
    def held_bytes(self) -> int:
        """The memory that it and its children hold now."""
        return held_by(self.running.pid)

    @property
    def cpu_s(self) -> float:
        """The processor time that the process has taken so far, without its children."""
        fields = Path(f"/proc/{self.running.pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def get(self, path: str, timeout_s: float = 30.0) -> tuple[int, bytes]:
        """The status and the body of one answer, over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def first(self, path: str, needle: bytes = b"") -> float:
        """Seconds from the start of the process to the first whole answer that holds `needle`."""
        while time.perf_counter() - self.began < LONGEST_START_S:
            if self.running.poll() is not None:
                raise Broken(f"{self.running.args} ended with {self.running.returncode}")
            try:
                status, body = self.get(path)
            except OSError:
                time.sleep(0.002)
                continue
            if status == 200 and needle in body:
                return time.perf_counter() - self.began
            time.sleep(0.005)
        raise Broken(f"no first page of {self.running.args}")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def serving(command: Sequence[str], port: int, folder: Path) -> Iterator[Served]:
    """A server whose port is known beforehand; ended with its children when the block is left."""
    began = time.perf_counter()
    running = subprocess.Popen(
        command, cwd=folder, env=programs.environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield Served(running, port, began)
    finally:
        _end(running)


@contextmanager
def serving_ours(book: Path, *words: str) -> Iterator[Served]:
    """Our server on a free port of its own choice, over a folder."""
    began = time.perf_counter()
    running = subprocess.Popen(
        [*programs.opsbook(), "--book", str(book), "serve", "--port", "0", *words], cwd=book,
        env=programs.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield Served(running, _told_port(running), began)
    finally:
        _end(running)


def _told_port(running: subprocess.Popen[bytes]) -> int:
    assert running.stdout is not None
    said = b""
    for line in running.stdout:
        said += line
        found = _READY.search(line)
        if found:
            return int(found[1])
    raise Broken(f"opsbook serve did not start: {said.decode(errors='replace')[-300:]}")


def _end(running: subprocess.Popen[bytes]) -> None:
    for asked in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(running.pid, asked)
        except ProcessLookupError:
            break
        try:
            running.wait(timeout=10)
            break
        except subprocess.TimeoutExpired:
            continue
    if running.stdout is not None:
        running.stdout.close()

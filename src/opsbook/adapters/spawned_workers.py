"""Work over many pages in fresh processes beside a server, so that its own threads stay quick. Does not know the work.

A server has threads, and a fork copies no thread but its own; so these begin anew, are told the job, and are gone when
it is done. They yield to everything else on the machine.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, Pipe, wait

from opsbook.usecases.ports import PageFile

_PART_BYTES = 400_000
_NICENESS = 5
_START = (
    "import sys; sys.path[:] = {path!r};"
    " from opsbook.adapters.spawned_workers import work; work({descriptor})"
)  # fmt: skip


class SpawnedWorkers:
    """Spreads a job over fresh processes. The job and all that it holds must be picklable."""

    def __init__(self, most: int | None = None) -> None:
        self.most = most or max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
        self._running: set[subprocess.Popen[bytes]] = set()

    def answers(self, job: Callable[[Sequence[PageFile]], bytes], files: Sequence[PageFile]) -> Iterator[bytes]:
        """The job's answer for each part, as they come. Of a worker that died no more comes: whoever asks sees what is
        absent."""
        return self._answers(job, _parts(files))

    def _answers(self, job: Callable[[Sequence[PageFile]], bytes], parts: list[list[PageFile]]) -> Iterator[bytes]:
        count = min(self.most, len(parts))
        workers = [self._start(job, parts[number::count]) for number in range(count)]
        connections = {connection: process for process, connection in workers}
        try:
            while connections:
                for ready in wait(list(connections)):
                    assert isinstance(ready, Connection)
                    try:
                        answer = ready.recv_bytes()
                    except (EOFError, OSError):
                        self._end(connections.pop(ready), ready)
                        continue
                    yield answer
        finally:
            for connection, process in connections.items():
                process.kill()
                self._end(process, connection)

    def aside(self, job: Callable[[], object]) -> None:
        """Does a job in one fresh process, to its end or its death."""
        for _ in self._answers(partial(_regardless, job), [[]]):
            pass

    def close(self) -> None:
        """Ends what is still at work."""
        for process in list(self._running):
            process.kill()

    def _start(
        self, job: Callable[[Sequence[PageFile]], bytes], parts: list[list[PageFile]]
    ) -> tuple[subprocess.Popen[bytes], Connection]:
        ours, theirs = Pipe()
        with theirs:
            start = _START.format(path=sys.path, descriptor=theirs.fileno())
            process = subprocess.Popen(
                [sys.executable, "-c", start], stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
                start_new_session=True,
            )  # fmt: skip
        self._running.add(process)
        with suppress(OSError):  # it died at once; asking it for answers will show that
            ours.send_bytes(pickle.dumps((job, parts)))
        return process, ours

    def _end(self, process: subprocess.Popen[bytes], connection: Connection) -> None:
        connection.close()
        process.wait()
        self._running.discard(process)


def work(descriptor: int) -> None:
    """What a worker does: takes its job and its parts from the one who started it, and answers each."""
    import gc  # only a worker does without: blocks hold no cycles

    gc.disable()
    os.nice(_NICENESS)
    with Connection(descriptor) as asker:
        try:
            job, parts = pickle.loads(asker.recv_bytes())
            for part in parts:
                asker.send_bytes(job(part))
        except (EOFError, BrokenPipeError, ConnectionResetError):  # whoever asked is gone
            return


def _regardless(job: Callable[[], object], _files: Sequence[PageFile]) -> bytes:
    job()
    return b""


def _parts(files: Sequence[PageFile]) -> list[list[PageFile]]:
    """The files in order, cut into parts of about equal bytes."""
    parts: list[list[PageFile]] = []
    size = _PART_BYTES
    for file in files:
        if size >= _PART_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(file)
        size += file.size_bytes + 500
    return parts

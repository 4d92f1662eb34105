"""Work over many pages side by side, in forked copies of this process. Knows nothing of the work."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from opsbook.ground.errors import Failure
from opsbook.usecases.ports import PageFile

# Below this a fork costs more than it saves (about 3 ms here, against 10 MB/s of pages).
_WORTH_BYTES = 300_000


class ForkedWorkers:
    """Spreads a job over the processors by fork, so that nothing but the answer has to be sent.

    Only for a process without other threads (the command line): a fork copies no thread but its own.
    """

    def __init__(self, most: int | None = None) -> None:
        self.most = most or _processors()

    def spread(self, job: Callable[[Sequence[PageFile]], bytes], files: Sequence[PageFile]) -> list[bytes]:
        """The job's answer for each part. A worker that died is a Failure, never a part left out in silence."""
        parts = _parts(files, self.most)
        if len(parts) < 2 or not hasattr(os, "fork"):
            return [job(files)]
        children = [_start(job, part) for part in parts[1:]]
        answers = [job(parts[0])]
        for process, reader in children:
            with os.fdopen(reader, "rb") as pipe:
                answers.append(pipe.read())
            _, status = os.waitpid(process, 0)
            if status != 0:
                raise Failure(f"A worker ended early ({os.waitstatus_to_exitcode(status)}); run the command again.")
        return answers


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start(job: Callable[[Sequence[PageFile]], bytes], part: Sequence[PageFile]) -> tuple[int, int]:
    reader, writer = os.pipe()
    process = os.fork()
    if process:
        os.close(writer)
        return process, reader
    status = 1
    try:
        os.close(reader)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(job(part))
        status = 0
    finally:
        os._exit(status)


def _parts(files: Sequence[PageFile], most: int) -> list[list[PageFile]]:
    """The files in as many parts of about equal bytes as are worth a process, neighbours dealt out in turn."""
    total = sum(file.size_bytes for file in files)
    count = max(1, min(most, total // _WORTH_BYTES, len(files)))
    parts: list[list[PageFile]] = [[] for _ in range(count)]
    sizes = [0] * count
    for file in sorted(files, key=lambda f: -f.size_bytes):
        least = sizes.index(min(sizes))
        parts[least].append(file)
        sizes[least] += file.size_bytes
    return parts

"""Work over many pages in two goes, in forked copies of this process that keep what they read. Knows nothing of it.

As `workers`, but each copy waits after its first answer and is told what came of all of them. Parts are runs of
neighbours, so that what is put together of them does not depend on how many processors there are.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence

from opsbook.ground.errors import Failure
from opsbook.usecases.ports import PageFile

# Below this a fork costs more than it saves (about 3 ms here, and the pages that it has to parse again never).
_WORTH_BYTES = 200_000
_LENGTH = struct.Struct("<Q")
_Then = Callable[[bytes], bytes]
_Begin = Callable[[Sequence[PageFile]], tuple[bytes, _Then]]


class ForkedGoes:
    """Spreads two goes over the processors by fork. Only for a process without other threads."""

    def __init__(self, most: int | None = None) -> None:
        self.most = most or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)

    def twice(self, begin: _Begin, between: Callable[[list[bytes]], bytes], files: Sequence[PageFile]) -> list[bytes]:
        """The answers of the second go, in order. A copy that died is a Failure, never a part left out in silence."""
        parts = _runs(files, self.most if hasattr(os, "fork") else 1)
        copies: list[_Copy] = []
        try:
            for part in parts[1:]:
                copies.append(_start(begin, part, copies))
            first, then = begin(parts[0])
            told = between([first, *(copy.hear() for copy in copies)])
            for copy in copies:
                copy.tell(told)
            return [then(told), *(copy.hear() for copy in copies)]
        finally:
            for copy in copies:
                copy.close()


class _Copy:
    def __init__(self, process: int, hears: int, tells: int) -> None:
        self.process = process
        self.hears = hears
        self.tells = tells

    def hear(self) -> bytes:
        """What the copy says next."""
        length = _read(self.hears, _LENGTH.size)
        said = _read(self.hears, _LENGTH.unpack(length)[0]) if len(length) == _LENGTH.size else b""
        if len(length) < _LENGTH.size or len(said) < _LENGTH.unpack(length)[0]:
            raise Failure("A worker ended early; run the command again.")
        return said

    def tell(self, said: bytes) -> None:
        """Sends the copy something; that it is gone is noticed when it is to be heard."""
        try:
            _write(self.tells, said)
        except BrokenPipeError:
            return

    def close(self) -> None:
        """Lets go of the copy, which ends when nobody speaks to it any more."""
        os.close(self.tells)
        os.close(self.hears)
        os.waitpid(self.process, 0)


def _start(begin: _Begin, part: Sequence[PageFile], others: Sequence[_Copy]) -> _Copy:
    hears, says = os.pipe()
    told, tells = os.pipe()
    process = os.fork()
    if process:
        os.close(says)
        os.close(told)
        return _Copy(process, hears, tells)
    status = 1
    try:
        # Or a copy would keep the ends of the others open, and none would notice that this process is gone.
        for descriptor in (hears, tells, *(each for one in others for each in (one.hears, one.tells))):
            os.close(descriptor)
        answer, then = begin(part)
        _write(says, answer)
        length = _read(told, _LENGTH.size)
        if len(length) == _LENGTH.size:
            _write(says, then(_read(told, _LENGTH.unpack(length)[0])))
            status = 0
    finally:
        os._exit(status)


def _read(descriptor: int, size: int) -> bytes:
    pieces = []
    while size:
        piece = os.read(descriptor, min(size, 1 << 20))
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _write(descriptor: int, said: bytes) -> None:
    rest = memoryview(_LENGTH.pack(len(said)) + said)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _runs(files: Sequence[PageFile], most: int) -> list[list[PageFile]]:
    """The files in as many runs of about equal bytes as are worth a process."""
    total = sum(file.size_bytes for file in files)
    wanted = max(1, min(most, total // _WORTH_BYTES, len(files)))
    runs: list[list[PageFile]] = [[] for _ in range(wanted)]
    done = 0
    for file in files:
        runs[min(wanted - 1, done * wanted // max(total, 1))].append(file)
        done += file.size_bytes
    return runs

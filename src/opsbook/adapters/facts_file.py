"""Facts of pages kept between starts, in one file that grows by what changed: derived, safe to delete at any moment.

Each record has its length and checksum before it: a file that was cut or scribbled on is read up to there, and the rest
is worked out anew. Records of a path replace earlier ones; the file is written anew when most of it is outdated.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from zlib import crc32

import msgspec
from msgspec import Struct

from opsbook.usecases.page_facts import Derived

_MAGIC = b"opsbook facts 1\n"
_FRAME = struct.Struct("<II")
_SPARE_BYTES = 1_000_000  # so much may be outdated in any file


class _Record(Struct, array_like=True):
    """`day` is set where the facts are those of one day alone; no facts mean that the page is gone."""

    path: str
    day: str | None = None
    derived: Derived | None = None


class FactsFile:
    """One file. What cannot be read or written is treated as absent."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._grounds: str | None = None  # those of the file as it lies there, None when it must be written anew
        self._size = 0
        self._fresh_size = 0

    def load(self, grounds: str, day: date) -> dict[str, Derived]:
        """What was kept on these grounds, as far as it holds on this day."""
        found: dict[str, Derived] = {}
        try:
            with open(self.path, "rb") as file:
                content = file.read()
        except OSError:
            return found
        opening = _opening(grounds)
        if not content.startswith(opening):
            return found
        size = len(opening)
        today = day.isoformat()
        for record, end in _records(content, len(opening)):
            size = end
            if record.derived is None:
                found.pop(record.path, None)
            elif record.day in (None, today):
                found[record.path] = record.derived
        if size == len(content):
            self._grounds, self._size = grounds, size
            self._fresh_size = size
        return found

    def put(self, grounds: str, day: date, known: Mapping[str, Derived], changed: Iterable[str]) -> None:
        """Keeps what is known: adds what changed, or writes all of it anew."""
        today = day.isoformat()
        try:
            if grounds == self._grounds and self._size < 2 * self._fresh_size + _SPARE_BYTES:
                self._add([_packed(path, known.get(path), today) for path in changed])
            else:
                self._write(grounds, [_packed(path, derived, today) for path, derived in known.items()])
        except OSError:  # a read-only or full disk costs the next start its head start and nothing else
            self._grounds = None

    def _add(self, records: list[bytes]) -> None:
        with open(self.path, "r+b") as file:
            if file.seek(0, os.SEEK_END) != self._size:  # another process wrote, or somebody cut it
                self._grounds = None
                return
            added = b"".join(records)
            file.write(added)
        self._size += len(added)

    def _write(self, grounds: str, records: list[bytes]) -> None:
        part = f"{self.path}.{os.getpid()}.part"
        try:
            with open(part, "wb") as file:
                file.write(_opening(grounds))
                file.writelines(records)
                self._size = self._fresh_size = file.tell()
            os.replace(part, self.path)
        except OSError:
            with suppress(OSError):
                os.unlink(part)
            raise
        self._grounds = grounds


class ReadFacts:
    """What another process keeps, and nothing is added to."""

    def __init__(self, file: FactsFile) -> None:
        self._file = file

    def load(self, grounds: str, day: date) -> dict[str, Derived]:
        """What was kept on these grounds."""
        return self._file.load(grounds, day)

    def put(self, grounds: str, day: date, known: Mapping[str, Derived], changed: Iterable[str]) -> None:
        """Keeps nothing."""



def _opening(grounds: str) -> bytes:
    written = grounds.encode("utf-8", "surrogatepass")
    return _MAGIC + _FRAME.pack(len(written), crc32(written)) + written


def _packed(path: str, derived: Derived | None, today: str) -> bytes:
    day = today if derived is not None and derived.asked_day else None
    body = msgspec.msgpack.encode(_Record(path, day, derived))
    return _FRAME.pack(len(body), crc32(body)) + body


def _records(content: bytes, at: int) -> Iterator[tuple[_Record, int]]:
    """Each whole record with where it ends, up to the first that is damaged."""
    decoder = msgspec.msgpack.Decoder(_Record)
    view = memoryview(content)
    while at + _FRAME.size <= len(content):
        length, checksum = _FRAME.unpack_from(content, at)
        body = view[at + _FRAME.size : at + _FRAME.size + length]
        if len(body) != length or crc32(body) != checksum:
            return
        try:
            record = decoder.decode(body)
        except (msgspec.DecodeError, ValueError):
            return
        at += _FRAME.size + length
        yield record, at

"""Answers that are kept as they were sent, for as long as what they were made from is the same. Knows no page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

KEPT_BYTES = 8 * 1024 * 1024
LARGEST_KEPT = 512 * 1024


class Answer(NamedTuple):
    """A whole answer: its headers as they go over the wire, and its body as it is encoded."""

    headers: list[tuple[bytes, bytes]]
    body: bytes
    etag: bytes
    route: str


class _Entry(NamedTuple):
    stamp: object
    kind: str
    answer: Answer


Key = tuple[str, bytes, bool, str]


class Kept:
    """The last answers, the least used forgotten first. `stamps` says for each kind of answer what it was made from.

    An answer is kept with the stamp taken before it was made: should something change meanwhile, it is made again.
    """

    def __init__(self, stamps: dict[str, Callable[[], object]]) -> None:
        self.stamps = stamps
        self.entries: OrderedDict[Key, _Entry] = OrderedDict()
        self.size = 0

    def stamp(self) -> dict[str, object]:
        """What every kind of answer would be made from now."""
        return {kind: ask() for kind, ask in self.stamps.items()}

    def find(self, key: Key) -> Answer | None:
        """The answer for a key when nothing that it was made from has changed."""
        entry = self.entries.get(key)
        if entry is None:
            return None
        if entry.stamp != self.stamps[entry.kind]():
            self._drop(key)
            return None
        self.entries.move_to_end(key)
        return entry.answer

    def keep(self, key: Key, kind: str, stamp: object, answer: Answer) -> None:
        """Keeps an answer of a kind that was made from what `stamp` says."""
        if len(answer.body) > LARGEST_KEPT:
            return
        if key in self.entries:
            self._drop(key)
        self.entries[key] = _Entry(stamp, kind, answer)
        self.size += len(answer.body)
        while self.size > KEPT_BYTES:
            self._drop(next(iter(self.entries)))

    def _drop(self, key: Key) -> None:
        self.size -= len(self.entries.pop(key).answer.body)


def key_of(scope: Mapping[str, Any], *, gzip: bool, who: str) -> Key:
    """What tells an answer from all others: the address, the encoding and who asks."""
    return scope["path"], scope["query_string"], gzip, who

"""The small protocols that an export reaches the world through. Nothing here does anything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from opsbook.usecases.ports import PageFile

Then = Callable[[bytes], bytes]  # what a worker does with its part once all parts were read
Begin = Callable[[Sequence[PageFile]], tuple[bytes, Then]]


class Exporters(Protocol):
    """Works over the pages in two goes, side by side: what was read in the first stays where it was read."""

    def twice(self, begin: Begin, between: Callable[[list[bytes]], bytes], files: Sequence[PageFile]) -> list[bytes]:
        """The answers of the second go, in the order of the files, each part being a run of neighbours; `between` makes
        of the first answers what the second go is told."""
        ...


class OutFolder(Protocol):
    """The folder that an export is written to; others may read it meanwhile."""

    def begin(self, names: Collection[str]) -> None:
        """Makes the folder ready for these files and more; raises Refusal where somebody else's files lie."""
        ...

    def put(self, name: str, content: bytes) -> bool:
        """Has a file there in one step, and whether it was another before. May be called from forked copies."""
        ...

    def end(self, names: Collection[str]) -> int:
        """Removes what an earlier export wrote and these are not, and returns how many."""
        ...


class Scratch(OutFolder, Protocol):
    """A folder of its own, for what is put together later."""

    def get(self, name: str) -> bytes:
        """What lies there by that name."""
        ...


class Assets(Struct, frozen=True):
    """The scripts and styles that pages need: for a plain name the name of its file, and the bytes of each."""

    names: Mapping[str, str]
    read: Callable[[str], bytes]

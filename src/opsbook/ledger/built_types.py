"""Has all Structs that are imported built before several threads use them.

msgspec builds what it knows of a Struct when it is decoded first, and runs Python meanwhile: a second thread that is
there at the same moment sees it half built, and the process dies.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


def build_types() -> int:
    """Call it on one thread, before others are there that decode; gives how many were built."""
    count = 0
    for each in set(_below(msgspec.Struct)):
        if each.__module__.startswith("opsbook."):
            try:
                msgspec.json.Decoder(each)
            except (TypeError, NameError, AttributeError):  # it holds what is never decoded
                continue
            count += 1
    return count


def _below(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)

"""A regular expression that is compiled when it is first used, and only then. Holds nothing else.

Compiling is what most of an import costs here: 50 patterns of the book's reading of commands took 4.5 ms of a
start-up of 50, and a page without commands needs none of them. A call costs 50 ns more than a compiled pattern.
"""

from __future__ import annotations

import re
from typing import AnyStr, Generic


class Pattern(Generic[AnyStr]):
    """`PATTERN = Pattern(r"a+")` at the top of a module, `PATTERN().search(text)` in it."""

    __slots__ = ("_compiled", "_flags", "_source")

    def __init__(self, source: AnyStr, flags: int = 0) -> None:
        self._source: AnyStr = source
        self._flags = flags
        self._compiled: re.Pattern[AnyStr] | None = None

    def __call__(self) -> re.Pattern[AnyStr]:
        """The compiled pattern; raises re.error at the first use of one that is none."""
        if self._compiled is None:
            self._compiled = re.compile(self._source, self._flags)
        return self._compiled

"""Regular expressions that are compiled when they are first asked. Knows no expression.

Compiling the 150 that reading a page may need takes 9 ms, a fifth of the time in which a lint of one page has to be
done; a page needs a third of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_ASKED = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn")


class LatePattern:
    """Answers as the compiled pattern does. After the first question its methods are the compiled pattern's own."""

    def __init__(self, text: str, flags: int = 0) -> None:
        self._text = text
        self._flags = flags

    def compiled(self) -> re.Pattern[str]:
        """The pattern itself."""
        made = re.compile(self._text, self._flags)
        # Over the methods below, in the instance: from now on a question costs what it costs a compiled pattern.
        self.__dict__.update({name: getattr(made, name) for name in _ASKED})
        return made

    def search(self, text: str, *span: int) -> re.Match[str] | None:
        return self.compiled().search(text, *span)

    def match(self, text: str, *span: int) -> re.Match[str] | None:
        return self.compiled().match(text, *span)

    def fullmatch(self, text: str, *span: int) -> re.Match[str] | None:
        return self.compiled().fullmatch(text, *span)

    def finditer(self, text: str, *span: int) -> Iterator[re.Match[str]]:
        return self.compiled().finditer(text, *span)

    def findall(self, text: str, *span: int) -> list[str]:
        """What `re` returns; for a pattern of several groups these are tuples."""
        return self.compiled().findall(text, *span)

    def split(self, text: str, maxsplit: int = 0) -> list[str]:
        return self.compiled().split(text, maxsplit)

    def sub(self, new: str | Callable[[re.Match[str]], str], text: str, count: int = 0) -> str:
        return self.compiled().sub(new, text, count)

    def subn(self, new: str | Callable[[re.Match[str]], str], text: str, count: int = 0) -> tuple[str, int]:
        return self.compiled().subn(new, text, count)

"""How text fits a terminal: its width, lines broken at words, nothing in them that it would obey. Knows no answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

# A line is wrapped only where it has this many columns or more; below it, broken lines read worse than long ones.
NARROWEST = 40
_KEPT = "\N{NO-BREAK SPACE}"  # stands for a space at which no line is broken


def terminal_width() -> int | None:
    """The columns of the terminal on standard output; None where it is a file or a pipe, in which lines stay whole."""
    if not sys.stdout.isatty():
        return None
    try:
        return max(os.get_terminal_size(sys.stdout.fileno()).columns, NARROWEST)
    except (OSError, ValueError):
        return None


def printable(text: str, kept: str = "", instead: str = "?") -> str:
    """Text that may come from a page, with nothing in it that a terminal would obey; the `kept` characters stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in kept else instead for c in text)


def columns(text: str) -> int:
    """How many columns a terminal needs: two for East Asian wide letters, none for combining ones and colours."""
    if "\x1b" in text:
        text = _colours().sub("", text)
    if text.isascii():
        return len(text)
    return len(text) + sum(_beyond_one(c) for c in text if c > "\x7f")


@lru_cache(maxsize=4096)
def _beyond_one(character: str) -> int:
    """The columns of a character, less one."""
    import unicodedata  # only pages beyond ASCII need it

    return -1 if unicodedata.combining(character) else int(unicodedata.east_asian_width(character) in "WF")


@cache
def _colours() -> re.Pattern[str]:
    import re  # only a wrapped line that is coloured needs it

    return re.compile(r"\x1b\[[0-9;]*m")


def wrapped(line: str, width: int | None, hanging: int) -> Iterable[str]:
    """The line, broken at spaces where it is wider than `width`; what follows is indented by `hanging`.

    A word that is wider than the line stays whole, so that an address can still be clicked and copied.
    """
    return (line,) if width is None or columns(line) <= width else _broken(line, width, hanging)


def wrapped_items(items: Iterable[str], width: int | None, hanging: int) -> Iterable[str]:
    """Items behind each other as one line, broken between two of them and within none that fits."""
    line = " · ".join(item.replace(" ", _KEPT) for item in items)
    return (each.replace(_KEPT, " ") for each in wrapped(f"{'':{hanging}}{line}", width, hanging))


def _broken(line: str, width: int, hanging: int) -> Iterator[str]:
    current = ""
    for number, word in enumerate(line.split(" ")):
        wider = f"{current} {word}" if number else word
        if not current.strip() or columns(wider) <= width:
            current = wider
        elif word:  # of several spaces at the break none is left
            yield current.rstrip()
            current = " " * hanging + word
    yield current

"""Located YAML: the tree that a YAML text becomes, whose scalars know their place. Resolves no types."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TypeAlias

from msgspec import Struct


class Scalar(Struct, frozen=True, gc=False):
    """A scalar as text, and where its first character stands: inside the quotes, below the `|` of a block.

    Line and column count from 1 (code points), `start` and `end` are the byte range of its content as
    written. `style` is "" (plain), `'`, `"`, `|` or `>`. A plain null is the empty text, as Go reads it.
    """

    text: str
    line: int
    column: int
    start: int
    end: int
    style: str = ""


Node: TypeAlias = "Scalar | dict[str, Node] | list[Node]"

NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class Unreadable(Exception):
    """Not YAML, or not the YAML that this reader is sure of: where it stopped, what it had read by then."""

    def __init__(self, why: str, line: int, column: int, partial: list[Node] | None = None) -> None:
        super().__init__(why)
        self.partial = partial or []
        self.why = why
        self.line = line
        self.column = column


class SourceLines:
    """A text cut at its line feeds, with the character and the byte at which each line starts."""

    __slots__ = ("byte_starts", "char_starts", "is_ascii", "lines", "text")

    def __init__(self, text: str) -> None:
        bom_bytes = 0
        if text.startswith("\ufeff"):
            text, bom_bytes = text[1:], 3
        self.text = text
        self.is_ascii = text.isascii()
        self.lines = text.split("\n")
        self.char_starts = [0, *accumulate(len(line) + 1 for line in self.lines)]
        if self.is_ascii and not bom_bytes:
            self.byte_starts = self.char_starts
        else:
            widths = (byte_length(line) + 1 for line in self.lines)
            self.byte_starts = list(accumulate(widths, initial=bom_bytes))
        if "\r" in text:
            self.lines = [line[:-1] if line.endswith("\r") else line for line in self.lines]

    def byte_at(self, row: int, column: int) -> int:
        """The byte offset of a place given as row and column from 0."""
        if self.is_ascii:
            return self.byte_starts[row] + column
        return self.byte_starts[row] + byte_length(self.lines[row][:column])

    def row_of_byte(self, offset: int) -> int:
        """The row, from 0, in which a byte offset lies."""
        return bisect_right(self.byte_starts, offset, 0, len(self.lines)) - 1

    def place_of(self, index: int) -> tuple[int, int]:
        """Row and column, from 0, of a character offset."""
        row = bisect_right(self.char_starts, index, 0, len(self.lines)) - 1
        return row, index - self.char_starts[row]


def byte_length(text: str) -> int:
    """How many bytes the text is in its file; undecodable bytes, read as lone surrogates, are one each."""
    try:
        return len(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return len(text.encode("utf-8", "surrogatepass"))

"""Tables as people write them: named columns in any order, and rows of cells with their places. Knows no meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from opsbook.ground.markdown import Document


class Cell(Struct, frozen=True, gc=False):
    """A cell: its words without emphasis and code marks, and its byte range [start, end) without the space around."""

    text: str
    start: int
    end: int


class Table(Struct, frozen=True):
    """A table: the heads of its columns in lower case, its rows (as long as the head), its byte range."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    start: int
    end: int

    def column(self, *names: str) -> int | None:
        """The index of the first column headed by the first of these names that there is."""
        return next((self.columns.index(name) for name in names if name in self.columns), None)

    def cells(self, index: int) -> Iterator[Cell]:
        """The cells of a column that are not empty, from the top."""
        return (row[index] for row in self.rows if row[index].text)


def read_tables(document: Document, start: int = 0, end: int | None = None) -> Iterator[Table]:
    """The tables that begin within a byte range, in order."""
    limit = len(document.content) if end is None else end
    for index in document.tables:
        if start <= document.blocks[index].start < limit:
            yield read_table(document, index)


def read_table(document: Document, index: int) -> Table:
    """The table that block `index` is."""
    blocks = document.blocks
    lines = [[_cell(document, cell) for cell in document.inside(row)] for row in document.inside(index)]
    head = lines[0] if lines else []
    width = len(head)
    blank = Cell("", blocks[index].start, blocks[index].start)
    rows = tuple(tuple(_padded(line, width, blank)) for line in lines[1:])
    return Table(tuple(plain_head(cell.text) for cell in head), rows, blocks[index].start, blocks[index].end)


def _cell(document: Document, index: int) -> Cell:
    block = document.blocks[index]
    raw = document.content[block.start : block.end]
    start = block.start + len(raw) - len(raw.lstrip())
    end = max(start, block.start + len(raw.rstrip()))
    return Cell(plain_text(document.source(start, end)), start, end)


def _padded(line: Sequence[Cell], width: int, blank: Cell) -> Sequence[Cell]:
    return [*line[:width], *[blank] * (width - len(line))]


@lru_cache(maxsize=4096)
def plain_text(source: str) -> str:
    """A line's words: links as their text, without code marks, emphasis at the edges, escapes, comments."""
    source = source.partition("<!--")[0] if "<!--" in source else source
    text = re.sub(r"\[([^\]\[]*)\]\([^)\s]*\)", r"\1", source) if "](" in source else source
    return text.replace("`", "").replace("\\|", "|").replace("**", "").strip(" \t*_")


@lru_cache(maxsize=4096)
def plain_head(text: str) -> str:
    """A column's head as it is compared: lower case, without what stands in brackets."""
    return " ".join(re.sub(r"\(.*?\)", " ", text.lower()).replace("-", " ").replace("_", " ").split())

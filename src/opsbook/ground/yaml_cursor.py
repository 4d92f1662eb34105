"""A row in a YAML text that readers move on, and how they refuse. Knows lines, not what stands in them."""

from __future__ import annotations

from opsbook.ground.yaml_nodes import Scalar, SourceLines, Unreadable


class Cursor:
    """Where reading stands. Each reader leaves `row` at the first line that it did not read.

    `is_tolerant` turns refusals into skipped lines: for templates and broken files. There, template lines are
    blank in `lines` and block scalars take theirs from `originals`.
    """

    __slots__ = ("count", "depth", "is_tolerant", "lines", "originals", "row", "source")

    def __init__(self, source: SourceLines, *, blanked: list[str] | None = None) -> None:
        self.source = source
        self.originals = source.lines
        self.lines = source.lines if blanked is None else blanked
        self.is_tolerant = blanked is not None
        self.count = len(self.lines) - (0 if self.lines[-1] else 1)
        self.row = 0
        self.depth = 0

    def unsure(self, why: str, column: int = 0) -> Unreadable:
        """What to raise at this row."""
        return Unreadable(why, self.row + 1, column + 1)

    def next_indent(self) -> int:
        """Moves to the next line with content. Its indentation; -1 at a document marker or the end."""
        lines, row, count = self.lines, self.row, self.count
        while row < count:
            line = lines[row]
            content = line.lstrip(" ")
            if content and content[0] != "#":
                self.row = row
                indent = len(line) - len(content)
                if indent == 0 and line.startswith(("---", "...", "%")):
                    return -1
                return indent
            row += 1
        self.row = row
        return -1

    def scalar(self, text: str, start: tuple[int, int], end: tuple[int, int], style: str = "") -> Scalar:
        """A scalar whose content as written reaches from `start` to `end`, row and column from 0."""
        source = self.source
        row, column = start
        first = source.byte_at(row, column)
        return Scalar(text, row + 1, column + 1, first, source.byte_at(*end), style)

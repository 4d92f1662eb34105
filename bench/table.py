"""Prints a benchmark's rows beside their peers as a table; measures nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One comparison, in words: what was done, ours, the peer's, ours as a share of the peer's, the aim."""

    what: str
    ours: str
    peer: str
    ratio: str
    aim: str


def show(rows: Sequence[Row]) -> None:
    """Writes the rows with a heading, columns aligned."""
    heading = Row("what", "ours", "peer", "ratio", "aim")
    widths = [max(len(row[column]) for row in (heading, *rows)) for column in range(len(heading))]
    for row in (heading, Row(*("-" * width for width in widths)), *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")

"""Prints a benchmark's rows beside their peers as a table; measures nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple


class Absent(Exception):
    """What a figure needs is not on this machine: the figure is passed over, and the table says so."""


class Broken(Exception):
    """A measurement that should have worked did not: the table says so, and the whole fails."""


class Row(NamedTuple):
    """One comparison, in words: what was done, ours, the peer's, ours as a share of the peer's, the aim, and whether
    it was reached (yes, NO, or nothing where there is no aim); a note stands below the table."""

    what: str
    ours: str
    peer: str = ""
    ratio: str = ""
    aim: str = ""
    reached: str = ""
    note: str = ""


HEADING = Row("what", "ours", "peer", "ratio", "aim", "reached")
COLUMNS = len(HEADING) - 1


def verdict(is_reached: bool) -> str:
    """The word of the last column."""
    return "yes" if is_reached else "NO"


def show(rows: Sequence[Row]) -> None:
    """Writes the rows with a heading, columns aligned, and their notes."""
    widths = [max(len(row[column]) for row in (HEADING, *rows)) for column in range(COLUMNS)]
    for row in (HEADING, ["-" * width for width in widths], *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        sys.stdout.write(line.rstrip() + "\n")
    for row in rows:
        if row.note:
            sys.stdout.write(f"!! {row.what}: {row.note}\n")

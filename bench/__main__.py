"""Runs the benchmarks of this folder, or those named, and prints one table. Measures nothing itself.

A benchmark is a module here with `rows() -> list[Row]`. One that cannot run on this machine raises SystemExit with
the reason, which then stands in the table in its place.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from bench.table import Row, show

HERE = Path(__file__).parent
NO_BENCHMARKS = {"__init__", "__main__", "table"}


def names() -> list[str]:
    """The benchmarks of this folder."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NO_BENCHMARKS)


def measured(name: str) -> list[Row]:
    """The rows of one benchmark, or one row that says why there are none."""
    module = import_module(f"bench.{name}")
    if not hasattr(module, "rows"):
        return []
    try:
        return list(module.rows())
    except SystemExit as reason:
        return [Row(name, f"not measured: {reason}", "", "", "")]


def main(wanted: Sequence[str]) -> int:
    """Prints the rows of the wanted benchmarks, all when none is named; 2 for a name that is not there."""
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        sys.stderr.write(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(names())}.\n")
        return 2
    rows: list[Row] = []
    for name in wanted or names():
        sys.stderr.write(f"measuring {name} …\n")
        rows += measured(name)
    show(rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Runs the benchmarks of this folder, or those named, and prints one table. Measures nothing itself.

A benchmark is a module with `rows() -> list[Row]`. Aims that are missed fail nothing: they are in the table. What this
machine lacks is passed over and told; only what should have run and did not makes the exit status 1.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from bench.programs import compile_ours
from bench.table import Absent, Broken, Row, show

# In the order of the table.
BENCHMARKS = (
    "lint",
    "growth",
    "search",
    "rules",
    "startup",
    "rule_import",
    "static_export",
    "serving",
    "ledger",
    "ledger_postgres",
    "probes",
    "runs",
    "runs_ssh",
    "runs_takeover",
    "alerts",
    "alerts_webhook",
    "oncall",
    "incidents",
    "incidents_opened",
    "incident_page",
    "incident_similar",
    "incident_watch",
    "service_graphs",
)
# Above this many waiting programs for each processor, the figures tell more about them than about us.
BUSY = 0.4
HOW = (
    "Whole runs of the installed program, its bytecode compiled beforehand, in turns with the peer after a warm-up;"
    "\nmedians, and of the ratios their lowest and highest. Search and the ledger are measured within one process."
)


def measured(name: str, benchmark: ModuleType) -> tuple[list[Row], bool]:
    """The rows of a benchmark, or one row that says why there are none; and whether it could run."""
    sys.stderr.write(f"measuring {name} …\n")
    try:
        return list(benchmark.rows()), True
    except Absent as lacking:
        return [Row(name, "not measured", note=f"{lacking}.")], True
    except Exception as wrong:  # the other benchmarks are measured all the same
        said = str(wrong) if isinstance(wrong, Broken) else f"{type(wrong).__name__}: {wrong}"
        return [Row(name, "COULD NOT RUN", note=said)], False


def machine() -> str:
    """What the figures were taken with, in a line or two."""
    parts = [f"Python {platform.python_version()}", f"{os.cpu_count()} processors"]
    for package in ("opsbook", "rumdl"):
        try:
            parts.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    warning = f"\nThis machine is busy ({busy:.1f} programs a processor): trust no figure below.\n"
    return f"{platform.system()}, {', '.join(parts)}.{warning if busy > BUSY else ''}"


def main(wanted: Sequence[str]) -> int:
    """Prints the rows of the wanted benchmarks, all when none is named; 1 when one could not run, 2 for a name that is
    not there."""
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.\n")
        return 2
    try:
        compile_ours()
    except Broken as wrong:
        sys.stderr.write(f"{wrong}.\n")
        return 1
    about = machine()
    found = [measured(name, import_module(f"bench.{name}")) for name in wanted or BENCHMARKS]
    sys.stdout.write(f"\n{about}\n{HOW}\n\n")
    show([row for rows, _ in found for row in rows])
    return 0 if all(could_run for _, could_run in found) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

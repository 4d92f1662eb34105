"""How long `opsbook --help` and `opsbook lint` of one page take in all, beside a Python that does nothing."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.table import Row

ROUNDS = 25
# As where it is installed: with its bytecode kept between runs.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
PAGE = """# Payments Runbook

**Service:** payments
**Owner:** Payments team
**Last Updated:** 2026-01-01

## Overview

Takes the money.

## Common Operations

### Restart Service

1. Restart it
   ```bash
   systemctl restart payments
   ```
"""


def program() -> list[str]:
    """The installed program of this environment, else the module."""
    installed = Path(sys.executable).with_name("opsbook")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "opsbook"]


def timed(command: Sequence[str], folder: str) -> float:
    """Milliseconds from start to end of a process; one that fails to start is no measurement."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=ENVIRONMENT)
    took = (time.perf_counter() - started) * 1000
    if done.returncode not in (0, 1):  # 1: findings
        raise SystemExit(f"'{' '.join(command)}' exits with {done.returncode}: {done.stderr.strip()[-200:]}")
    if done.returncode == 1 and not done.stdout:
        raise SystemExit(f"'{' '.join(command)}' does not start: {done.stderr.strip()[-200:]}")
    return took


def in_turns(ask: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """The median of each, taken in turns so that all meet the same machine."""
    for each in ask:
        each()  # not counted: it writes the bytecode
    times = [[each() for each in ask] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def rows(rounds: int = ROUNDS) -> list[Row]:
    """The two commands beside `python -c pass`."""
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "docs" / "operations" / "runbooks"
        book.mkdir(parents=True)
        (book / "payments.md").write_text(PAGE)
        commands = {
            "opsbook --help": [*program(), "--help"],
            "opsbook lint, one page": [*program(), "lint", "--today", "2026-02-01"],
        }
        nothing = [sys.executable, "-c", "pass"]
        asks = [lambda command=command: timed(command, folder) for command in (nothing, *commands.values())]
        peer, *ours = in_turns(asks, rounds)
    return [
        Row(what, f"{mine:.0f} ms", f"python -c pass {peer:.0f} ms", f"{mine / peer:.2f}×", "≤ 5×")
        for what, mine in zip(commands, ours, strict=True)
    ]


def main() -> int:
    """Prints the rows; `python -m bench startup`."""
    from bench.table import show

    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

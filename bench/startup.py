"""How long `opsbook --help` and `opsbook lint` of one page take in all, beside a Python that does nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import programs
from bench.pairs import Side, compare, output
from bench.table import Row, show

# They are short, so many cost little, and one that is disturbed moves nothing.
PAIRS = 25
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


def rows() -> list[Row]:
    """The two commands beside `python -c pass`; the page by its name, and as the book that holds it alone."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        page = folder / "docs" / "operations" / "runbooks" / "payments.md"
        page.parent.mkdir(parents=True)
        page.write_text(PAGE, encoding="utf-8")
        lint = ("lint", "--today", "2026-02-01")
        asked = {
            "opsbook --help": ("--help",),
            "opsbook lint PAGE": (*lint, str(page)),
            "opsbook lint, a book of one page": (*lint, "--no-cache"),
        }
        nothing = Side("python -c pass", tuple(programs.python()), folder)
        found = []
        for what, words in asked.items():
            ours = Side(what, (*programs.opsbook(), *words), folder)
            output(ours)
            found.append(compare(ours, nothing, PAIRS).row(what, at_most=5))
        return found


def main() -> int:
    """Prints the rows; `python -m bench.startup`."""
    programs.compile_ours()
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

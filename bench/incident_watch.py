"""Many people with one incident open: how long until an entry has reached all of them, and what it costs the server.

Real connections to a real server; entries are recorded by another process, so that what is measured holds the look for
what others recorded too.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.servers import Served, serving_ours
from bench.table import Broken, Row, show, verdict

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger import incident_events as events
from opsbook.ledger.views import VIEWS

WATCHING = int(os.environ.get("OPSBOOK_BENCH_WATCHING", "200"))
ENTRIES = int(os.environ.get("OPSBOOK_BENCH_ENTRIES", "100"))
EVERY_S = 0.1
STREAM = "incident/bench"


def rows() -> list[Row]:
    """How long an entry takes to the last of them, and the processor time of the server meanwhile."""
    with tempfile.TemporaryDirectory(prefix="opsbook-bench-") as place:
        book = a_book(Path(place))
        with closing(opened(book)) as ledger:
            declare(ledger)
        with serving_ours(book) as served, closing(opened(book)) as ledger:
            served.first("/healthz")
            lasting, cpu = asyncio.run(_watched(served, ledger))
    high = statistics.quantiles(lasting, n=100)[-1] * 1000
    words = f"{statistics.median(lasting) * 1000:.0f} ms, p99 {high:.0f} ms"
    what = f"an entry to {WATCHING} who watch"
    return [
        Row(what, words, "", "", "p99 ≤ 500 ms", verdict(high <= 500)),
        Row(f"{what}, {1 / EVERY_S:.0f} a second, cores", f"{cpu:.2f}", "", "", "≤ 1", verdict(cpu <= 1)),
    ]


def a_book(place: Path) -> Path:
    """A repository with a book of one page."""
    book = place / "docs" / "operations"
    book.mkdir(parents=True)
    (book / "README.md").write_text("# Operations\n")
    subprocess.run(["git", "init", "-q", str(place)], check=True)
    return book


def opened(book: Path) -> SqliteLedger:
    """The ledger of a book, beside whoever serves it."""
    state = book.parent.parent / ".opsbook"
    state.mkdir(exist_ok=True)
    return SqliteLedger(str(state / "opsbook.db"), views=VIEWS)


def declare(ledger: SqliteLedger, entries: int = 0) -> None:
    """INC-1, with so many entries."""
    now = datetime.now(UTC)
    ledger.append("incident-number/1", [events.numbered("bench")], expected=None, actor="ada", at=now)
    ledger.append(STREAM, [events.declared(number=1, title="Orders are lost", state="investigating", severity="P1",
                                           severity_why="")], expected=None, actor="ada", at=now)  # fmt: skip
    for begin in range(0, entries, 500):
        drafts = [events.noted(f"Entry {number}: looked at the queue, it grows still")
                  for number in range(begin, min(begin + 500, entries))]  # fmt: skip
        ledger.append(STREAM, drafts, expected=None, actor="ada", at=datetime.now(UTC))


async def _watched(served: Served, ledger: SqliteLedger) -> tuple[list[float], float]:
    came: dict[str, list[float]] = {f"mark-{number}-": [] for number in range(ENTRIES)}
    listening = [asyncio.ensure_future(_listen(served.port, came)) for _ in range(WATCHING)]
    await asyncio.sleep(3)
    recorded: dict[str, float] = {}
    began, cpu = time.perf_counter(), tree_cpu_s(served.running.pid)
    for mark in came:
        recorded[mark] = time.perf_counter()
        await asyncio.to_thread(
            ledger.append, STREAM, [events.noted(mark)], expected=None, actor="ada", at=datetime.now(UTC)
        )
        await asyncio.sleep(EVERY_S)
    until = time.perf_counter() + 10
    while time.perf_counter() < until and any(len(times) < WATCHING for times in came.values()):
        await asyncio.sleep(0.05)
    used = (tree_cpu_s(served.running.pid) - cpu) / (time.perf_counter() - began)
    for each in listening:
        each.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    if any(len(times) != WATCHING for times in came.values()):
        short = {mark: len(times) for mark, times in came.items() if len(times) != WATCHING}
        raise Broken(f"not everybody was told once: {dict(list(short.items())[:5])}")
    return [at - recorded[mark] for mark, times in came.items() for at in times], used


async def _listen(port: int, came: dict[str, list[float]]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        writer.write(f"GET /live?incident=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        while line := await reader.readline():
            if b'"entries":[{' in line:
                now, text = time.perf_counter(), line.decode()
                for mark, times in came.items():
                    if mark in text:
                        times.append(now)
    finally:
        writer.close()


def tree_cpu_s(pid: int) -> float:
    """The processor time of a process and all below it."""
    fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    spent = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return spent + sum(tree_cpu_s(int(child)) for child in below)


def main() -> int:
    """Prints the rows; `python -m bench.incident_watch`."""
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The ledger beside the same inserts by hand: sixteen writers who each wait for the sync, and one writer alone.

The peer is one thread on one connection to a plain table with the same columns and key, with rows made beforehand: no
hash, no encoding, nothing handed from thread to thread. Once it syncs each event, as each of our writers has it; once
sixteen together, which no writer of single events could do, and which shows what the threads and the chain cost.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import apsw
from bench.table import Row, show, verdict

from opsbook.adapters.sqlite_ledger import SqliteLedger, tables
from opsbook.ledger.event import Draft

WRITERS = 16
EVENTS = 24_000
PAIRS = 3
AT_LEAST, AT_LEAST_A_SECOND = 0.5, 10_000
AT = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
FACTS = {"step": "2.1", "exit": 0, "output": "payments-7d9f restarted in 1.2 s", "host": "web-1"}


def ours(folder: Path, events: int) -> float:
    """Events a second of sixteen threads that append one at a time to a stream each."""
    with closing(SqliteLedger(str(folder / "ours.db"))) as ledger:

        def write(number: int) -> None:
            for _ in range(events // WRITERS):
                ledger.append(f"run/{number}", [Draft("StepSucceeded", FACTS)], expected=None, actor="ada", at=AT)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
        return events / timed(lambda: [*map(threading.Thread.start, threads), *map(threading.Thread.join, threads)])


def alone(folder: Path, events: int) -> float:
    """Milliseconds that one append takes when nobody else writes."""
    with closing(SqliteLedger(str(folder / "alone.db"))) as ledger:

        def write() -> None:
            for _ in range(events):
                ledger.append("run/1", [Draft("StepSucceeded", FACTS)], expected=None, actor="ada", at=AT)

        return timed(write) / events * 1000


def by_hand(folder: Path, events: int, together: int) -> float:
    """Events a second of one thread that inserts rows, so many `together` in a commit."""
    rows = [
        (f"run/{n % WRITERS}", 1 + n // WRITERS, n + 1, 1, "ada", "StepSucceeded", str(FACTS), "0" * 64, "1" * 64)
        for n in range(events)
    ]
    with closing(apsw.Connection(str(folder / f"hand-{together}.db"))) as connection:
        connection.pragma("journal_mode", "WAL")
        connection.pragma("synchronous", "FULL")
        connection.execute(
            "CREATE TABLE event(position INTEGER PRIMARY KEY, stream TEXT, number INTEGER, at INTEGER, actor TEXT,"
            " kind TEXT, facts TEXT, previous_hash TEXT, hash TEXT, UNIQUE(stream, number))"
        )
        insert = f"INSERT INTO event({tables.COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"

        def write() -> None:
            for start in range(0, events, together):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(insert, rows[start : start + together])
                connection.execute("COMMIT")

        return events / timed(write)


def timed(work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def rows(events: int = EVENTS, pairs: int = PAIRS) -> list[Row]:
    """Events a second with sixteen writers, in turns with the peers; the time of an append alone; that of a look."""
    measured: list[tuple[float, float, float]] = []
    for _ in range(pairs):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            one, sixteen = by_hand(folder, events // 4, 1), by_hand(folder, events, WRITERS)
            measured.append((ours(folder, events), one, sixteen))
    with tempfile.TemporaryDirectory() as place:
        latency = alone(Path(place), 500)
        with closing(SqliteLedger(str(Path(place) / "alone.db"))) as ledger:
            head = timed(lambda: [ledger.head() for _ in range(10_000)]) / 10_000 * 1e6
    what = f"ledger, events/s, {WRITERS} writers"
    ratio = median(mine / one for mine, one, _ in measured)
    is_reached = ratio >= AT_LEAST and median(mine for mine, _, _ in measured) >= AT_LEAST_A_SECOND
    judged = compared(what, "by hand", [(mine, one) for mine, one, _ in measured])
    return [
        judged._replace(aim=f"≥ {AT_LEAST}×, ≥ {AT_LEAST_A_SECOND:,}/s", reached=verdict(is_reached)),
        compared(what, f"by hand, {WRITERS} a commit", [(mine, sixteen) for mine, _, sixteen in measured]),
        Row("ledger, one append, synced", f"{latency:.2f} ms"),
        Row("ledger, has it moved?", f"{head:.1f} µs"),
    ]


def compared(what: str, peer: str, sides: list[tuple[float, float]]) -> Row:
    """The row of two rates that were measured in turns."""
    ratios = sorted(mine / theirs for mine, theirs in sides)
    mine, theirs = (median(side) for side in zip(*sides, strict=True))
    shown = f"{median(ratios):.2f}× ({ratios[0]:.2f}–{ratios[-1]:.2f}, {len(sides)} pairs)"
    return Row(what, f"{mine:,.0f}/s", f"{peer} {theirs:,.0f}/s", shown)


def main() -> int:
    """Prints the rows; `python -m bench.ledger [EVENTS [PAIRS]]`."""
    show(rows(*map(int, sys.argv[1:3])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The ledger on PostgreSQL beside the same inserts by hand: sixteen writers who wait for each commit, and one alone.

The server is one of its own on this machine's disk, reached by a socket, with fsync on. The peer is one thread on one
connection to a plain table with the same columns and keys, with rows made beforehand: no hash, no encoding, no lock, no
trigger, no notification. Once it commits each event, as each of our writers has it; once sixteen together.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from statistics import median

import psycopg
from bench.ledger import AT, FACTS, WRITERS, compared, timed
from bench.table import Absent, Row, show, verdict
from tests.postgres import PostgresServer, postgres_programs, running_postgres

from opsbook.adapters.postgres_ledger import PostgresLedger, tables
from opsbook.ledger.event import Draft

EVENTS = 8_000
PAIRS = 3
AT_LEAST = 0.5


def ours(url: str, events: int) -> float:
    """Events a second of sixteen threads that append one at a time to a stream each."""
    with closing(PostgresLedger(url)) as ledger:

        def write(number: int) -> None:
            for _ in range(events // WRITERS):
                ledger.append(f"run/{number}", [Draft("StepSucceeded", FACTS)], expected=None, actor="ada", at=AT)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
        return events / timed(lambda: [*map(threading.Thread.start, threads), *map(threading.Thread.join, threads)])


def alone(url: str, events: int) -> tuple[float, float]:
    """Milliseconds that one append takes when nobody else writes, and that a look takes whether it has moved."""
    with closing(PostgresLedger(url)) as ledger:

        def write() -> None:
            for _ in range(events):
                ledger.append("run/1", [Draft("StepSucceeded", FACTS)], expected=None, actor="ada", at=AT)

        latency = timed(write) / events * 1000
        return latency, timed(lambda: [ledger.head() for _ in range(1000)])


def by_hand(url: str, events: int, together: int) -> float:
    """Events a second of one thread that inserts rows, so many `together` in a commit."""
    rows = [
        (f"run/{n % WRITERS}", 1 + n // WRITERS, n + 1, 1, "ada", "StepSucceeded", str(FACTS), "0" * 64, "1" * 64)
        for n in range(events)
    ]
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(
            "CREATE TABLE event(position bigint PRIMARY KEY, stream text, number bigint, at bigint, actor text,"
            " kind text, facts text, previous_hash text, hash text, UNIQUE(stream, number))"
        )
        insert = f"INSERT INTO event({tables.COLUMNS}) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s)"

        def write() -> None:
            for start in range(0, events, together):
                if together == 1:
                    connection.execute(insert, rows[start])
                    continue
                with connection.transaction(), connection.cursor() as cursor:
                    cursor.executemany(insert, rows[start : start + together])

        return events / timed(write)


@contextmanager
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL of its own; raises Absent where this machine has none."""
    programs = postgres_programs()
    if programs is None:
        raise Absent("PostgreSQL is not installed here")
    with running_postgres(programs, is_on_disk=True) as running:
        yield running


def rows(events: int = EVENTS, pairs: int = PAIRS) -> list[Row]:
    """Events a second with sixteen writers, in turns with the peers; the time of an append alone; that of a look."""
    measured: list[tuple[float, float, float]] = []
    with server() as running:
        for _ in range(pairs):
            one, sixteen = by_hand(running.fresh(), events // 4, 1), by_hand(running.fresh(), events, WRITERS)
            measured.append((ours(running.fresh(), events), one, sixteen))
        latency, look = alone(running.fresh(), 500)
    what = f"ledger on PostgreSQL, events/s, {WRITERS} writers"
    is_reached = median(mine / one for mine, one, _ in measured) >= AT_LEAST
    judged = compared(what, "by hand", [(mine, one) for mine, one, _ in measured])
    return [
        judged._replace(aim=f"≥ {AT_LEAST}×", reached=verdict(is_reached)),
        compared(what, f"by hand, {WRITERS} a commit", [(mine, sixteen) for mine, _, sixteen in measured]),
        Row("ledger on PostgreSQL, one append, synced", f"{latency:.2f} ms"),
        Row("ledger on PostgreSQL, has it moved?", f"{look:.2f} ms"),
    ]


def main() -> int:
    """Prints the rows; `python -m bench.ledger_postgres [EVENTS [PAIRS]]`."""
    show(rows(*map(int, sys.argv[1:3])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

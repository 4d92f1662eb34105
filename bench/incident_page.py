"""The page of an incident with ten thousand entries: the first paint, the entries that come with it, and composing them
from nothing."""

from __future__ import annotations

import http.client
import os
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.incident_watch import STREAM, a_book, declare, opened
from bench.servers import serving_ours
from bench.table import Broken, Row, show, verdict

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger import incident
from opsbook.ledger import incident_events as events
from opsbook.usecases.incident_timeline import Timelines

ENTRIES = int(os.environ.get("OPSBOOK_BENCH_ENTRIES", "10000"))
RUNS = int(os.environ.get("OPSBOOK_BENCH_RUNS", "15"))


def rows() -> list[Row]:
    """The page, its first entries, older ones; the fold; the timeline cold, and with one more."""
    with tempfile.TemporaryDirectory(prefix="opsbook-bench-") as place:
        book = a_book(Path(place))
        with closing(opened(book)) as ledger:
            declare(ledger, ENTRIES)
            made = _composed(ledger)
        with serving_ours(book) as served:
            served.first("/healthz")
            first = _ms(served.port, "/incidents/1/timeline", {"hx-request": "true"}, runs=1)
            page = _ms(served.port, "/incidents/1", {})
            part = _ms(served.port, "/incidents/1/timeline", {"hx-request": "true"})
    paint = page + part
    of = f"an incident of {ENTRIES} entries"
    return [
        *made,
        Row(f"{of}: its page", f"{page:.0f} ms", "", "", "≤ 150 ms", verdict(page <= 150)),
        Row(f"{of}: its page and the first 60 entries", f"{paint:.0f} ms (the very first {page + first:.0f} ms)", "",
            "", "≤ 150 ms", verdict(paint <= 150)),
    ]  # fmt: skip


def _composed(ledger: SqliteLedger) -> list[Row]:
    read = ledger.read(STREAM)
    found = incident.folded(read)
    if found is None:
        raise Broken("there is no incident")
    fold = _best(lambda: incident.folded(read))
    cold = _best(lambda: Timelines(ledger, now=lambda: datetime.now(UTC)).entries(found))
    timelines = Timelines(ledger, now=lambda: datetime.now(UTC))
    timelines.entries(found)
    more = []
    for _ in range(RUNS):
        ledger.append(STREAM, [events.noted("one more")], expected=None, actor="ada", at=datetime.now(UTC))
        began = time.perf_counter()
        timelines.entries(found)
        more.append((time.perf_counter() - began) * 1000)
    one = statistics.median(more)
    return [
        Row(f"fold of an incident with {ENTRIES} entries", f"{fold:.0f} ms", "", "", "≤ 50 ms", verdict(fold <= 50)),
        Row(f"timeline of {ENTRIES} entries from nothing", f"{cold:.0f} ms", "", "", "≤ 150 ms", verdict(cold <= 150)),
        Row("the same with one more", f"{one:.1f} ms", "", "", "≤ 2 ms", verdict(one <= 2)),
    ]


def _best(act: object) -> float:
    times = []
    for _ in range(min(RUNS, 7)):
        began = time.perf_counter()
        act()  # type: ignore[operator]
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _ms(port: int, path: str, headers: dict[str, str], *, runs: int = 0) -> float:
    times = []
    for _ in range(runs or RUNS):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - began) * 1000)
        connection.close()
        if answer.status != 200:
            raise Broken(f"{path} answers {answer.status}")
    return statistics.median(times)


def main() -> int:
    """Prints the rows; `python -m bench.incident_page`."""
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

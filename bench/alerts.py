"""Alerts from their door to somebody's telephone, beside Alertmanager: how many are taken in a second, how soon one is
handed over, and a storm of very many over very many connections.

Both get the same bodies at the same address (`POST /api/v2/alerts`) and hand over to the same kind of receiver, a
webhook in a process of its own. Ours has synced what it answers 200 to; Alertmanager keeps alerts in memory. Both group
as the storm is grouped, and wait for nothing before they notify.
"""

from __future__ import annotations

import http.client
import json
import resource
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path

from bench import programs
from bench.alert_clients import Receiver, receiver, storm
from bench.servers import Served, free_port, serving, serving_ours
from bench.table import Absent, Broken, Row, show, verdict

A_BATCH, CONNECTIONS = 100, 4
INGESTED, ROUNDS = 20_000, 3  # alerts a round and side; rounds of each, in turns
SINGLE = 100  # alerts one by one, each when the one before was handed over
STORM, GROUPS, AT_ONCE = 100_000, 1_000, 9_000
PATIENCE_S = 120.0
PATH = "/api/v2/alerts"
PAGE = """# Storm Runbook

- **Service:** storm

## Troubleshooting

### BenchStorm

1. Look at it
   ```bash
   true
   ```
"""
PEER = """
route:
  receiver: hook
  group_by: [alertname, service, number]
  group_wait: 0s
  group_interval: 5m
  repeat_interval: 4h
receivers:
- name: hook
  webhook_configs:
  - url: http://127.0.0.1:{port}/
    send_resolved: false
"""
OURS = """[alerts]
group_by = ["alertname", "service", "number"]

[notify.channels]
"#hook" = "http://127.0.0.1:{port}/"

[paging]
catch_all = ["#hook"]
"""
_numbers = count(1)


def alert(number: int, group: int) -> dict[str, object]:
    """An alert as Prometheus sends it."""
    labels = {
        "alertname": "BenchStorm", "service": "storm", "severity": "critical", "number": f"g{group}",
        "instance": f"host-{number}.example.org:9100", "job": "node", "team": "platform",
    }  # fmt: skip
    words = {"summary": f"Disk of host-{number} is full", "description": "Less than 2 % are free for 5 minutes."}
    return {"labels": labels, "annotations": words, "generatorURL": "http://prometheus.example.org/graph?g0.expr=up"}


def bodies(alerts: int, each: int, groups: int) -> list[bytes]:
    """So many alerts that nobody was sent before, in bodies of `each`, spread over so many groups."""
    numbers = [next(_numbers) for _ in range(alerts)]
    first = numbers[0]
    made = [alert(number, first + (number - first) % groups) for number in numbers]
    return [json.dumps(made[start : start + each]).encode() for start in range(0, alerts, each)]


@contextmanager
def ours(place: Path, hook: Receiver, *words: str) -> Iterator[Served]:
    """Our server over a small book, with everybody reached by the receiver."""
    book = place / "book"
    book.mkdir(parents=True)
    (book / "storm.md").write_text(PAGE)
    (book / "opsbook.toml").write_text(OURS.format(port=hook.port))
    with serving_ours(book, *words) as served:
        served.first("/readyz")
        time.sleep(2)  # what pages begins once the web answers
        yield served


@contextmanager
def theirs(place: Path, hook: Receiver) -> Iterator[Served]:
    """Alertmanager with the same receiver."""
    place.mkdir(parents=True)
    (place / "alertmanager.yml").write_text(PEER.format(port=hook.port))
    port = free_port()
    command = [
        programs.alertmanager(), "--config.file=alertmanager.yml", f"--web.listen-address=127.0.0.1:{port}",
        "--storage.path=kept", "--cluster.listen-address=",
    ]  # fmt: skip
    with serving(command, port, place) as served:
        served.first("/-/ready")
        yield served


def posted(port: int, waiting: list[bytes], path: str = PATH) -> float:
    """Seconds in which all bodies were taken, over a few connections that stay open."""
    wrong: list[str] = []

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        while True:
            try:
                body = waiting.pop()
            except IndexError:
                break
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status not in (200, 201):
                wrong.append(f"{path} answers {answer.status}")
                break
        connection.close()

    senders = [threading.Thread(target=send) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    took = time.perf_counter() - began
    if wrong:
        raise Broken(wrong[0])
    return took


def ingest_rows(alerts: int = INGESTED, rounds: int = ROUNDS) -> list[Row]:
    """Alerts a second."""
    with both() as (mine, peer, _, _):
        rates: list[tuple[float, float]] = []
        for _ in range(rounds + 1):  # the first warms both
            rate = [alerts / posted(served.port, bodies(alerts, A_BATCH, GROUPS)) for served in (mine, peer)]
            rates.append((rate[0], rate[1]))
    counted = rates[1:]
    shares = [one / other for one, other in counted]
    share = statistics.median(shares)
    return [
        Row(
            f"alerts a second, bodies of {A_BATCH} on {CONNECTIONS} connections, ours synced",
            f"{statistics.median(one for one, _ in counted):,.0f}/s",
            f"alertmanager {statistics.median(other for _, other in counted):,.0f}/s",
            f"{share:.3g}× ({min(shares):.3g}–{max(shares):.3g}, {len(shares)} pairs)", "≥ 1×", verdict(share >= 1),
        )
    ]  # fmt: skip


def single_rows(times: int = SINGLE) -> list[Row]:
    """From the first byte of the request to the receiver's having the notification, nothing else to do."""
    with both() as (mine, peer, to_us, to_them):
        took: dict[str, list[float]] = {"ours": [], "theirs": []}
        for number in range(times + 3):
            for name, served, hook in (("ours", mine, to_us), ("theirs", peer, to_them)):
                one = _handed_over(served, hook)
                if number >= 3:  # the first warm both
                    took[name].append(one)
    ranks = {name: statistics.quantiles(each, n=100) for name, each in took.items()}
    rows = []
    for rank, aim in ((50, ""), (99, "≤ 2×")):
        own, other = ranks["ours"][rank - 1], ranks["theirs"][rank - 1]
        rows.append(
            Row(
                f"one alert, idle, to its notification handed over, p{rank}", f"{own * 1000:.1f} ms",
                f"alertmanager {other * 1000:.1f} ms", f"{own / other:.3g}×", aim,
                verdict(own <= 2 * other) if aim else "",
            )
        )  # fmt: skip
    return rows


def _handed_over(served: Served, hook: Receiver) -> float:
    (body,) = bodies(1, 1, 1)
    before = hook.count()
    began = time.time()
    posted(served.port, [body])
    return hook.at(before, PATIENCE_S) - began


def storm_rows(alerts: int = STORM, groups: int = GROUPS, at_once: int = AT_ONCE) -> list[Row]:
    """All at once: what is lost, when the first notification comes, what memory it takes; one side after the other."""
    at_once = _opened(at_once)
    found = {}
    sides: tuple[tuple[str, Callable[[Path, Receiver], object]], ...] = (("ours", ours), ("theirs", theirs))
    for name, side in sides:
        with ExitStack() as stack:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opsbook-bench-")))
            hook = stack.enter_context(receiver())
            served = stack.enter_context(side(place / name, hook))  # type: ignore[arg-type]
            found[name] = _stormed(served, hook, place / name, alerts, groups, at_once)
    (own, own_first, own_memory, own_s), (other, other_first, other_memory, other_s) = found["ours"], found["theirs"]
    what = f"storm: {alerts:,} alerts in {groups:,} groups, {at_once:,} connections at once"
    share = own_memory / other_memory
    return [
        Row(f"{what}: lost", str(alerts - own), f"alertmanager {alerts - other}", "", "0", verdict(own == alerts),
            note=f"All taken after {own_s:.1f} s, by alertmanager after {other_s:.1f} s."),
        Row("storm: first notification after", f"{own_first:.2f} s", f"alertmanager {other_first:.2f} s",
            f"{own_first / other_first:.3g}×", "≤ 2 s", verdict(own_first <= 2)),
        Row("storm: memory, all processes", f"{own_memory / 1e6:.0f} MB", f"alertmanager {other_memory / 1e6:.0f} MB",
            f"{share:.3g}×", "≤ 1.5×", verdict(share <= 1.5)),
    ]  # fmt: skip


def _stormed(
    served: Served, hook: Receiver, place: Path, alerts: int, groups: int, at_once: int
) -> tuple[int, float, float, float]:
    """Alerts that are there afterwards, seconds to the first notification, most memory, seconds until all are taken."""
    most = [served.held_bytes]
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            most.append(served.held_bytes)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        began, took = storm(served.port, bodies(alerts, -(-alerts // at_once), groups), at_once)
        first = hook.at(0, PATIENCE_S) - began
        _until_settled(hook.count, groups)
        kept = _of_ours(place, alerts)
    finally:
        over.set()
        looking.join()
    return kept if kept is not None else _of_theirs(served), first, max(most), took


def _until_settled(counted: Callable[[], int], wanted: int) -> int:
    """The count once it is what is wanted, or has not changed for a while."""
    last, changed = -1, time.monotonic()
    while time.monotonic() - changed < PATIENCE_S / 6:
        now = counted()
        if now >= wanted:
            return now
        if now != last:
            last, changed = now, time.monotonic()
        time.sleep(0.5)
    return last


def _of_ours(place: Path, wanted: int) -> int | None:
    """How many alerts our ledger has once all are routed; None for a side without one."""
    ledger = place / "book" / ".opsbook" / "opsbook.db"
    if not ledger.exists():
        return None
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        asked = "SELECT count(*) FROM view_row WHERE view = 'alerts'"
        return _until_settled(lambda: int(connection.execute(asked).fetchone()[0]), wanted)


def _of_theirs(served: Served) -> int:
    """How many alerts Alertmanager lists."""
    return served.get(PATH, timeout_s=PATIENCE_S)[1].count(b'"fingerprint":')


def _opened(at_once: int) -> int:
    """Raises the limit of open files, which the servers take over; Absent where the system does not allow so many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < at_once + 500:
        raise Absent(f"no {at_once:,} open files: `ulimit -Hn` allows {most:,}")
    return at_once


@contextmanager
def both() -> Iterator[tuple[Served, Served, Receiver, Receiver]]:
    """Both sides at work, each with a receiver of its own."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opsbook-bench-")))
        to_us, to_them = stack.enter_context(receiver()), stack.enter_context(receiver())
        peer = stack.enter_context(theirs(place / "theirs", to_them))
        mine = stack.enter_context(ours(place / "ours", to_us))
        yield mine, peer, to_us, to_them


def rows() -> list[Row]:
    """All of them."""
    programs.alertmanager()
    return [*single_rows(), *ingest_rows(), *storm_rows()]


def main() -> int:
    """Prints the rows; `python -m bench.alerts small` tries each with little."""
    if sys.argv[1:] == ["small"]:
        show([*single_rows(5), *ingest_rows(1000, 1), *storm_rows(2000, 20, 200)])
    else:
        show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Alertmanager's webhook taken by us and by Alerta 9: bodies of a hundred alerts that nobody was sent before.

Ours keeps them in SQLite, and once more in the same PostgreSQL as Alerta, with fsync on. Alerta is a WSGI application:
here one process for each processor answers, with threads, as whoever deploys it has it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from pathlib import Path
from statistics import median

from bench.alert_clients import receiver
from bench.alerts import A_BATCH, CONNECTIONS, alert, ours, posted
from bench.ledger_postgres import server
from bench.servers import Served, free_port, serving
from bench.table import Absent, Row, show, verdict

OURS, THEIRS = "/inlets/alertmanager", "/webhooks/prometheus"
ALERTS, ROUNDS = 5_000, 3  # a round and side
GROUPS = 100
# Threads answer in each process; the application makes its tables once, before there are several.
RUNS = """
import os, socket, sys
from alerta import create_app
from werkzeug.serving import WSGIRequestHandler, make_server
port, processes = map(int, sys.argv[1:])
application = create_app()
WSGIRequestHandler.protocol_version = "HTTP/1.1"
listener = socket.create_server(("127.0.0.1", port), backlog=128)
for _ in range(processes - 1):
    if os.fork() == 0:
        break
make_server("127.0.0.1", port, application, threaded=True, fd=listener.fileno()).serve_forever()
"""


def bodies(alerts: int, first: int) -> list[bytes]:
    """Notifications as Alertmanager sends them, each of one group."""
    made = []
    for start in range(first, first + alerts, A_BATCH):
        group = f"{{}}:{{alertname=\"BenchStorm\", number=\"g{start % GROUPS}\"}}"
        told = [_told(number, start % GROUPS) for number in range(start, start + A_BATCH)]
        made.append(json.dumps({
            "version": "4", "groupKey": group, "truncatedAlerts": 0, "status": "firing", "receiver": "hook",
            "groupLabels": {"alertname": "BenchStorm"}, "commonLabels": {"alertname": "BenchStorm"},
            "commonAnnotations": {}, "externalURL": "http://alertmanager.example.org:9093", "alerts": told,
        }).encode())  # fmt: skip
    return made


def _told(number: int, group: int) -> dict[str, object]:
    told = alert(number, group)
    fingerprint = blake2b(str(number).encode(), digest_size=8).hexdigest()
    times = {"startsAt": "2026-11-26T03:10:00.000Z", "endsAt": "0001-01-01T00:00:00Z"}
    return {"status": "firing", **told, **times, "fingerprint": fingerprint}


@contextmanager
def alerta(place: Path, url: str) -> Iterator[Served]:
    """Alerta over an empty database."""
    if importlib.util.find_spec("alerta") is None:
        raise Absent("no Alerta: `make bench` installs it")
    place.mkdir()
    settings = place / "alertad.conf"
    database = url.rpartition("/")[2] if "?" not in url else url.partition("?")[0].rpartition("/")[2]
    settings.write_text(
        f"DATABASE_URL = {url!r}\nDATABASE_NAME = {database!r}\nSECRET_KEY = 'bench'\nLOG_LEVEL = 'ERROR'\n"
    )
    port = free_port()
    command = [sys.executable, "-c", RUNS, str(port), str(os.cpu_count() or 1)]
    with _said("ALERTA_SVR_CONF_FILE", str(settings)), serving(command, port, place) as served:
        served.first("/management/gtg")
        yield served


@contextmanager
def _said(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name) if before is None else os.environ.update({name: before})


@contextmanager
def _three() -> Iterator[dict[str, tuple[Served, str]]]:
    """Ours on either database, and Alerta; each with the path that takes webhooks."""
    with server() as postgres, ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opsbook-bench-")))
        hook = stack.enter_context(receiver())
        theirs = stack.enter_context(alerta(place / "alerta", postgres.fresh()))
        on_sqlite = stack.enter_context(ours(place / "sqlite", hook))
        on_postgres = stack.enter_context(ours(place / "postgres", hook, "--db", postgres.fresh()))
        yield {"alerta": (theirs, THEIRS), "SQLite": (on_sqlite, OURS), "PostgreSQL": (on_postgres, OURS)}


def rows(alerts: int = ALERTS, rounds: int = ROUNDS) -> list[Row]:
    """Alerts a second, in turns."""
    rates: dict[str, list[float]] = {}
    with _three() as sides:
        for turn in range(rounds + 1):  # the first warms all
            for name, (served, path) in sides.items():
                took = posted(served.port, bodies(alerts, turn * alerts), path)
                rates.setdefault(name, []).append(alerts / took)
    theirs = rates.pop("alerta")[1:]
    found = []
    for name, own in rates.items():
        shares = [one / other for one, other in zip(own[1:], theirs, strict=True)]
        what = f"webhooks of {A_BATCH} alerts on {CONNECTIONS} connections, alerts/s, ours on {name}"
        told = f"{median(shares):.3g}× ({min(shares):.3g}–{max(shares):.3g}, {len(shares)} pairs)"
        found.append(Row(
            what, f"{median(own[1:]):,.0f}/s", f"alerta on PostgreSQL {median(theirs):,.0f}/s", told,
            "≥ 10×", verdict(median(shares) >= 10),
        ))  # fmt: skip
    return found


def main() -> int:
    """Prints the rows; `python -m bench.alerts_webhook [ALERTS [ROUNDS]]`."""
    show(rows(*map(int, sys.argv[1:3])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

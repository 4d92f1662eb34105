"""The page of a service with six graphs from a real Prometheus on the same machine: its page and the part with the
graphs, with nothing kept, and asked again. And the same page while the Prometheus is away."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.incident_watch import a_book
from bench.servers import Served, free_port, serving_ours
from bench.table import Absent, Broken, Row, show, verdict

RUNS = int(os.environ.get("OPSBOOK_BENCH_RUNS", "15"))
SCRAPED_S = float(os.environ.get("OPSBOOK_BENCH_SCRAPED_S", "20"))  # how much history there is
GRAPHS = 6
PAUSE_S = 10.5  # answers are kept for ten seconds
_RUNBOOK = """# Runbook: Watched

**Owner:** Ada

## Overview

It is watched.

## Monitoring

- **Alerts:** `WatchedBig`, `WatchedBusy`
"""
_METRICS = """# Metrics

| Metric | Service | Expression | Unit |
| --- | --- | --- | --- |
| Requests | watched | `sum by (handler) (rate(prometheus_http_requests_total[1m]))` | requests/s |
| Latency | watched | `max by (handler) (rate(prometheus_http_request_duration_seconds_sum[1m]))` | s |
| Memory | watched | `process_resident_memory_bytes` | bytes |
| Series | watched | `prometheus_tsdb_head_series` | |
| Goroutines | watched | `go_goroutines` | |
| Appended | watched | `rate(prometheus_tsdb_head_samples_appended_total[1m])` | |
"""
_ALERTS = """# Alerts

| Alert | Service | Expression | Meaning |
| --- | --- | --- | --- |
| WatchedBig | watched | `process_resident_memory_bytes > 1e9` | Too big |
| WatchedBusy | watched | `go_goroutines > 1000` | Too busy |
"""


def rows() -> list[Row]:
    """The page with its graphs, first and again, and the page while the Prometheus is away."""
    with tempfile.TemporaryDirectory(prefix="opsbook-bench-") as place:
        book = a_book(Path(place) / "book")
        _lay(book)
        with prometheus(Path(place) / "prometheus") as address, _serving(book, address) as served:
            whole = [_whole(served) for _ in range(max(2, RUNS // 5))]
            again = statistics.median(_asked(served) for _ in range(RUNS))
        with _serving(book, f"http://127.0.0.1:{free_port()}") as served:
            gone = statistics.median(_asked(served) for _ in range(RUNS))
    fresh = statistics.median(whole)
    of = f"a service page with {GRAPHS} graphs"
    return [
        Row(f"{of}: page and graphs, nothing kept", f"{fresh:.0f} ms", "", "", "≤ 150 ms", verdict(fresh <= 150)),
        Row(f"{of}: page and graphs, asked again", f"{again:.0f} ms", "", "", "≤ 150 ms", verdict(again <= 150)),
        Row(f"{of}: while Prometheus is away", f"{gone:.0f} ms", "", "", "≤ 150 ms", verdict(gone <= 150)),
    ]  # fmt: skip


def _lay(book: Path) -> None:
    pages = {"runbooks/watched.md": _RUNBOOK, "monitoring/metrics.md": _METRICS, "monitoring/alerts.md": _ALERTS}
    for name, text in pages.items():
        page = book / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")


@contextmanager
def _serving(book: Path, address: str) -> Iterator[Served]:
    (book / "opsbook.toml").write_text(f'[prometheus]\nurl = "{address}"\n', encoding="utf-8")
    with serving_ours(book) as served:
        served.first("/services/watched", b"graphs-live")
        _asked(served)  # what is loaded once
        yield served


def _whole(served: Served) -> float:
    """The page and its graphs once nothing of them is kept any more, in milliseconds."""
    time.sleep(PAUSE_S)
    return _asked(served)


def _asked(served: Served) -> float:
    began = time.perf_counter()
    _get(served.port, "/services/watched", b"graphs-live")
    _get(served.port, "/services/watched/graphs?range=1h", b"graph")
    return (time.perf_counter() - began) * 1000


def _get(port: int, path: str, needle: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"hx-request": "true"} if "graphs" in path else {})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200 or needle not in body:
            raise Broken(f"{path} answers {answer.status}")
    finally:
        connection.close()


@contextmanager
def prometheus(folder: Path) -> Iterator[str]:
    """A Prometheus that watches itself, once it has some history."""
    if shutil.which("prometheus") is None:
        raise Absent("prometheus is not installed")
    folder.mkdir()
    port = free_port()
    target = [{"job_name": "watched", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]
    config = {"global": {"scrape_interval": "1s"}, "scrape_configs": target}
    (folder / "prometheus.yml").write_text(json.dumps(config))
    running = subprocess.Popen(
        ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
         f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, f"count_over_time(up[5m]) >= {SCRAPED_S:.0f}")
        yield address
    finally:
        running.terminate()
        running.wait(30)


def _wait(address: str, asked: str) -> None:
    url = f"{address}/api/v1/query?{urllib.parse.urlencode({'query': asked})}"
    ends = time.monotonic() + 60 + 2 * SCRAPED_S
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if json.loads(answer.read())["data"]["result"]:
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise Broken("Prometheus has no history")


def main() -> int:
    """Prints the rows."""
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

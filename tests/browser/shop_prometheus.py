"""The Prometheus of the shop, with a day of history: for pictures, and for tests that look at graphs in a browser."""

from __future__ import annotations

import math
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from tests.adapters.prometheus_running import CALM, PATIENCE_S, _until_it_tells

STEP_S = 60
RULES = """
groups:
- name: shop
  interval: 1s
  rules:
  - {alert: CheckoutOrdersWaiting, expr: orders_waiting > 100, labels: {severity: P2}}
  - {alert: CheckoutDown, expr: 'up{job="checkout"} < 1', for: 2m, labels: {severity: P1}}
  - {alert: PaymentsDown, expr: 'bank_up < 1', labels: {severity: P1}}
"""


def history(now: datetime, hours: int = 25) -> str:
    """A day of the shop as OpenMetrics: quiet at night, and orders that wait since the bank does not answer."""
    families: dict[str, list[str]] = {}
    end = int(now.timestamp()) // STEP_S * STEP_S  # no later: what lies before the end of a block cannot be written any more
    done: dict[str, float] = {}
    for at in range(end - hours * 3600, end + 1, STEP_S):
        day = 0.5 - 0.5 * math.cos((at % 86_400) / 86_400 * 2 * math.pi)
        wobble = math.sin(at / 257) * 0.2 + math.sin(at / 61) * 0.1
        ago = end - at
        for path, share in (("cart", 5.0), ("pay", 1.5), ("search", 9.0), ("item", 7.0), ("login", 1.0), ("help", 0.4), ("home", 8.0)):
            done[path] = done.get(path, 0.0) + STEP_S * share * (0.3 + day) * (1 + wobble)
            _add(families, "orders", "counter", f'orders_total{{job="checkout",path="/{path}"}} {done[path]:.2f} {at}')
        waiting = 4 + 3 * day + 2 * wobble + (110 * (1 - math.exp(-(1500 - ago) / 500)) if ago < 1500 else 0)
        _add(families, "orders_waiting", "gauge", f"orders_waiting {waiting:.2f} {at}")
        if not 2100 < ago < 2700:  # it was not scraped for ten minutes
            for quantile, slow in (("0.5", 0.08), ("0.99", 0.42)):
                value = slow * (1 + day / 2 + wobble) * (1.8 if ago < 1500 else 1)
                _add(families, "checkout_latency_seconds", "gauge", f'checkout_latency_seconds{{quantile="{quantile}"}} {value:.4f} {at}')
        _add(families, "checkout_memory_bytes", "gauge", f"checkout_memory_bytes {4e8 + 2e8 * ((at % 9000) / 9000):.0f} {at}")
        _add(families, "checkout_errors_ratio", "gauge", f"checkout_errors_ratio {max(0.0, 0.004 + 0.004 * wobble + (0.03 if ago < 1200 else 0)):.5f} {at}")
        _add(families, "up", "gauge", f'up{{job="checkout"}} 1 {at}')
        _add(families, "bank_up", "gauge", f"bank_up {0 if ago < 1500 else 1} {at}")
        if 900 <= ago <= 1140:
            _add(families, "ALERTS", "gauge", f'ALERTS{{alertname="CheckoutOrdersWaiting",alertstate="pending"}} 1 {at}')
        if ago < 900:
            _add(families, "ALERTS", "gauge", f'ALERTS{{alertname="CheckoutOrdersWaiting",alertstate="firing"}} 1 {at}')
    return "".join(f"# TYPE {name}\n" + "".join(f"{line}\n" for line in sorted_by_series(lines)) for name, lines in families.items()) + "# EOF\n"


def _add(families: dict[str, list[str]], name: str, kind: str, line: str) -> None:
    families.setdefault(f"{name} {kind}", []).append(line)


def sorted_by_series(lines: list[str]) -> list[str]:
    """The lines, those of one series together, as OpenMetrics asks."""
    return sorted(lines, key=lambda line: line.rsplit(" ", 2)[0])


@contextmanager
def prometheus(folder: Path, now: datetime) -> Iterator[str]:
    """The address of a Prometheus that knows the last day of the shop."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "history.om").write_text(history(now))
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", str(folder / "history.om"), str(folder / "tsdb")],
                   check=True, stdout=subprocess.DEVNULL, env=CALM)  # fmt: skip
    (folder / "rules.yml").write_text(RULES)
    (folder / "prometheus.yml").write_text("rule_files: [rules.yml]\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    with open(os.devnull, "wb") as nowhere:
        server = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address=127.0.0.1:{port}"], stdout=nowhere, stderr=nowhere, env=CALM,
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        _until_it_tells(address, 'ALERTS{alertname="PaymentsDown"}', server)
        yield address
    finally:
        server.terminate()
        server.wait(PATIENCE_S)



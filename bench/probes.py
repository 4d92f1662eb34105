"""Probes over HTTP beside prometheus-blackbox-exporter: how many a second, and what processor time each takes.

Both ask the same local nginx, with a new connection for each probe and 64 in flight. The exporter probes once for each
request that it gets: those come over 64 kept connections from a client that does as little as it can. What nginx and
that client take is counted for neither side.
"""

from __future__ import annotations

import json
import os
import re
import resource
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import programs
from bench.servers import Served, free_port, serving
from bench.table import Broken, Row, show, verdict

IN_FLIGHT = 64
PAIRS = 7
OURS, THEIRS = 12_000, 3_000  # about as long for both
WARM_UP = 500

_NGINX = """
worker_processes 1; daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ return 200 "ok"; }} }}
}}
"""
_EXPORTER = "modules: {http_2xx: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}}\n"
# Where a chunk of the exporter's answer ends and the next begins, in the midst of a line.
_CHUNK = re.compile(rb"\r\n[0-9a-f]+\r\n")


class Burst(NamedTuple):
    """Many probes: how many there were, and the seconds and the processor's seconds that they took."""

    count: int
    wall_s: float
    cpu_s: float

    @property
    def rate(self) -> float:
        """Probes a second."""
        return self.count / self.wall_s

    @property
    def cpu_us(self) -> float:
        """Processor time of one, in microseconds."""
        return self.cpu_s / self.count * 1_000_000


def rows() -> list[Row]:
    """The rate, and the processor time of a probe."""
    pairs = int(os.environ.get("BENCH_PAIRS", PAIRS))
    with tempfile.TemporaryDirectory() as place, endpoint(Path(place)) as url, exporter(Path(place)) as served:
        theirs(served, url, WARM_UP)
        measured = [(ours(url), theirs(served, url, THEIRS)) for _ in range(pairs)]
    faster = [mine.rate / other.rate for mine, other in measured]
    cheaper = [mine.cpu_us / other.cpu_us for mine, other in measured]
    mine, others = [pair[0] for pair in measured], [pair[1] for pair in measured]
    return [
        _row("probes/s, new connection, 64 in flight", (rate(mine), rate(others)), faster, "≥ 4×",
             statistics.median(faster) >= 4),
        _row("processor time of a probe", (cpu(mine), cpu(others)), cheaper, "≤ 0.2×",
             statistics.median(cheaper) <= 0.2),
    ]  # fmt: skip


def _row(what: str, figures: tuple[str, str], ratios: list[float], aim: str, is_reached: bool) -> Row:
    spread = f"{min(ratios):.3g}–{max(ratios):.3g}, {len(ratios)} pairs"
    ratio = f"{statistics.median(ratios):.3g}× ({spread})"
    return Row(what, figures[0], f"blackbox_exporter {figures[1]}", ratio, aim, verdict(is_reached))


def rate(bursts: list[Burst]) -> str:
    """The median rate, in words."""
    return f"{statistics.median(burst.rate for burst in bursts):,.0f}/s"


def cpu(bursts: list[Burst]) -> str:
    """The median processor time of a probe, in words."""
    return f"{statistics.median(burst.cpu_us for burst in bursts):.0f} µs"


@contextmanager
def endpoint(place: Path) -> Iterator[str]:
    """The address of a small answer of nginx, with everything that it writes in `place`."""
    port = free_port()
    config = place / "nginx.conf"
    config.write_text(_NGINX.format(folder=place, port=port), encoding="utf-8")
    command = (programs.nginx(), "-p", str(place), "-c", str(config), "-e", str(place / "error.log"))
    with serving(command, port, place) as served:
        served.first("/", b"ok")
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def exporter(place: Path) -> Iterator[Served]:
    """The exporter with one module, ready."""
    port = free_port()
    config = place / "blackbox.yml"
    config.write_text(_EXPORTER, encoding="utf-8")
    words = (f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error")
    with serving((programs.blackbox_exporter(), *words), port, place) as served:
        served.first("/metrics", b"blackbox_exporter")
        yield served


def ours(url: str) -> Burst:
    """A burst of ours in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.probes", url, str(OURS)],
        cwd=programs.ROOT, env=programs.environment(), capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    if done.returncode:
        raise Broken(f"our probes end with {done.returncode}: {done.stderr.decode(errors='replace')[-200:]}")
    return Burst(*json.loads(done.stdout))


def burst_of_ours(url: str, count: int) -> Burst:
    """Asks so often with the prober of the product, after a warm-up. Raises Broken unless every reading is good."""
    from opsbook.adapters.http_prober import HttpProber
    from opsbook.book.probe import Probe
    from opsbook.book.probe_reach import Reach

    prober = HttpProber(Reach(), agent="Opsbook/bench", in_flight=IN_FLIGHT)
    probe = Probe(url, "bench.md", 1, 0, 1, None, "http", url)
    outcomes: list[str] = []
    prober.ask([probe] * WARM_UP, lambda _probe, _reading: None)
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    prober.ask([probe] * count, lambda _probe, reading: outcomes.append(reading.outcome))
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    if outcomes.count("ok") != count:
        raise Broken(f"of {count} probes {outcomes.count('ok')} are good")
    return Burst(count, wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def theirs(served: Served, url: str, count: int) -> Burst:
    """A burst of the exporter's; its processor time is that of its whole process."""
    request = f"GET /probe?module=http_2xx&target={url} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    before, began = served.cpu_s, time.perf_counter()
    _request_often(served.port, request, count)
    return Burst(count, time.perf_counter() - began, served.cpu_s - before)


def _request_often(port: int, request: bytes, count: int) -> None:
    """Sends the request so often over kept connections, one at a time on each."""
    made = [socket.create_connection(("127.0.0.1", port)) for _ in range(IN_FLIGHT)]
    connections = {each.fileno(): each for each in made}
    came = dict.fromkeys(connections, b"")
    poll = select.poll()
    sent = good = 0
    for number, connection in connections.items():
        poll.register(number, select.POLLIN)
        connection.sendall(request)
        sent += 1
    while good < count:
        for number, _events in poll.poll(10_000) or _silent():
            came[number] += connections[number].recv(65536)
            if not _is_whole(came[number]):
                continue
            if b"\nprobe_success 1\n" not in _CHUNK.sub(b"", came[number]):
                raise Broken("a probe of the exporter did not succeed")
            good += 1
            came[number] = b""
            if sent < count:
                connections[number].sendall(request)
                sent += 1
    for connection in made:
        connection.close()


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0].strip()
    return len(body) >= int(length) if length else body.endswith(b"\r\n0\r\n\r\n")


def _silent() -> list[tuple[int, int]]:
    raise Broken("the exporter did not answer")


def main(words: list[str]) -> int:
    """Prints the rows, or the burst of an address and a count; `python -m bench.probes`."""
    if words:
        sys.stdout.write(json.dumps(burst_of_ours(words[0], int(words[1]))))
        return 0
    programs.compile_ours()
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

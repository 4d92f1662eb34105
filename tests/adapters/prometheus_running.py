"""A Prometheus that runs, for tests: it watches itself and nothing else."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 30
CALM = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TZ": "UTC"}


@contextmanager
def running(folder: Path, rules: str, *, ready: str = "up") -> Iterator[str]:
    """The address of a Prometheus with these rules, once it has an answer to `ready`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rules.yml").write_text(rules)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs:\n"
        f"  - {{job_name: api, static_configs: [{{targets: ['127.0.0.1:{port}'], labels: {{team: payments}}}}]}}\n"
        "  - {job_name: gone, static_configs: [{targets: ['127.0.0.1:1']}]}\n"
    )
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
         f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log, env=CALM,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _until_it_tells(address, ready, server)
        yield address
    finally:
        server.terminate()
        server.wait(PATIENCE_S)
        log.close()


def _until_it_tells(address: str, ready: str, server: subprocess.Popen[bytes]) -> None:
    stops_at = time.monotonic() + PATIENCE_S
    asked = f"{address}/api/v1/query?{urllib.parse.urlencode({'query': ready})}"
    while True:
        assert server.poll() is None, "it ended"
        assert time.monotonic() < stops_at, "it never told anything"
        try:
            with urllib.request.urlopen(asked, timeout=2) as answer:
                if json.loads(answer.read())["data"]["result"]:
                    return
        except OSError:
            pass
        time.sleep(0.05)

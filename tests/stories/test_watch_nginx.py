"""A night with a real nginx, over the desk of a real server: stopped, it turns red, and green again after."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.stories.opsbook_program import write

from opsbook.config import load
from opsbook.desk_parts import build_desk

EVERY_S = 1.0
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{ listen 127.0.0.1:{port}; location = /health {{ return 200 '{{"status":"ok","service":"web"}}'; }} }}
}}
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def nginx(tmp_path: Path, port: int, needs: Callable[[str], str]) -> Callable[[], subprocess.Popen[bytes]]:
    """Starts nginx, and returns when it listens."""
    program, folder = needs("nginx"), tmp_path / "nginx"
    folder.mkdir()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))

    def start() -> subprocess.Popen[bytes]:
        command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
        running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: listens(port))
        return running

    return start


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Callable[[], bool], seconds: float = 10.0) -> float:
    """Waits until something holds, and returns how long that took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds
        time.sleep(0.02)  # nothing tells of a server that has begun to listen
    return time.monotonic() - began


def test_a_stopped_server_turns_red_within_three_frequencies_and_green_again_after(tmp_path, port, nginx):
    book = write(tmp_path / "book", {
        ".git/HEAD": "ref: refs/heads/main\n",
        "docs/operations/runbooks/web.md": f"# Web Runbook\n\n**Service:** web\n\n## Health Checks\n\n"
        f"- **Health Check URL:** http://127.0.0.1:{port}/health\n"
        '- **Expected Response:** 200 OK with `{"status":"ok","service":"web"}`\n- **Check Frequency:** 1s\n',
    })  # fmt: skip
    running = nginx()
    config = load(book=str(book / "docs/operations"), environ={}, here=str(book))
    with build_desk(config, "http://127.0.0.1:1") as desk:

        def state() -> str:
            return next((health.state for health in desk.watch.healths().values()), "")

        try:
            until(lambda: state() == "healthy")
            running.terminate()
            running.wait()
            took = until(lambda: state() == "unhealthy")
            (health,) = desk.watch.healths().values()
            assert took < 3 * EVERY_S + 1  # and what a busy machine takes
            assert f"3 readings in a row failed: 127.0.0.1:{port} refuses the connection" in health.why
            running = nginx()
            assert until(lambda: state() == "healthy") < 3 * EVERY_S + 1
        finally:
            running.terminate()
            running.wait()
        (stream,) = desk.ledger.streams("probe/")
        until(lambda: [event.facts["to"] for event in desk.ledger.read(stream)] == ["healthy", "unhealthy", "healthy"])
        key = stream.removeprefix("probe/")
        until(lambda: any(reading.outcome == "refused" for reading in desk.samples.last(key, 50)))

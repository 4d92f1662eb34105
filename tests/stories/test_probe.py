"""`opsbook probe` as a person runs it, against servers that really answer or do not."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.stories.opsbook_program import SOURCE, asked, run, write


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"status": "ok", "path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Healthy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def closed() -> int:
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def book(folder: Path, port: int, closed: int) -> Path:
    return write(folder, {
        ".git/HEAD": "ref: refs/heads/main\n",
        "docs/operations/runbooks/web.md": f"# Web Runbook\n\n**Service:** web\n\n- **Health Check URL:** http://127.0.0.1:{port}/health\n"
        '- **Expected Response:** 200 OK with `"status": "ok"`, within 5s\n',
        "docs/operations/runbooks/api.md": f"# API Runbook\n\n**Service:** api\n\n- **Health Check URL:** http://127.0.0.1:{closed}/\n",
    })  # fmt: skip


def test_one_that_is_down_is_told_with_its_reason_and_its_line(tmp_path, port, closed):
    done = run("probe", here=book(tmp_path, port, closed))
    assert done.returncode == 1
    assert done.stdout.split("\n")[0].split() == ["unhealthy", "api", f"http://127.0.0.1:{closed}/"]
    assert f"127.0.0.1:{closed}" in done.stdout.split("\n")[1]
    assert "docs/operations/runbooks/api.md:5" in done.stdout
    assert done.stdout.endswith("2 probes: 1 healthy, 1 unhealthy.\n")
    assert "\x1b" not in done.stdout


def test_one_service_alone_may_be_asked(tmp_path, port, closed):
    folder = book(tmp_path, port, closed)
    answer = asked("probe", "web", here=folder, status=0)
    assert answer["summary"] == {"healthy": 1, "unhealthy": 0}
    (probe,) = answer["probes"]
    assert (probe["state"], probe["status"], probe["looked_at"]) == ("healthy", 200, 'status 200, JSON with {"status": "ok"}, within 5 s')
    assert run("probe", "wbe", here=folder).returncode == 2


def test_an_address_is_rewritten_as_configured(tmp_path, port, closed):
    folder = book(tmp_path, port, closed)
    write(folder, {"opsbook.toml": f'[probes.rewrite]\n"127.0.0.1:{closed}" = "127.0.0.1:{port}"\n'})
    assert asked("probe", here=folder, status=0)["summary"] == {"healthy": 2, "unhealthy": 0}


def test_a_book_without_health_checks_is_fine(tmp_path):
    folder = write(tmp_path, {".git/HEAD": "ref: refs/heads/main\n", "docs/operations/README.md": "# Book\n"})
    done = run("probe", here=folder)
    assert (done.returncode, done.stdout.split("\n")[0]) == (0, "No page of this book names a health check that can be asked. Write one into a runbook:")
    assert asked("probe", here=folder) == {"probes": [], "summary": {"healthy": 0, "unhealthy": 0}}


def on_a_terminal(folder: Path, **environment: str) -> str:
    """What a person at a terminal of 100 × 40 is shown."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "TERM": "xterm", **environment}
    command = [sys.executable, "-m", "opsbook", "probe"]
    with subprocess.Popen(command, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as started:
        os.close(theirs)
        shown = b""
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:  # the other side is closed: Linux says EIO
                break
            if not more:
                break
            shown += more
        started.wait(timeout=30)
    os.close(ours)
    return shown.decode()


def test_on_a_terminal_the_table_fills_in_place(tmp_path, port, closed):
    shown = on_a_terminal(book(tmp_path, port, closed))
    assert "asking" in shown
    assert "\x1b[2A" in shown
    assert shown.rstrip().endswith("2 probes: 1 healthy, 1 unhealthy.\x1b[0m")


def test_on_a_terminal_that_obeys_nothing_only_the_answer_is_printed(tmp_path, port, closed):
    assert "\x1b" not in on_a_terminal(book(tmp_path, port, closed), TERM="dumb")


def test_colours_can_be_refused(tmp_path, port, closed):
    assert "\x1b[3" not in on_a_terminal(book(tmp_path, port, closed), NO_COLOR="1")

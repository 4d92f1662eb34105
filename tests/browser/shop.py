"""The shop: a small book whose services can be asked, in a git repository of its own, served by the real program."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

PAGES = Path(__file__).parent / "shop"
SOURCE = Path(__file__).resolve().parents[2] / "src"
CHECKOUT = "docs/operations/runbooks/checkout.md"
WHO = ("-c", "user.name=Kim Okafor", "-c", "user.email=kim@example.org", "-c", "commit.gpgsign=false")
READY_S = 60.0


class Endpoints:
    """The services of the shop: what each answers to its health check, which a test may change."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str]] = {
            "/checkout/healthz": (200, '{"status": "ok", "version": "v2.4.1"}'),
            "/payments/healthz": (503, "the bank does not answer"),
            "/database/healthz": (200, '{"role": "primary", "lag_s": 0}'),
            "/mail/healthz": (200, "ok"),
        }
        self.port = 0


class Shop(NamedTuple):
    """The shop while it is served: where, by which link one signs in, its repository and its services."""

    address: str
    link: str
    root: Path
    endpoints: Endpoints


@contextmanager
def endpoints() -> Iterator[Endpoints]:
    """The services while they answer, on a free port of loopback."""
    known = Endpoints()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = known.answers.get(self.path, (404, ""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    known.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def git(root: Path, *words: str) -> str:
    """What git prints in a repository."""
    said = subprocess.run(["git", "-C", root, *WHO, *words], check=True, capture_output=True, text=True)
    return said.stdout


def lay(root: Path, port: int, settings: str = "") -> None:
    """Lays the book into a folder and commits it, the checkout last; `settings` are those of opsbook.toml."""
    shutil.copytree(PAGES, root, dirs_exist_ok=True)
    if settings:
        (root / "opsbook.toml").write_text(settings, encoding="utf-8")
    for page in root.rglob("*.md"):
        page.write_text(page.read_text(encoding="utf-8").replace("{PORT}", str(port)), encoding="utf-8")
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "config", "user.name", "Kim Okafor")
    git(root, "config", "user.email", "kim@example.org")
    for what, words in (("docs/operations/runbooks", "runbooks: the services of the shop"), (".", "operations: policy and alerts")):
        git(root, "add", what)
        git(root, "commit", "--quiet", "--message", words)
    page = root / CHECKOUT
    page.write_text(page.read_text(encoding="utf-8").replace("~~Freeze~~ Slow", "Slow"), encoding="utf-8")
    git(root, "commit", "--quiet", "--all", "--message", "checkout: deployments are slowed before a sale")


@contextmanager
def serving(root: Path, *words: str) -> Iterator[tuple[str, str]]:
    """The address of a server of the book in a folder and the link that signs in once; it is ended by its id."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("OPSBOOK_", "GIT_"))}
    command = [sys.executable, "-m", "opsbook", "serve", "--port", "0", *words]
    with subprocess.Popen(
        command, cwd=root, env={**environ, "PYTHONPATH": str(SOURCE)}, stdout=subprocess.PIPE, text=True,
    ) as program:  # fmt: skip
        assert program.stdout is not None
        late = threading.Timer(READY_S, program.kill)
        late.start()
        try:
            told = _told(program.stdout)
            late.cancel()
            yield told
        finally:
            late.cancel()
            program.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(15)
            program.kill()


def _told(lines: Iterator[str]) -> tuple[str, str]:
    address = ""
    for line in lines:
        found = re.search(r"(http://\S+)", line)
        if found and "?link=" in found[1]:
            return address, found[1]
        if found:
            address = found[1]
    raise AssertionError("The server ended before it said where it is.")


@contextmanager
def open_shop(root: Path) -> Iterator[Shop]:
    """The shop, laid out in a folder, with its services, while it is served."""
    with endpoints() as known:
        lay(root, known.port)
        with serving(root) as (address, link):
            yield Shop(address, link, root, known)


def opsbook(root: Path, *words: str, typed: str = "") -> str:
    """What a verb of the program prints in a repository."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("OPSBOOK_", "GIT_"))}
    said = subprocess.run(
        [sys.executable, "-m", "opsbook", *words], cwd=root, env={**environ, "PYTHONPATH": str(SOURCE)}, input=typed,
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return said.stdout

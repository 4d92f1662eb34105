"""`opsbook serve` as a real process on a free port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.entrypoints import cli
from opsbook.entrypoints.hosts import HostGate, host_of

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "docs" / "operations"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("# Operations\n")
    return folder


def start(book: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """The serving process and its address, once it has told that it is ready."""
    command = [sys.executable, "-m", "opsbook", "serve", "--book", str(book), "--port", "0", *arguments]
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    line = started.stdout.readline()
    assert line.startswith("Opsbook is ready on http://"), line + started.stderr.read()
    return started, line.split()[-1]


def stop(started: subprocess.Popen[str], by: signal.Signals) -> tuple[int, str, str]:
    """The exit status and what was still said."""
    started.send_signal(by)
    said, wrong = started.communicate(timeout=20)
    return started.returncode, said, wrong


@pytest.fixture(scope="module")
def address(book) -> Iterator[str]:
    started, address = start(book)
    yield address
    stop(started, signal.SIGKILL)


def ask(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """The status, headers and body of an answer, whatever the status."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, dict(answer.headers), answer.read().decode()


def test_the_process_is_alive(address):
    status, _, body = ask(f"{address}/healthz")
    assert (status, json.loads(body)["status"]) == (200, "ok")


def test_the_book_is_ready(address):
    status, _, body = ask(f"{address}/readyz")
    assert (status, json.loads(body)) == (200, {"status": "ready", "book": "ready"})


def test_the_page_names_the_book_and_needs_no_script(address, book):
    status, headers, body = ask(f"{address}/")
    assert status == 200
    assert str(book) in body
    assert "<script" not in body
    assert "default-src 'none'" in headers["content-security-policy"]


def test_the_page_carries_its_style(address):
    status, _, body = ask(f"{address}/assets/opsbook.css")
    assert status == 200
    assert "prefers-color-scheme: dark" in body


def test_an_unknown_address_is_a_problem_document(address):
    status, headers, body = ask(f"{address}/nowhere")
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert json.loads(body)["title"] == "Not Found"


def test_a_host_name_of_somebody_else_is_refused(address):
    status, _, body = ask(f"{address}/healthz", Host="rebound.example")
    assert (status, json.loads(body)["status"]) == (421, 421)


def test_a_busy_port_is_told_and_exits_4(address, book):
    port = address.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "opsbook", "serve", "--book", str(book), "--port", port],
        capture_output=True, text=True, env=ENVIRONMENT, timeout=30,
    )  # fmt: skip
    assert done.returncode == 4
    assert f":{port}: another program is there already" in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly(book, by):
    started, _ = start(book)
    assert stop(started, by) == (0, "", "")


def test_the_book_may_vanish_without_taking_the_process_along(tmp_path):
    book = tmp_path / "book"
    book.mkdir()
    started, address = start(book)
    book.rmdir()
    assert ask(f"{address}/readyz")[0] == 503
    assert ask(f"{address}/healthz")[0] == 200
    stop(started, signal.SIGTERM)


def test_ipv6_loopback_is_an_address_too(book):
    if not socket.has_ipv6 or not _has_ipv6_loopback():
        pytest.skip("ABSENT: IPv6-loopback on this machine")
    started, address = start(book, "--host", "::1")
    assert address.startswith("http://[::1]:")
    assert ask(f"{address}/healthz")[0] == 200
    stop(started, signal.SIGTERM)


def _has_ipv6_loopback() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("localhost", "localhost"), ("LOCALHOST:8000", "localhost"), ("127.0.0.1:8000", "127.0.0.1"),
        ("[::1]:8000", "::1"), ("[::1]", "::1"), ("", ""), ("a:b:c", "a:b:c"),
    ],
)  # fmt: skip
def test_the_host_is_read_from_its_header(header, host):
    assert host_of(header) == host


@pytest.mark.parametrize(
    ("listening_on", "header", "is_admitted"),
    [
        ("127.0.0.1", "127.0.0.1:8000", True),
        ("127.0.0.1", "localhost", True),
        ("127.0.0.1", "[::1]:8000", True),
        ("127.0.0.1", "10.0.0.5", False),
        ("127.0.0.1", "evil.example", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", "localhost.evil.example", False),
        ("127.0.0.1", "evil.example#localhost", False),
        ("ops.example", "ops.example:8000", True),
        ("ops.example", "evil.example", False),
        ("0.0.0.0", "10.0.0.5:8000", True),
        ("0.0.0.0", "[fe80::1]:8000", True),
        ("0.0.0.0", "evil.example", False),
    ],
)
def test_only_our_own_hosts_are_admitted(listening_on, header, is_admitted):
    assert HostGate(None, listening_on).admits(header) is is_admitted

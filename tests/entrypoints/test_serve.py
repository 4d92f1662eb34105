"""`opsbook serve` as a real process on a free port."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.entrypoints import cli
from opsbook.entrypoints.hosts import HostGate, host_of
from opsbook.entrypoints.listening import listen

LINK = r"Sign in as [\w.@+-]+, once, within 10 minutes: (http://\S+)\n"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "docs" / "operations"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("# Operations\n")
    return folder


@pytest.fixture
def own_book(tmp_path) -> Path:
    """A book of a test's own, so that its server has a ledger of its own."""
    folder = tmp_path / "docs" / "operations"
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
    assert (status, json.loads(body)) == (200, {"status": "ready", "book": "ready", "ledger": "ready"})


def test_the_first_page_answers_without_a_script(address):
    status, headers, body = ask(f"{address}/")
    assert status == 200
    assert "<h1" in body
    assert "default-src 'none'" in headers["content-security-policy"]


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
def test_it_stops_cleanly(own_book, by):
    started, _ = start(own_book)
    link = started.stdout.readline()
    status, said, wrong = stop(started, by)
    assert (status, wrong) == (0, "")
    assert re.fullmatch(LINK, link + said)


def test_being_told_to_stop_while_it_starts_is_not_forgotten(own_book):
    for number in range(300):
        (own_book / f"{number}.md").write_text("# Page\n\nWords.\n" * 50)
    command = [sys.executable, "-m", "opsbook", "serve", "--book", str(own_book), "--port", "0"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    give_up = time.monotonic() + 20
    while not list(own_book.parents[1].rglob("opsbook.db")):  # it has begun, and is not ready
        assert time.monotonic() < give_up, started.stderr.read()
        time.sleep(0.001)
    assert stop(started, signal.SIGTERM) == (0, "", "")


def test_it_stops_within_a_second_though_pages_are_open(own_book):
    started, address = start(own_book)
    with urllib.request.urlopen(f"{address}/live", timeout=10) as stream, urllib.request.urlopen(f"{address}/api/v1/events", timeout=10):
        assert stream.readline().startswith(b"event: ")
        begun = time.monotonic()
        assert stop(started, signal.SIGTERM)[0] == 0
        assert time.monotonic() - begun < 3  # a second, on a machine that does nothing else


def test_the_book_may_vanish_without_taking_the_process_along(own_book):
    started, address = start(own_book)
    shutil.rmtree(own_book)
    status, _, body = ask(f"{address}/readyz")
    assert (status, json.loads(body)["book"]) == (503, "missing")
    assert ask(f"{address}/healthz")[0] == 200
    stop(started, signal.SIGTERM)


def test_after_a_kill_it_is_answered_again_at_the_same_address(own_book):
    started, address = start(own_book)
    link = re.fullmatch(LINK, started.stdout.readline())[1]
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children")
    web, *others = give_up_after(20, lambda: each if len(each := sorted(map(int, children.read_text().split()))) == 3 else None)
    os.kill(web, signal.SIGKILL)
    assert ask(f"{address}/healthz")[0] == 200  # whoever asks meanwhile waits
    assert started.stdout.readline() == f"Opsbook is ready on {address}\n"
    assert re.fullmatch(LINK, started.stdout.readline())[1] != link
    assert set(others) < set(map(int, children.read_text().split()))
    status, said, wrong = stop(started, signal.SIGTERM)
    assert (status, said, wrong) == (0, "", "opsbook: what answers the web ended with 137; it starts again in 0.5 s.\n")


def test_what_would_keep_people_from_being_woken_is_told_at_the_start_and_as_trouble(own_book):
    (own_book / "on-call.md").write_text(
        "# On-Call\n\n## People\n\n| Name | Handle | E-Mail |\n| --- | --- | --- |\n| Ada Byron | @ada | ada@example.org |\n"
    )
    (own_book / "opsbook.toml").write_text('[notify]\nwebhook_secret = "env:NOWHERE"\n')
    started, address = start(own_book)
    told = "".join(started.stderr.readline() for _ in range(3))
    for words in ("'notify.webhook_secret' of opsbook.toml cannot work", "no 'notify.smtp'", "'paging.catch_all' of opsbook.toml is empty"):
        assert words in told
        give_up_after(20, lambda words=words: words in json.loads(ask(f"{address}/readyz")[2]).get("trouble", "") or None)
    stop(started, signal.SIGTERM)


def give_up_after(patience_s: float, look):
    """What `look` finds, once it does."""
    until = time.monotonic() + patience_s
    while (found := look()) is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    return found


def test_whoever_started_it_signs_in_once_by_the_link_that_is_printed(own_book):
    started, address = start(own_book)
    link = re.fullmatch(LINK, started.stdout.readline())[1]
    assert link.startswith(f"{address}/sign-in?link=")
    secret = link.partition("link=")[2].encode()
    request = urllib.request.Request(f"{address}/sign-in/link", data=b"link=" + secret)
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    opener.open(request, timeout=10).close()
    with opener.open(f"{address}/api/v1/me", timeout=10) as answer:
        assert json.load(answer)["role"] == "admin"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.build_opener().open(request, timeout=10)
    stop(started, signal.SIGTERM)


def test_a_second_server_on_the_same_ledger_says_where_the_first_is(address, book):
    done = refused(book, "--port", "0")
    assert done.returncode == 3
    assert f"Opsbook already serves this ledger at {address}" in done.stderr


def test_others_can_reach_it_only_once_somebody_can_sign_in(own_book):
    done = refused(own_book, "--port", "0", "--host", "0.0.0.0")
    assert done.returncode == 3
    assert "opsbook user add" in done.stderr
    with_password = "correct horse battery staple\n"
    added = subprocess.run(
        [sys.executable, "-m", "opsbook", "user", "add", "ada", "--role", "admin", "--password-stdin", "--book", str(own_book)],
        input=with_password, capture_output=True, text=True, env=ENVIRONMENT, timeout=30,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    started, address = start(own_book, "--host", "0.0.0.0")
    assert ask(f"{address}/api/v1/book")[0] == 401
    assert ask(f"{address}/healthz")[0] == 200
    stop(started, signal.SIGTERM)


def test_a_proxy_in_the_configuration_that_is_no_address_is_told_with_its_line(own_book):
    (own_book / "opsbook.toml").write_text('[serve]\ntrusted_proxies = ["proxy"]\n')
    done = refused(own_book, "--port", "0")
    assert done.returncode == 2
    assert "opsbook.toml:2: 'proxy' is neither an address nor a network" in done.stderr


def test_a_provider_by_which_nobody_can_sign_in_opens_no_address_to_others(own_book):
    (own_book / "opsbook.toml").write_text('[oidc]\nissuer = "https://id.example.org"\n')
    done = refused(own_book, "--port", "0", "--host", "0.0.0.0")
    assert done.returncode == 2
    assert "opsbook.toml:2: 'oidc.issuer' is set and 'oidc.client_id' is not" in done.stderr


def refused(book: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A server that does not start."""
    command = [sys.executable, "-m", "opsbook", "serve", "--book", str(book), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=30)


def test_headers_without_end_are_not_read_for_ever(address):
    host, _, port = address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        with pytest.raises(ConnectionError):  # it is closed while this still sends
            for _ in range(10_000):
                connection.sendall(b"x" * 10_000)
    assert ask(f"{address}/healthz")[0] == 200


def test_ipv6_loopback_is_an_address_too(own_book):
    if not socket.has_ipv6 or not _has_ipv6_loopback():
        pytest.skip("ABSENT: IPv6-loopback on this machine")
    started, address = start(own_book, "--host", "::1")
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
        ("[::1]:8000", "::1"), ("[::1]", "::1"), ("", ""), ("a:b:c", ""),
        ("127.0.0.1:8000@evil", ""), ("127.0.0.1:80x", ""), ("127.0.0.1:99999", ""), ("evil@127.0.0.1", ""), ("[::1]x", ""),
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
        ("127.0.0.1", "127.0.0.1:28110@evil", False),
        ("0.0.0.0", "10.0.0.5@evil:8000", False),
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


def test_no_answer_waits_for_the_acknowledgement_of_its_beginning():
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        taken, _ = listener.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

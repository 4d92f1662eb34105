"""Probes of TLS and HTTPS: against nginx as people run it, and against certificates that are wrong in each way."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.adapters.endpoints import answering, free_port, listening, silent, write_certificate
from tests.adapters.tls_endpoints import tls_listening

from opsbook.adapters.http_prober import HttpProber
from opsbook.adapters.http_prober.certinfo import read_moment
from opsbook.book.probe import Expectation, Probe, ProbeKind
from opsbook.book.probe_reach import Reach
from opsbook.ledger.health import Reading

NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port} ssl http2; ssl_certificate {certificate}; ssl_certificate_key {certificate};
        location /health {{ return 200 '{{"status": "ok"}}'; }}
    }}
}}
"""


def asked(address: str, kind: ProbeKind, trusted: Path | str, timeout_s: float = 5.0, **expected: object) -> Reading:
    readings: list[Reading] = []
    prober = HttpProber(Reach(), agent="Opsbook/test", authorities=str(trusted))
    probe = Probe("k", "p", 1, 0, 1, None, kind, address, Expectation(**expected), timeout_s=timeout_s)
    prober.ask([probe], lambda _probe, reading: readings.append(reading))
    prober.close()
    return readings[0]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("good"), ["127.0.0.1"])


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory, good: Path, needs: Callable[[str], str]) -> Iterator[int]:
    program, folder, port = needs("nginx"), tmp_path_factory.mktemp("nginx"), free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, certificate=good))
    running = subprocess.Popen(
        [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        end = time.monotonic() + 10
        while asked(f"tcp://127.0.0.1:{port}", "tcp", good).outcome != "ok":
            assert running.poll() is None and time.monotonic() < end, (folder / "error.log").read_text()
        yield port
    finally:
        running.terminate()
        running.wait(10)


def test_an_answer_of_nginx_over_https_is_judged(nginx, good):
    reading = asked(f"https://127.0.0.1:{nginx}/health", "http", good, json_subset='{"status": "ok"}', left_days=20)
    assert reading.certificate_ends is not None and 28 < (reading.certificate_ends - reading.at).days < 31
    assert (reading.outcome, reading.status) == ("ok", 200), reading.why


def test_a_certificate_of_nginx_that_ends_soon_is_told_with_the_day(nginx, good):
    for address, kind in ((f"https://127.0.0.1:{nginx}/health", "http"), (f"tls://127.0.0.1:{nginx}", "tls")):
        reading = asked(address, kind, good, left_days=40)
        assert reading.outcome == "tls" and "at least 40 days were expected" in reading.why


def test_the_certificate_of_nginx_is_told_with_its_end(nginx, good):
    reading = asked(f"tls://127.0.0.1:{nginx}", "tls", good, left_days=14)
    assert reading.outcome == "ok" and "Its certificate is good for 29 days, until " in reading.why


WRONG = [
    ({"names": ["127.0.0.1"], "days": (-60, -30)}, True, "expired on "),
    ({"names": ["127.0.0.1"], "days": (-60, -30)}, False, "expired on "),
    ({"names": ["127.0.0.1"], "days": (10, 30)}, True, "begins to be good on "),
    ({"names": ["127.0.0.1"]}, False, "is self-signed (CN = 127.0.0.1)"),
    ({"names": ["wrong.example", "other.example"]}, True, "is for wrong.example, other.example, not for 127.0.0.1"),
]


@pytest.mark.parametrize(("made", "is_trusted", "words"), WRONG)
@pytest.mark.parametrize(("kind", "scheme"), [("http", "https"), ("tls", "tls")])
def test_a_certificate_that_is_not_trusted_says_why(tmp_path, good, made, is_trusted, words, kind, scheme):
    certificate = write_certificate(tmp_path, **made)
    with tls_listening(certificate, silent) as port:
        reading = asked(f"{scheme}://127.0.0.1:{port}/", kind, certificate if is_trusted else good)
    assert reading.outcome == "tls" and words in reading.why, reading.why


@pytest.mark.parametrize(("kind", "scheme"), [("http", "https"), ("tls", "tls")])
def test_a_server_that_speaks_no_tls_is_told(good, kind, scheme):
    def plain(connection) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with listening(plain) as port:
        reading = asked(f"{scheme}://127.0.0.1:{port}/", kind, good)
    assert reading.outcome == "tls" and "does not speak TLS" in reading.why, reading.why


def test_no_request_is_sent_to_a_server_that_is_not_trusted(tmp_path, good):
    heard = []
    certificate = write_certificate(tmp_path, ["127.0.0.1"])
    with tls_listening(certificate, lambda connection: heard.append(connection.recv(1000))) as port:
        assert asked(f"https://127.0.0.1:{port}/", "http", good).outcome == "tls"
    assert heard in ([], [b""])


def test_a_certificate_is_expected_where_none_is_shown():
    with listening(answering()) as port:
        reading = asked(f"http://127.0.0.1:{port}/", "http", "", left_days=10)
    assert reading.outcome == "tls" and "no certificate" in reading.why


def test_moments_of_certificates_are_read_and_all_else_is_none():
    assert read_moment("Jan  1 00:00:01 2031 GMT") == datetime(2031, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert [read_moment(text) for text in ("", "soon", "Foo 1 00:00:00 2031 GMT", "Jan 99 00:00:00 2031 GMT")] == [None] * 4

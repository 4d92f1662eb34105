"""The prober over HTTP against servers that behave and misbehave: outcomes told apart, reasons in words, limits kept."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence

import pytest
from tests.adapters.endpoints import answering, closing, free_port, listening, request_of, silent

from opsbook.adapters.http_prober import HttpProber
from opsbook.book.probe import Expectation, Probe
from opsbook.book.probe_reach import Reach
from opsbook.ledger.health import Reading


def a_prober(*allow: str, in_flight: int = 64) -> HttpProber:
    return HttpProber(Reach(allow), agent="Opsbook/test", in_flight=in_flight)


def a_probe(address: str, expectation: Expectation | None = None, **parts: object) -> Probe:
    expected = expectation or Expectation()
    return Probe(address, "api.md", 1, 0, 1, "api", "http", address, expected, **{"timeout_s": 5.0, **parts})


def asked(prober: HttpProber, probes: Sequence[Probe]) -> list[Reading]:
    readings: list[Reading] = []
    prober.ask(probes, lambda _probe, reading: readings.append(reading))
    return readings


def reading_of(behave, expectation: Expectation | None = None, path: str = "/health", **parts: object) -> Reading:
    with listening(behave) as port:
        (reading,) = asked(a_prober(), [a_probe(f"http://127.0.0.1:{port}{path}", expectation, **parts)])
    return reading


def test_an_answer_as_expected_is_ok_with_its_status_and_time():
    reading = reading_of(answering())
    assert (reading.outcome, reading.status) == ("ok", 200)
    assert 0 < reading.latency_ms < 5000
    assert reading.why.startswith("It answered 200 in ")


def test_another_status_is_told_with_what_was_said():
    reading = reading_of(answering("503 Service Unavailable", b"<title>Down for repair</title>"))
    assert (reading.outcome, reading.status) == ("status", 503)
    assert "503" in reading.why and "2xx was expected" in reading.why and "“Down for repair”" in reading.why


def test_a_body_without_the_expected_text_is_told():
    reading = reading_of(answering(body=b'{"status": "degraded"}'), Expectation(json_subset='{"status": "ok"}'))
    assert reading.outcome == "body"
    assert "“status” is \"degraded\" where \"ok\" was expected" in reading.why


def test_an_answer_later_than_expected_is_slow():
    def behave(connection: socket.socket) -> None:
        time.sleep(0.03)
        answering()(connection)

    assert reading_of(behave, Expectation(within_ms=20)).outcome == "slow"


def test_a_redirect_is_not_followed_and_its_target_is_told_without_its_query():
    reading = reading_of(answering("302 Found", Location="https://login.example/start?token=s3cret"))
    assert reading.outcome == "redirect"
    assert "https://login.example/start" in reading.why and "s3cret" not in reading.why


def test_a_redirect_that_is_expected_is_ok():
    answer = answering("301 Moved", Location="/there")
    assert reading_of(answer, Expectation(statuses=((301, 301),))).outcome == "ok"


def test_a_probe_that_follows_gets_the_answer_behind_the_redirect():
    def behave(connection: socket.socket) -> None:
        moved = request_of(connection).startswith(b"GET /there")
        body = b"HTTP/1.1 200 OK\r\n" if moved else b"HTTP/1.1 302 Found\r\nLocation: /there\r\n"
        connection.sendall(body + b"Content-Length: 0\r\nConnection: close\r\n\r\n")

    assert reading_of(behave, follows_redirects=True).outcome == "ok"


def test_redirects_without_end_are_a_redirect():
    reading = reading_of(answering("302 Found", Location="/again"), follows_redirects=True)
    assert reading.outcome == "redirect" and "/again" in reading.why


def test_a_redirect_to_another_protocol_is_not_followed():
    reading = reading_of(answering("302 Found", Location="file:///etc/passwd"), follows_redirects=True)
    assert reading.outcome == "redirect" and "only http and https" in reading.why


def test_a_refused_connection_names_the_port():
    port = free_port()
    (reading,) = asked(a_prober(), [a_probe(f"http://127.0.0.1:{port}/")])
    assert reading.outcome == "refused" and f"127.0.0.1:{port}" in reading.why


def test_a_name_without_an_address_is_a_dns_error():
    (reading,) = asked(a_prober(), [a_probe("http://nothing.invalid/")])
    assert reading.outcome == "dns" and "nothing.invalid" in reading.why


def test_silence_is_a_timeout_that_says_how_far_it_came():
    reading = reading_of(silent, timeout_s=0.2)
    assert reading.outcome == "timeout" and "nothing was answered" in reading.why
    assert 150 < reading.latency_ms < 2000


def test_an_answer_that_never_ends_is_a_timeout():
    def behave(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        silent(connection)

    reading = reading_of(behave, timeout_s=0.2)
    assert reading.outcome == "timeout" and "did not end" in reading.why


@pytest.mark.parametrize(
    "behave",
    [
        closing,
        lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"),
        lambda connection: (request_of(connection), connection.sendall(b"\x00\xff" * 500)),
        lambda connection: (request_of(connection), connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")),
        lambda connection: (request_of(connection), connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz")),
    ],
    ids=["closes", "ssh", "garbage", "early close", "bad chunk"],
)
def test_what_is_no_http_is_a_protocol_error(behave):
    reading = reading_of(behave)
    assert reading.outcome == "protocol"
    assert "127.0.0.1" in reading.why and len(reading.why) < 300


def test_headers_without_end_are_given_up_soon():
    def behave(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")

    began = time.monotonic()
    assert reading_of(behave).outcome == "protocol"
    assert time.monotonic() - began < 4


def test_a_giant_answer_is_read_up_to_the_limit_and_judged():
    sent = []

    def behave(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nhello")
        for _ in range(10_000):
            sent.append(connection.send(b"x" * 100_000))

    reading = reading_of(behave, Expectation(contains=("hello",)))
    assert reading.outcome == "ok"
    assert sum(sent) < 20_000_000  # what fits into the buffers of the system besides


def test_more_than_the_limit_is_told_where_a_text_is_missing():
    reading = reading_of(answering(body=b"x" * 300_000), Expectation(contains=("hello",)))
    assert reading.outcome == "body" and "first 256 KiB" in reading.why


@pytest.mark.parametrize(
    "address",
    ["", "http://", "http://a b/", "http://x:99999/", "http://[::1", "gopher://127.0.0.1/", "file:///etc/passwd", "http://127.0.0.1\r\nX: y/", "http://x\0y/"],
)
def test_an_address_that_cannot_be_asked_is_a_reading(address):
    (reading,) = asked(a_prober(), [a_probe(address)])
    assert reading.outcome == "protocol"


def test_a_path_in_other_letters_is_sent_percent_encoded():
    heard = []

    def behave(connection: socket.socket) -> None:
        heard.append(request_of(connection))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    assert reading_of(behave, path="/größe?q=ü").outcome == "ok"
    assert heard[0].startswith(b"GET /gr%C3%B6%C3%9Fe?q=%C3%BC HTTP/1.1\r\n")


def test_it_says_who_asks_and_that_it_will_not_stay():
    heard = []

    def behave(connection: socket.socket) -> None:
        heard.append(request_of(connection))
        connection.sendall(b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\n\r\n")

    with listening(behave) as port:
        prober = a_prober(in_flight=1)
        asked(prober, [a_probe(f"http://127.0.0.1:{port}/")] * 2)
    for request in heard:
        assert b"User-Agent: Opsbook/test\r\n" in request and b"Connection: close\r\n" in request
        assert b"Cookie" not in request
    assert len(heard) == 2


def test_a_password_in_the_address_does_not_go_to_another_host_nor_into_the_reason():
    heard = []

    def elsewhere(connection: socket.socket) -> None:
        heard.append(request_of(connection))
        connection.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")

    with listening(elsewhere) as there, listening(answering("302 Found", Location=f"http://127.0.0.2:{there}/")) as here:
        address = f"http://me:s3cret@127.0.0.1:{here}/"
        first = asked(a_prober(), [a_probe(address)])
        second = asked(a_prober(), [a_probe(address, follows_redirects=True)])
    assert all("s3cret" not in reading.why for reading in first + second)
    assert all(b"Authorization" not in request for request in heard)


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    assert reading_of(answering()).outcome == "ok"


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "2852039166", "0xa9.0xfe.0xa9.0xfe", "0.0.0.0", "[::]", "[fe80::1]", "224.0.0.1", "255.255.255.255", "100.100.100.200", "[fd00:ec2::254]"],
)
def test_an_address_that_hands_out_keys_or_is_nobodys_is_never_connected(host):
    (reading,) = asked(a_prober(), [a_probe(f"http://{host}/latest/meta-data/", timeout_s=1.0)])
    assert reading.outcome == "forbidden" and "probes.allow" in reading.why


def test_a_redirect_to_a_forbidden_address_is_not_followed():
    answer = answering("302 Found", Location="http://169.254.169.254/latest/meta-data/")
    reading = reading_of(answer, follows_redirects=True)
    assert reading.outcome == "forbidden" and "169.254.169.254" in reading.why


def test_a_name_that_leads_to_a_refused_address_is_forbidden_whatever_it_is_called():
    class Rebinding(Reach):
        """Stands for a name server that answers otherwise the second time: the address of the socket counts."""

        def refusal(self, address: str) -> str | None:
            return "link-local" if address == "127.0.0.1" or address == "::1" else None

    with listening(answering()) as port:
        prober = HttpProber(Rebinding(), agent="Opsbook/test")
        (reading,) = asked(prober, [a_probe(f"http://localhost:{port}/")])
    assert reading.outcome == "forbidden" and "localhost leads to" in reading.why


def test_an_address_that_is_allowed_is_asked():
    with listening(answering()) as port:  # 0.0.0.0 is this machine, for Linux
        (reading,) = asked(a_prober("0.0.0.0/8"), [a_probe(f"http://0.0.0.0:{port}/")])
    assert reading.outcome == "ok"


def test_never_more_are_in_flight_than_allowed():
    lock, now, most = threading.Lock(), [0], [0]

    def behave(connection: socket.socket) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1
        answering()(connection)

    with listening(behave) as port:
        readings = asked(a_prober(in_flight=4), [a_probe(f"http://127.0.0.1:{port}/")] * 30)
    assert len(readings) == 30 and most[0] <= 4


def test_several_threads_may_ask_at_once():
    told: list[list[Reading]] = [[] for _ in range(4)]
    with listening(answering()) as port:
        prober, probe = a_prober(), a_probe(f"http://127.0.0.1:{port}/")
        jobs = [
            threading.Thread(target=prober.ask, args=([probe] * 20, lambda _p, reading, into=into: into.append(reading)))
            for into in told
        ]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join(20)
    assert [len(each) for each in told] == [20] * 4
    assert {reading.outcome for each in told for reading in each} == {"ok"}

"""What every prober keeps, whichever kind it asks: the contract of the port `Prober`, with real servers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.endpoints import answering, free_port, listening, silent, write_certificate
from tests.adapters.name_server import Zone, mute, name_server, zone
from tests.adapters.tls_endpoints import tls_listening
from tests.book.whole_reading import page_of

from opsbook.adapters.dns_prober import DnsProber
from opsbook.adapters.http_prober import HttpProber
from opsbook.book.probe import Expectation, Probe, ProbeKind, probes_of
from opsbook.book.probe_reach import Reach
from opsbook.ledger.health import Reading
from opsbook.usecases.probing import Probing
from opsbook.usecases.serving_ports import Prober

SLOW_S = 0.4


@contextmanager
def _http(_folder: Path) -> Iterator[str]:
    with listening(answering()) as port:
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def _tcp(_folder: Path) -> Iterator[str]:
    with listening(silent) as port:
        yield f"tcp://127.0.0.1:{port}"


@contextmanager
def _tls(folder: Path) -> Iterator[str]:
    with tls_listening(folder / "127.0.0.1.pem", silent) as port:
        yield f"tls://127.0.0.1:{port}"


@contextmanager
def _dns(_folder: Path) -> Iterator[str]:
    with name_server(zone({("api.example.", "A"): ["10.0.0.1"]})) as port:
        yield f"dns://127.0.0.1:{port}/api.example?type=A"


@contextmanager
def _hanging() -> Iterator[int]:
    with listening(silent) as port:
        yield port


@contextmanager
def _unaccepting() -> Iterator[int]:
    """A port whose queue of connections is full, so that the next hangs while it connects."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        yield port
        for each in waiting:
            each.close()


@contextmanager
def _mute() -> Iterator[int]:
    with name_server(mute) as port:
        yield port


SERVERS = {"http": _http, "tcp": _tcp, "tls": _tls, "dns": _dns}
HANGING = {"http": _hanging, "tcp": _unaccepting, "tls": _hanging, "dns": _mute}
PATHS = {"http": "/", "tcp": "", "tls": "", "dns": "/api.example?type=A"}
KINDS: list[ProbeKind] = ["http", "tcp", "tls", "dns"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("certificates")
    write_certificate(place, ["127.0.0.1"])
    return place


@pytest.fixture(scope="module")
def prober(folder: Path) -> Prober:
    connects = HttpProber(Reach(), agent="Opsbook/test", authorities=str(folder / "127.0.0.1.pem"))
    return Probing({"http": connects, "tcp": connects, "tls": connects, "dns": DnsProber(Reach())})


def a_probe(kind: ProbeKind, address: str, timeout_s: float = 5.0, **expected: object) -> Probe:
    return Probe(f"{kind} {address}", "api.md", 1, 0, 1, "api", kind, address, Expectation(**expected), timeout_s=timeout_s)


def asked(prober: Prober, *probes: Probe) -> list[Reading]:
    readings: list[Reading] = []
    prober.ask(probes, lambda _probe, reading: readings.append(reading))
    return readings


@pytest.mark.parametrize("kind", KINDS)
def test_an_endpoint_that_answers_is_ok(prober, folder, kind):
    with SERVERS[kind](folder) as address:
        probe = a_probe(kind, address)
        (reading,) = asked(prober, probe)
    assert reading.outcome == "ok", reading.why
    assert reading.probe == probe.key and reading.at.tzinfo is not None and 0 < reading.latency_ms < 5000


def test_an_address_of_ipv6_on_a_page_is_asked(tmp_path):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("ABSENT: IPv6-loopback on this machine")
    certificate = write_certificate(tmp_path, ["::1"])
    connects = HttpProber(Reach(), agent="Opsbook/test", authorities=str(certificate))
    prober = Probing({"http": connects, "tcp": connects, "tls": connects})
    with listening(answering(), "::1") as http, listening(silent, "::1") as tcp, tls_listening(certificate, silent, "::1") as tls:
        written = [f"<http://[::1]:{http}/health>", f"`http://[::1]:{http}/é`", f"tcp://[::1]:{tcp}", f"tls://[::1]:{tls}"]
        text = "".join(f"- **Probe:** {each}\n- **Certificate:** 7 days\n" for each in written)
        probes = probes_of(page_of(f"# A\n\n## Health Checks\n\n{text}", "runbooks/a.md"))
        readings = asked(prober, *probes)
    assert [reading.outcome for reading in readings] == ["ok"] * 4, [reading.why for reading in readings]


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_later_than_expected_is_slow(prober, folder, kind):
    with SERVERS[kind](folder) as address:
        (reading,) = asked(prober, a_probe(kind, address, within_ms=0.001))
    assert reading.outcome == "slow", reading.why


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_where_nobody_listens_is_refused(prober, kind):
    port = free_port()
    (reading,) = asked(prober, a_probe(kind, f"{kind}://127.0.0.1:{port}{PATHS[kind]}"))
    assert reading.outcome == "refused", reading.why
    assert f"127.0.0.1:{port}" in reading.why and "nothing listens there" in reading.why


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_a_timeout_in_time(prober, kind):
    with HANGING[kind]() as port:
        (reading,) = asked(prober, a_probe(kind, f"{kind}://127.0.0.1:{port}{PATHS[kind]}", 0.3))
    assert reading.outcome == "timeout", reading.why
    assert "within 0.3 s" in reading.why and 200 < reading.latency_ms < 2000


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_leads_nowhere_is_a_dns_error(prober, kind):
    address = "dns://nothing.invalid" if kind == "dns" else f"{kind}://nothing.invalid:81/"
    (reading,) = asked(prober, a_probe(kind, address))
    assert reading.outcome == "dns", reading.why
    assert "nothing.invalid" in reading.why


@pytest.mark.parametrize("kind", KINDS)
def test_an_address_that_is_refused_is_never_asked(prober, kind):
    (reading,) = asked(prober, a_probe(kind, f"{kind}://169.254.169.254:80{PATHS[kind]}", 1.0))
    assert reading.outcome == "forbidden", reading.why
    assert "169.254.169.254" in reading.why and "probes.allow" in reading.why


@pytest.mark.parametrize("kind", KINDS)
def test_twenty_slow_ones_take_about_as_long_as_one(prober, kind):
    with HANGING[kind]() as port:
        probe = a_probe(kind, f"{kind}://127.0.0.1:{port}{PATHS[kind]}", SLOW_S)
        began = time.monotonic()
        readings = asked(prober, *[probe] * 20)
    assert [reading.outcome for reading in readings] == ["timeout"] * 20
    assert time.monotonic() - began < SLOW_S * 5


@pytest.mark.parametrize("kind", KINDS)
@given(address=st.text(max_size=40) | st.from_regex(r"(http|tcp|tls|dns)s?://[ -~]{0,30}", fullmatch=True).map(lambda text: text.replace("/", "/", 1)))
def test_no_address_makes_it_raise(prober, kind, address):
    # Nothing of this is sent anywhere: what has a host in it is led to a port of this machine.
    closed = address if "://" not in address else f"{kind}://127.0.0.1:1/{address.partition('://')[2]}"
    (reading,) = asked(prober, a_probe(kind, closed, 0.2))
    assert reading.outcome != "ok" and 10 < len(reading.why) < 600 and reading.why.isprintable()


def test_all_kinds_are_asked_side_by_side_and_told_one_at_a_time(prober, folder):
    told, inside = [], threading.Lock()

    def tell(probe: Probe, reading: Reading) -> None:
        assert inside.acquire(blocking=False)
        told.append((probe.kind, reading.outcome))
        inside.release()

    with _http(folder) as http, _tcp(folder) as tcp, _tls(folder) as tls, _dns(folder) as dns:
        addresses: dict[ProbeKind, str] = {"http": http, "tcp": tcp, "tls": tls, "dns": dns}
        prober.ask([a_probe(kind, addresses[kind]) for kind in KINDS for _ in range(10)], tell)
    assert sorted(told) == sorted((kind, "ok") for kind in KINDS for _ in range(10))


def test_what_is_told_and_goes_wrong_is_raised(prober, folder):
    def tell(_probe: Probe, _reading: Reading) -> None:
        raise ZeroDivisionError

    with _http(folder) as http, _dns(folder) as dns, pytest.raises(ZeroDivisionError):
        prober.ask([a_probe("http", http), a_probe("dns", dns)], tell)


def test_nothing_asked_is_nothing_told(prober):
    assert asked(prober) == []


ALIASED: Zone = {("a.example.", "CNAME"): ["lb.example."], ("lb.example.", "A"): ["10.0.0.9"]}
ANSWERS: list[tuple[Zone, str, Expectation, str, str]] = [
    ({("a.example.", "A"): ["10.0.0.1", "10.0.0.2"]}, "a.example", Expectation(addresses=("10.0.0.2", "10.0.0.1")), "ok", "10.0.0.1, 10.0.0.2"),
    ({("a.example.", "A"): ["10.0.0.1"]}, "a.example", Expectation(addresses=("10.0.0.3",)), "body", "10.0.0.3 was expected"),
    ({("a.example.", "AAAA"): ["fd00::1"]}, "a.example", Expectation(), "ok", "fd00::1"),
    ({("a.example.", "AAAA"): ["fd00::1"]}, "a.example", Expectation(addresses=("fd00:0::1",)), "ok", "fd00::1"),
    ({("a.example.", "A"): ["10.0.0.1"]}, "a.example?type=MX", Expectation(), "dns", "no record of type MX"),
    ({("a.example.", "MX"): ["10 mail.example."]}, "a.example?type=mx", Expectation(), "ok", "10 mail.example."),
    ({("a.example.", "A"): ["10.0.0.1"]}, "b.example", Expectation(), "dns", "b.example does not exist"),
    (ALIASED, "a.example", Expectation(addresses=("lb.example",)), "ok", "10.0.0.9"),
    (ALIASED, "a.example", Expectation(addresses=("10.0.0.9", "LB.example.")), "ok", "10.0.0.9"),
    (ALIASED, "a.example", Expectation(addresses=("other.example",)), "body", "other.example was expected"),
    ({("a.example.", "SERVFAIL"): []}, "a.example", Expectation(), "dns", "SERVFAIL"),
]


@pytest.mark.parametrize(("records", "name", "expected", "outcome", "why"), ANSWERS)
def test_the_answer_of_a_name_server_is_judged(records, name, expected, outcome, why):
    with name_server(zone(records)) as port:
        probe = Probe("k", "p", 1, 0, 1, None, "dns", f"dns://127.0.0.1:{port}/{name}", expected, timeout_s=3)
        (reading,) = asked(DnsProber(Reach()), probe)
    assert (reading.outcome, why in reading.why) == (outcome, True), reading.why


def test_garbage_of_a_name_server_is_a_reading():
    garbage: Callable[[bytes], bytes | None] = lambda question: question[:2] + b"\x81\x80" + b"\xff" * 30  # noqa: E731
    with name_server(garbage) as port:
        (reading,) = asked(DnsProber(Reach()), a_probe("dns", f"dns://127.0.0.1:{port}/a.example", 0.5))
    assert reading.outcome in ("protocol", "timeout", "dns")

"""Programs that know Alertmanager alone are given Opsbook's address and nothing else: amtool, Prometheus; and what an
Alertmanager knows after an outage of Opsbook is asked of it."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from tests.entrypoints.door import opened, write_repository
from tests.usecases.alert_world import AlertWorld

from opsbook.adapters.firing_lists import FiringLists
from opsbook.ledger.alert import Alert
from opsbook.ledger.signal import BATCHES
from opsbook.usecases.inhibiting import Inhibiting
from opsbook.usecases.inlets import Inlets
from opsbook.usecases.matching import Matcher
from opsbook.usecases.reconcile import Reconciling
from opsbook.usecases.routing import Router, Routes

PATIENCE_S = 30
CALM = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TZ": "UTC"}


def until(holds: Callable[[], object]) -> None:
    """Waits until something holds."""
    stops_at = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < stops_at, "it never came to hold"
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def started(command: list[str], ready: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server, until the end; `ready` is an address that answers once it is."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(ready, timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            assert server.poll() is None, "it ended"
            return False

    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=CALM)
    try:
        until(answers)
        yield server
    finally:
        server.terminate()
        server.wait(10)


class Served:
    """Opsbook at an address of this machine, whose batches are routed when a test asks for that."""

    def __init__(self, door, address: str) -> None:
        desk = door.desk
        self.address = address
        self.desk = desk
        self.router = Router(
            desk.ledger, Matcher(desk.library, None, lambda: None), desk.alert_desk.silences, Routes(), now=desk.now,
            chance=secrets.token_bytes, inhibiting=Inhibiting(desk.ledger, desk.library.snapshot),
        )  # fmt: skip

    def route(self) -> list[Alert]:
        """Routes what was received and lets silences begin and end; all alerts, the newest first."""
        self.router.route([timer.stream for timer in self.desk.ledger.due(1000, BATCHES)])
        self.router.turn(self.desk.ledger.due(100, "silence/"))
        return self.desk.alert_desk.alerts.select(is_open=None)


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    """A served book with its doors open."""
    root = tmp_path_factory.mktemp("served")
    write_repository(root)
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, opened(root) as door:
        server = uvicorn.Server(uvicorn.Config(door.app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: server.started)
            yield Served(door, f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def amtool(needs, served) -> Callable[..., str]:
    """The real amtool, pointed at Opsbook; what it prints."""
    program = needs("amtool")

    def run(*words: str, status: int = 0) -> str:
        command = [program, f"--alertmanager.url={served.address}", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=CALM)
        assert done.returncode == status, done.stderr
        return done.stdout if status == 0 else done.stderr

    return run


def test_amtool_is_pointed_here_by_its_file_alone(needs, served, tmp_path):
    for name in ("amtool/config.yml", "prometheus/amtool.yml"):  # as it comes, and as Debian builds it
        file = tmp_path / ".config" / name
        file.parent.mkdir(parents=True)
        file.write_text(f"alertmanager.url: {served.address}\nversion-check: false\n", encoding="utf-8")
    asked = subprocess.run([needs("amtool"), "alert", "query"], capture_output=True, text=True, timeout=30,
                           env={**CALM, "HOME": str(tmp_path)})  # fmt: skip
    assert (asked.returncode, asked.stderr) == (0, "")


def test_amtool_adds_alerts_and_finds_them_by_matchers(served, amtool):
    amtool("alert", "add", "ApiDown", "job=api", "severity=critical", "--annotation=summary=It is down.")
    amtool("alert", "add", "DbSlow", "job=db")
    served.route()
    assert "ApiDown" in amtool("alert", "query", "ApiDown", "job=~a.*")
    assert "DbSlow" not in amtool("alert", "query", "ApiDown")
    [told] = json.loads(amtool("alert", "query", "job=api", "--output=json"))
    assert told["labels"] == {"alertname": "ApiDown", "job": "api", "severity": "critical"}
    assert (told["status"]["state"], told["annotations"], told["receivers"]) == ("active", {"summary": "It is down."}, [{"name": "opsbook"}])
    assert [alert.status for alert in served.route() if alert.name == "ApiDown"] == ["firing"]


def test_amtool_silences_and_the_alert_is_silent_until_the_silence_is_expired(served, amtool):
    amtool("alert", "add", "QueueLong", "job=queue")
    served.route()
    id = amtool("silence", "add", "QueueLong", "job=~que.*", "--author=ada", "--comment=Known", "--duration=1h").strip()
    served.route()
    [told] = json.loads(amtool("alert", "query", "--silenced", "QueueLong", "--output=json"))
    assert (told["status"]["state"], told["status"]["silencedBy"]) == ("suppressed", [id])
    assert "QueueLong" not in amtool("alert", "query", "QueueLong")
    assert id in amtool("silence", "query", "QueueLong")
    assert id in amtool("silence", "query", "--quiet")
    amtool("silence", "update", id, "--duration=2h", "--comment=Still known")
    assert "Still known" in amtool("silence", "query")
    amtool("silence", "expire", id)
    served.route()
    assert "QueueLong" in amtool("alert", "query", "QueueLong")
    assert id in amtool("silence", "query", "--expired")


def test_amtool_exports_and_imports_silences(served, amtool, tmp_path):
    id = amtool("silence", "add", "Old", "--author=ada", "--comment=Moving", "--duration=3h").strip()
    exported = tmp_path / "silences.json"
    exported.write_text(amtool("silence", "query", "Old", "--output=json"))
    amtool("silence", "expire", id)
    amtool("silence", "import", "--force", str(exported))
    [told] = json.loads(amtool("silence", "query", "Old", "--output=json"))
    assert (told["comment"], told["createdBy"]) == ("Moving", "ada") and told["id"] != id


def test_amtool_is_told_why_a_silence_cannot_be(served, amtool):
    wrong = amtool("silence", "add", "alertname=~.+", "--author=ada", "--comment=All", status=1)
    assert "every alert" in wrong
    assert "404" in amtool("silence", "expire", "8a0f4e2b-5f8e-4a5e-9d2c-0d6c7a3f0b1e", status=1)


def test_amtool_shows_the_configuration_and_the_cluster(served, amtool):
    assert "receiver: opsbook" in amtool("config", "show")
    assert "disabled" in amtool("cluster", "show")


def test_a_real_prometheus_posts_to_opsbook_directly(served, needs, tmp_path):
    rules = {"groups": [{"name": "g", "rules": [{"alert": "AlwaysOn", "expr": "vector(1)", "labels": {"severity": "warning"},
                                                 "annotations": {"summary": "It is {{ $value }}."}}]}]}  # fmt: skip
    (tmp_path / "rules.yml").write_text(json.dumps(rules))
    config = {
        "global": {"evaluation_interval": "1s", "external_labels": {"cluster": "eu"}}, "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [served.address.removeprefix("http://")]}]}]},
    }  # fmt: skip
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    command = [needs("prometheus"), f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/tsdb",
               f"--web.listen-address={address}", "--log.level=error", "--rules.alert.resend-delay=1s"]  # fmt: skip
    with started(command, f"http://{address}/-/ready"):
        until(lambda: any(alert.name == "AlwaysOn" for alert in served.route()))
        [alert] = [alert for alert in served.route() if alert.name == "AlwaysOn"]
        assert (alert.labels["cluster"], alert.annotations) == ("eu", {"summary": "It is 1."})
        [listed] = FiringLists().ask(f"http://{address}").signals
        assert (listed.key, listed.labels) == (alert.fingerprint, alert.labels)


@pytest.fixture
def alertmanager(needs, tmp_path) -> Iterator[Callable[..., None]]:
    """A real Alertmanager whose webhook leads nowhere; called with an alert's name it fires, or is over."""
    config = {"route": {"receiver": "opsbook", "group_wait": "1s"}, "receivers": [
        {"name": "opsbook", "webhook_configs": [{"url": "http://127.0.0.1:9/inlets/alertmanager"}]},
    ]}  # fmt: skip
    (tmp_path / "alertmanager.yml").write_text(json.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    command = [needs("prometheus-alertmanager"), f"--config.file={tmp_path}/alertmanager.yml",
               f"--storage.path={tmp_path}/am", f"--web.listen-address={address}", "--cluster.listen-address="]  # fmt: skip

    def post(name: str, *, is_over: bool = False) -> None:
        now = datetime.now(UTC)
        told = {"labels": {"alertname": name, "service": "web", "severity": "critical"}, "startsAt": BEGAN.isoformat(),
                "endsAt": (now if is_over else now + timedelta(hours=1)).isoformat()}  # fmt: skip
        body = json.dumps([told]).encode()
        asked = urllib.request.Request(f"http://{address}/api/v2/alerts", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            assert answer.status == 200

    post.address = f"http://{address}"  # type: ignore[attr-defined]
    with started(command, f"http://{address}/-/ready"):
        yield post


BEGAN = datetime.now(UTC) - timedelta(minutes=5)


def test_what_an_alertmanager_could_not_deliver_during_an_outage_is_asked_of_it(alertmanager, tmp_path: Path):
    (tmp_path / "ledger").mkdir()
    world = AlertWorld(tmp_path / "ledger")
    world.at = datetime.now(UTC)

    def reconcile() -> dict[str, str]:
        world.at = datetime.now(UTC)
        reconciling.once()
        world.route()
        return {alert.name: alert.status for alert in world.alerts}

    inlets = Inlets(world.ledger, now=lambda: world.at, chance=secrets.token_bytes)
    reconciling = Reconciling(
        world.ledger, world.receiving, inlets, FiringLists(), addresses={"alertmanager": alertmanager.address},
        now=lambda: datetime.now(UTC), gone_for=timedelta(0),
    )  # fmt: skip
    try:
        alertmanager("Before")
        assert reconcile() == {"Before": "firing"}
        # Opsbook is away: its webhook answers nobody. Meanwhile one alert begins, and the other ends.
        alertmanager("Meanwhile")
        alertmanager("Before", is_over=True)
        assert reconcile() == {"Before": "resolved", "Meanwhile": "firing"}
        [before] = [alert for alert in world.alerts if alert.name == "Before"]
        assert "does not list it any more" in before.notes[0].text
        assert [page.state for page in world.pages] == ["done", "active"]
        assert reconcile() == {"Before": "resolved", "Meanwhile": "firing"}
    finally:
        world.close()

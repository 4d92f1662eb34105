"""PagerDuty's and Opsgenie's own clients, pointed at Opsbook by address alone; amtool is in `test_amtool.py`."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.endpoints import listening, write_certificate
from tests.stories.opsbook_program import SOURCE, write

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "build" / "clients" / "bin" / "python"
PATIENCE_S = 30
RUNBOOK = "# Database Runbook\n\n**Service:** database\n**Owner:** Ops\n\n## Overview\n\nHolds the orders.\n"

PAGERDUTY = """
import sys
from pagerduty import EventsApiV2Client
client = EventsApiV2Client("R" * 32, base_url=sys.argv[1])
key = client.trigger("Replica is late", "db-2", severity="error", custom_details={"service": "database"})
if sys.argv[2] != "fires":
    client.acknowledge(key)
if sys.argv[2] == "ends":
    client.resolve(key)
client.submit("Deployed 1.1.0", "ci", links=[{"href": "https://ci.example/1", "text": "run"}],
              timestamp="2026-11-26T03:10:00+00:00Z")
print(key)
"""
OPSGENIE = """
import sys, time
import opsgenie_sdk as sdk
settings = sdk.Configuration()
settings.host, settings.api_key["Authorization"] = sys.argv[1], "key-of-an-integration"
api = sdk.AlertApi(sdk.ApiClient(configuration=settings))

def done(answer):
    for _ in range(300):
        try:
            found = api.get_request_status(answer.request_id)
            if found.data.is_success:
                return found.data
        except sdk.ApiException as wrong:
            if wrong.status != 404:
                raise
        time.sleep(0.05)
    raise SystemExit("the request was never done")

payload = sdk.CreateAlertPayload(message="Disk is full", alias="disk", priority="P2", details={"service": "database"})
made = done(api.create_alert(payload))
if sys.argv[2] != "fires":
    done(api.acknowledge_alert("disk", identifier_type="alias",
                               acknowledge_alert_payload=sdk.AcknowledgeAlertPayload(user="ada", note="on it")))
    done(api.add_note("disk", sdk.AddNoteToAlertPayload(note="cleaning", user="ada"), identifier_type="alias"))
if sys.argv[2] == "ends":
    done(api.close_alert(made.alert_id, close_alert_payload=sdk.CloseAlertPayload(user="ada")))
for _ in range(300):
    alert = api.get_alert("disk", identifier_type="alias").data
    if alert.status == ("closed" if sys.argv[2] == "ends" else "open"):
        break
    time.sleep(0.05)
assert alert.message == "Disk is full" and alert.alias == "disk" and alert.priority == "P2", alert
listed = api.list_alerts(query="status: " + alert.status).data
assert [each.alias for each in listed] == ["disk"], listed
print(made.alias, alert.status, alert.acknowledged)
"""


@pytest.fixture
def clients() -> str:
    """The interpreter that has the clients."""
    if not CLIENTS.exists() and not os.environ.get("OPSBOOK_TEST_ALL"):
        pytest.skip("ABSENT: the clients of other services; make build/clients/.installed")
    return str(CLIENTS)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A served book with one runbook."""
    folder = write(tmp_path, {"docs/operations/runbooks/database.md": RUNBOOK})
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPSBOOK_")}
    command = [sys.executable, "-m", "opsbook", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=folder, env={**kept, "PYTHONPATH": str(SOURCE)}, stdout=subprocess.PIPE, text=True
    ) as served:
        assert served.stdout is not None
        yield served.stdout.readline().split()[-1]
        served.terminate()


@pytest.fixture
def secure(address: str, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The same behind https, which PagerDuty's client insists on, with the certificate to trust."""
    certificate = write_certificate(tmp_path, ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    behind = ("127.0.0.1", int(address.rpartition(":")[2]))

    def converse(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as front, socket.create_connection(behind) as back:
            answering = threading.Thread(target=_carried, args=(back, front), daemon=True)
            answering.start()
            _carried(front, back)
            answering.join()

    with listening(converse) as port:
        yield f"https://127.0.0.1:{port}", certificate


def test_pagerdutys_client_triggers_acknowledges_and_resolves(
    clients: str, address: str, secure: tuple[str, Path]
) -> None:
    key = _told(clients, PAGERDUTY, secure[0], "fires", trusts=secure[1])
    alert = _waited(address, lambda found: found["status"] == "firing")
    assert (alert["severity"], alert["service"]) == ("P1", "database")
    assert alert["annotations"]["summary"] == "Replica is late"
    again = _told(clients, PAGERDUTY, secure[0], "ends", trusts=secure[1])
    assert again != key  # a trigger without a key is another alert
    _waited(address, lambda found: found["status"] == "resolved" and found["id"] != alert["id"])


def test_opsgenies_client_creates_acknowledges_notes_and_closes(clients: str, address: str) -> None:
    assert _told(clients, OPSGENIE, address, "answers").split() == ["disk", "open", "True"]
    alert = _waited(address, lambda found: found["status"] == "acknowledged")
    assert (alert["severity"], alert["service"], alert["acknowledged_by"]) == ("P1", "database", "ada")
    assert _told(clients, OPSGENIE, address, "ends").split() == ["disk", "closed", "True"]


def _carried(one: socket.socket, other: socket.socket) -> None:
    """Everything that one side says, to the other, until it has ended."""
    with suppress(OSError):
        while part := one.recv(65536):
            other.sendall(part)
        other.shutdown(socket.SHUT_WR)


def _told(python: str, script: str, *words: str, trusts: Path | None = None) -> str:
    environment = {**os.environ, "SSL_CERT_FILE": str(trusts)} if trusts else None
    done = subprocess.run([python, "-c", script, *words], capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def _waited(address: str, is_wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    while True:
        with urllib.request.urlopen(f"{address}/api/v1/alerts", timeout=10) as answer:
            alerts: list[dict[str, Any]] = json.load(answer)["alerts"]
        for alert in alerts:
            if is_wanted(alert):
                return alert
        assert time.monotonic() < until, alerts
        time.sleep(0.05)

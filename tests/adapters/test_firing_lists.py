"""An Alertmanager and a Prometheus are told apart by asking, within bounds."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from opsbook.adapters.firing_lists import FiringLists
from opsbook.ground.errors import Failure

ALERT = {"labels": {"alertname": "ApiDown"}, "annotations": {"summary": "It is down."}, "startsAt": "2026-11-26T12:00:00Z",
         "endsAt": "2026-11-26T12:05:00Z", "generatorURL": "http://x"}  # fmt: skip
FIRING = {"status": "success", "data": {"alerts": [
    {"labels": {"alertname": "ApiDown"}, "annotations": {}, "state": "firing", "activeAt": "2026-11-26T12:00:00Z"},
    {"labels": {"alertname": "Soon"}, "annotations": {}, "state": "pending", "activeAt": "2026-11-26T12:00:00Z"},
]}}  # fmt: skip


def configured(yaml: str) -> dict:
    """How Prometheus tells its configuration."""
    return {"status": "success", "data": {"yaml": yaml}}


@contextmanager
def serving(answers: dict[str, object]) -> Iterator[str]:
    """A server that answers these paths: a value as JSON, a number as a status, text as the address to go on at."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path, 404)
            status = found if isinstance(found, int) else 302 if isinstance(found, str) else 200
            self.send_response(status)
            if isinstance(found, str):
                self.send_header("Location", found)
            self.end_headers()
            if status == 200:
                self.wfile.write(json.dumps(found).encode())

        def log_message(self, *words: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_an_alertmanager_tells_its_alerts():
    with serving({"/api/v2/alerts": [ALERT]}) as address:
        [signal] = FiringLists().ask(address + "/").signals
    assert (signal.action, signal.labels, signal.annotations) == ("firing", ALERT["labels"], ALERT["annotations"])
    assert signal.ends_at.isoformat() == "2026-11-26T12:05:00+00:00"


def test_of_a_prometheus_only_what_fires_counts_with_the_labels_that_it_adds():
    config = configured("global:\n  external_labels:\n    cluster: eu\n")
    with serving({"/api/v1/alerts": FIRING, "/api/v1/status/config": config}) as address:
        [signal] = FiringLists().ask(address).signals
    assert signal.labels == {"alertname": "ApiDown", "cluster": "eu"}


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ({}, "neither an Alertmanager nor a Prometheus: it answers 404"), ({"/api/v2/alerts": 500}, "answers 500"),
        ({"/api/v2/alerts": {"a": 1}}, "no list of alerts"), ({"/api/v2/alerts": [1]}, "no list of alerts"),
        ({"/api/v2/alerts": "/api/v2/alerts"}, "redirects"), ({"/api/v2/alerts": "file:///etc/passwd"}, "cannot be asked"),
        ({"/api/v1/alerts": FIRING, "/api/v1/status/config": configured("alerting:\n  alert_relabel_configs: [{}]")}, "relabel"),
        ({"/api/v1/alerts": FIRING, "/api/v1/status/config": configured("[")}, "configuration"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_a_failure_with_the_reason(answers, word):
    with serving(answers) as address, pytest.raises(Failure, match=word):
        FiringLists().ask(address)


def test_an_answer_without_end_is_cut_off():
    with serving({"/api/v2/alerts": [ALERT] * 100}) as address, pytest.raises(Failure, match="more than"):
        FiringLists(most_bytes=5000).ask(address)


def test_nobody_there_is_a_failure_that_shows_no_password():
    with pytest.raises(Failure) as wrong:
        FiringLists(limit_s=2).ask("http://ada:secret@127.0.0.1:9")
    assert "secret" not in str(wrong.value)
    assert "http://127.0.0.1:9" in str(wrong.value)

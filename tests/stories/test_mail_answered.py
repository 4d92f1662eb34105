"""A person answers by the mail that woke them, and a program that looks at its links before does not."""

from __future__ import annotations

import json
import re
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from subprocess import Popen

import pytest
from tests.adapters.endpoints import free_port
from tests.adapters.receivers import mail_server
from tests.stories.opsbook_program import SOURCE, asked, run, write
from tests.usecases.alert_world import BOOK

PATIENCE_S = 20.0
ALERT = {
    "version": "4", "groupKey": "g", "status": "firing", "receiver": "opsbook", "groupLabels": {}, "commonLabels": {},
    "commonAnnotations": {}, "externalURL": "", "truncatedAlerts": 0,
    "alerts": [{"status": "firing", "labels": {"alertname": "WebDown", "service": "web", "severity": "critical"},
                "annotations": {"summary": "web is down"}, "startsAt": "2026-11-26T03:10:00Z",
                "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": "00000000000000aa"}],
}  # fmt: skip


def ask(address: str, body: bytes | None = None, method: str = "") -> tuple[int, str]:
    """The status and the body of an answer, whatever it is."""
    wanted = urllib.request.Request(address, body, {"content-type": "application/json"} if body else {})
    wanted.method = method or wanted.get_method()
    try:
        with urllib.request.urlopen(wanted, timeout=10) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as wrong:
        return wrong.code, ""


@contextmanager
def served(root, box):
    port = free_port()
    settings = f'[notify]\nsmtp = "smtp://127.0.0.1:{box.port}"\nfrom = "opsbook@example.org"\n'
    write(root, {**BOOK, "docs/operations/opsbook.toml": settings})
    command = [sys.executable, "-m", "opsbook", "serve", "--port", str(port)]
    env = {"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin"}
    told = root / "told"
    with told.open("wb") as log, Popen(command, cwd=root, env=env, stdout=log, stderr=log) as server:
        try:
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2).close()
                    break
                except OSError:
                    assert server.poll() is None
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
    assert "Traceback" not in told.read_text()


def looked_at(mail) -> list[str]:
    """What a scanner does: every address in every part of a mail is asked for, twice, and every link of what comes."""
    text = "".join(part.get_content() for part in mail.iter_parts())
    links = sorted(set(re.findall(r'https?://[^\s"<>]+', text)))
    for link in links:
        ask(link, method="HEAD")
        ask(link)
    return links


@pytest.fixture
def box():
    with mail_server() as box:
        yield box


def test_a_person_answers_by_the_mail_and_a_scanner_does_not(tmp_path, box):
    with served(tmp_path, box) as address:
        assert ask(f"{address}/inlets/alertmanager", json.dumps(ALERT).encode())[0] == 200
        mail = box.mails.get(timeout=PATIENCE_S)
        assert mail["Subject"] == "P0 WebDown: web is down" and mail["To"] == "ada@example.org"
        assert "1. Ask nginx which file it rejects." in mail.get_body(("plain",)).get_content()
        (link,) = [each for each in looked_at(mail) if "/a/" in each]
        (alert,) = asked("alerts", "list", here=tmp_path)["alerts"]
        assert alert["status"] == "firing"
        assert 'method="post"' in ask(link)[1] and ask(link, b"")[0] == 200
        (alert,) = asked("alerts", "list", here=tmp_path)["alerts"]
        assert alert["status"] == "acknowledged"
        assert "You acknowledged it" in ask(link)[1]

        run("person", "add-contact", "ben", "email", "ben.private@example.org", here=tmp_path)
        run("person", "test", "ben", "own-email", here=tmp_path)
        test = box.mails.get(timeout=PATIENCE_S)
        assert test["To"] == "ben.private@example.org"
        (link,) = [each for each in looked_at(test) if "/a/" in each]
        code = re.search(r"Your code is (\d{6})", test.get_body(("plain",)).get_content())[1]
        proven = asked("person", "verify", "ben", "own-email", code, here=tmp_path)["contact"]
        assert proven["verified_at"] and "is proven" in ask(link)[1]

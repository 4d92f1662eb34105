"""One ledger on PostgreSQL under several servers: signed in at one, known at the other; away, and back by itself."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from tests.adapters.engine_contract import soon
from tests.stories.opsbook_program import SOURCE, asked, run, write

PAGE = """# Restart

## Procedures

### Restart the API

1. Say it.

   ```bash
   echo restarted for good
   ```
"""


@pytest.fixture
def nodes(tmp_path: Path) -> tuple[Path, Path]:
    """The same repository on two nodes."""
    files: dict[str, str | bytes] = {"docs/operations/README.md": "# Operations\n", "docs/operations/restart.md": PAGE}
    return write(tmp_path / "one", files), write(tmp_path / "two", files)


class Browser:
    """Who asks a server, with cookies."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page."""
        try:
            with self._opener.open(urllib.request.Request(f"{self.address}{path}"), timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def sign_in(self, link: str) -> int:
        """Presses the button of a link that signs in."""
        asked = urllib.request.Request(
            f"{self.address}/sign-in/link", data=f"link={link.partition('link=')[2]}".encode(),
            headers={"Origin": self.address},
        )  # fmt: skip
        with self._opener.open(asked, timeout=20) as answer:
            return int(answer.status)


@contextmanager
def served(node: Path, url: str, *words: str) -> Iterator[tuple[str, str]]:
    """A server of a node: its address, and the link that signs in."""
    command = [sys.executable, "-m", "opsbook", "serve", "--port", "0", *words]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OPSBOOK_DB": url}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=node, env=environment, text=True) as started:
        try:
            assert started.stdout is not None
            ready = started.stdout.readline()
            assert ready.startswith("Opsbook is ready on "), ready
            link = re.search(r"http://\S+", started.stdout.readline())
            assert link is not None
            yield ready.split()[-1], link[0]
        finally:
            started.send_signal(signal.SIGTERM)
            started.communicate(timeout=30)


def test_two_servers_share_one_ledger(nodes, postgres_url):
    one, two = nodes
    with served(one, postgres_url) as (here, _), served(two, postgres_url) as (there, link):
        for address in (here, there):
            assert Browser(address).get("/readyz")[0] == 200
            assert "<h1" in Browser(address).get("/")[1]
        assert Browser(there).sign_in(link) == 200
        added = run("user", "add", "bo", "--no-password", "--db", postgres_url, here=one)
        assert added.returncode == 0, added.stderr
        known = run("user", "link", "bo", "--db", postgres_url, here=two)
        assert known.stdout.startswith(f"{there}/sign-in?link="), known.stderr
        assert Browser(there).sign_in(known.stdout.strip()) == 200
        again = run("serve", "--port", "0", "--db", postgres_url, here=one)
        assert again.returncode == 3
        assert f"Opsbook already serves this book on this machine at {here}" in again.stderr
    checked = asked("ledger", "verify", "--db", postgres_url, here=one)
    assert (checked["faults"], checked["events"] > 3) == ([], True)


def test_a_run_is_shown_on_every_node(nodes, postgres_url):
    one, two = nodes
    done = run("run", "restart.md#restart-the-api", "--yes", "--db", postgres_url, here=one)
    assert done.returncode == 0, done.stdout + done.stderr
    (brief,) = asked("runs", "list", "--db", postgres_url, here=two)["runs"]
    assert brief["state"] == "succeeded"
    shown = run("runs", "log", brief["run"], "--db", postgres_url, here=two)
    assert "restarted for good" in shown.stdout, shown.stderr


def test_a_server_outlives_its_database_being_away(nodes, postgres_url, postgres_server):
    with served(nodes[0], postgres_url) as (address, link):
        browser = Browser(address)
        postgres_server.stop()
        try:
            status, body = browser.get("/readyz")
            assert (status, json.loads(body)["ledger"]) != (200, "ready")
            assert browser.get("/healthz")[0] == 200
            status, body = browser.get("/book/restart.md")
            assert (status, "Restart the API" in body) == (200, True), body
        finally:
            postgres_server.start()
        soon(lambda: browser.get("/readyz")[0] == 200)
        assert browser.sign_in(link) == 200


def test_a_ledger_is_backed_up_into_a_file_put_back_and_checked(nodes, postgres_server):
    here, (old, new) = nodes[0], (postgres_server.fresh(), postgres_server.fresh())
    assert run("user", "add", "bo", "--no-password", "--db", old, here=here).returncode == 0
    kept = asked("db", "backup", "kept.db", "--db", old, here=here)
    assert asked("db", "restore", "kept.db", "--db", new, here=here)["head"] == kept["head"]
    assert asked("db", "check", "--db", new, here=here)["well"] is True
    migrated = asked("db", "migrate", "--db", new, here=here)
    assert migrated["from"] == migrated["to"]


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("ledger", "verify"), 2, "There is no ledger in postgresql://opsbook@/"),
        (("user", "link", "ada"), 3, "No server runs on this ledger"),
    ],
)
def test_what_is_not_there_is_told(nodes, postgres_url, words, status, why):
    done = run(*words, "--db", postgres_url, here=nodes[0])
    assert (done.returncode, why in done.stderr) == (status, True), done.stderr

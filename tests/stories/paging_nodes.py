"""Nodes that page, as whole processes: where they run, who is sent alerts, what is received. Judges nothing."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.adapters.receivers import Web
from tests.stories.opsbook_program import SOURCE, write

from opsbook.config import Config, load
from opsbook.usecases.engine_loop import LEASE
from opsbook.wire_ledger import build_ledger

PATIENCE_S = 90.0
POLICY = """# Escalation

## Urgent Escalation

- **Services:** all
- **Severities:** P0, P1

| Level | After | Contact |
| --- | --- | --- |
| 1 | 0 minutes | #hook |
| 2 | 1 hour | #hook |
"""
SETTINGS = """[alerts]
group_by = ["alertname", "number"]

[notify]
timeout = "3s"

[notify.channels]
"#hook" = "http://127.0.0.1:{port}/hook"

[paging]
lease = "{lease:g}s"
catch_all = ["#hook"]
"""
PAGER = """
import sys
from opsbook.adapters.nudges import Nudge
from opsbook.config import load
from opsbook.entrypoints.paging_child import page_people
page_people(load(book=sys.argv[1], db=sys.argv[2]), Nudge())
"""


def book_of(root: Path, hook: int, lease_s: float) -> Path:
    """A repository whose policy reaches the receiver at a port."""
    write(root, {
        ".git/HEAD": "ref: refs/heads/main\n", "docs/operations/escalation.md": POLICY,
        "docs/operations/opsbook.toml": SETTINGS.format(port=hook, lease=lease_s),
    })  # fmt: skip
    return root / "docs/operations"


def alert(number: int) -> dict[str, Any]:
    """An alert that is in a group of its own."""
    return {"labels": {"alertname": "Full", "severity": "critical", "number": str(number)},
            "annotations": {"summary": f"Disk {number} is full"}}  # fmt: skip


class Node:
    """A program of a node, with whatever it started: a server, or what pages alone."""

    def __init__(self, book: Path, db: str, *, name: str = "node", port: int = 0) -> None:
        self.book, self.db, self.name, self.port = book, db, name, port
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it."""
        command = [sys.executable, "-c", PAGER, str(self.book), self.db]
        if self.port:
            command = [sys.executable, "-m", "opsbook", "--book", str(self.book), "serve", "--port", str(self.port)]
        given = {**os.environ, "PYTHONPATH": str(SOURCE), "OPSBOOK_DB": self.db, "OPSBOOK_NODE": self.name}
        with (self.book.parent / f"{self.name}.log").open("ab") as log:
            self.running = subprocess.Popen(
                command, env=given, cwd=self.book, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def children(self) -> list[int]:
        """The processes that it started and that live, in the order in which it did."""
        assert self.running is not None
        listed = Path(f"/proc/{self.running.pid}/task/{self.running.pid}/children")
        with suppress(OSError):
            return [int(each) for each in listed.read_text().split()]
        return []

    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self.running is None or self.running.poll() is not None

    def kill(self, child: int | None = None) -> None:
        """kill -9 of one of its children, or of itself."""
        assert self.running is not None
        with suppress(ProcessLookupError):
            os.kill(child if child is not None else self.running.pid, signal.SIGKILL)
        if child is None:
            self.running.wait()

    def end(self) -> None:
        """Ends it."""
        if self.running is not None and self.running.poll() is None:
            self.running.terminate()
            self.running.wait(PATIENCE_S)

    def told(self) -> str:
        """The end of what it had to say."""
        log = self.book.parent / f"{self.name}.log"
        return log.read_text(errors="replace")[-1500:] if log.exists() else ""


class Sender:
    """Sends alerts one after the other as long as the `with` lasts, each again until it is answered with 200."""

    def __init__(self, port: int, pause_s: float, told: Callable[[int], dict[str, Any]] = alert) -> None:
        self.port, self.pause_s, self.told_of = port, pause_s, told
        self.answered: list[int] = []
        self.statuses: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def __enter__(self) -> Sender:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _send(self) -> None:
        number = 1
        while not self._over.is_set():
            if self._is_taken(number):
                self.answered.append(number)
                number += 1
            self._over.wait(self.pause_s)

    def _is_taken(self, number: int) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/api/v2/alerts", json.dumps([self.told_of(number)]), headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return False  # it is being killed, or starts again
        finally:
            connection.close()
        self.statuses.add(status)
        return status == 200


def received(hook: Web) -> list[tuple[str, bool]]:
    """What came to the receiver until now, of single messages and digests: the key of each attempt, and whether it says
    of itself that it may have come before."""
    found = []
    while not hook.got.empty():
        facts = json.loads(hook.got.get()[2])
        found += [(each["key"], each["is_duplicate"]) for each in facts.get("pages", [facts])]
    return found


@contextmanager
def looked_at(config: Config) -> Iterator[Any]:
    """The ledger of a configuration."""
    ledger = build_ledger(config)
    try:
        yield ledger
    finally:
        ledger.close()


def leader(ledger: Any) -> str:
    """Who pages now, as NODE/PROCESS/…; empty for nobody."""
    return next((lease.owner for lease in ledger.held(LEASE)), "")


def config_of(book: Path, db: str) -> Config:
    """The configuration of a node's book, whatever the environment says."""
    return load(book=str(book), db=db, environ={})


def wait_until(is_so: Callable[[], object], told: Callable[[], object] = str) -> None:
    """Waits for what must come."""
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until, f"it did not come to an end: {told()}"
        time.sleep(0.05)



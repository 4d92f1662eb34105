"""A night's whole setting: the small world with its monitoring, its book with the policy page that `init` writes, filled
in as a team does, a mail server, a receiver of webhooks, and the served book that ties them together.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.stories.mailbox import Mailbox
from tests.stories.opsbook_program import SOURCE, run, write
from tests.stories.world import ROOT, World, free_port, up

PATIENCE_S = 90
SEED = ROOT / "src" / "opsbook" / "seed" / "incidents"
ADA, BEN = "ada", "ben"  # who is on call, who leads the company
# Where it is noon for whoever is on call: what can wait is told by day.
NOON = timezone(timedelta(hours=(12 - datetime.now(UTC).hour + 11) % 24 - 11))
_NAME = f"Etc/GMT{-int(NOON.utcoffset(None).total_seconds() // 3600):+d}"
PEOPLE = f"""| Name | Handle | E-Mail | Time Zone |
| --- | --- | --- | --- |
| Ada Byron | @ada | ada@example.org | {_NAME} |
| Ben Nevis | @ben | ben@example.org | {_NAME} |
"""
# What a team writes where the page of `init` has brackets; a pattern each, so that the seed may change its words.
FILLED = (
    (r"\[Team/Person\]", "Platform team"),
    (r"(?<=Services:\*\* )all", "web, api, queue, database"),  # ahead of the contacts that their runbooks name
    (r"(?<=\*\*Last Updated:\*\* )\[Date\]", "2026-01-01"),
    (r"\[@handle\], \[@handle\]", "@ada"),
    (r"\| weekly \| \[Date\] \| Monday 09:00 \|", "| weekly | 2026-01-01 | Monday 09:00 |"),
    (r"\| 1 \| 0 minutes \| \[#channel\] \|", "| 1 | 0 minutes | Primary On-Call |"),
    (r"\[@handle\]", "@ben"),
    (r"\| Name \| Handle \|(?:.*\n){3}", PEOPLE),
    (r"\| \[Team\] .*\n", "| Platform | @ada, @ben |\n"),
    (r"(?<=Channels:\*\* )\[#channel\]", "#ops"),
    (r"(?<=Channels:\*\* )\[mail:address\]", "mail:customers@example.org"),
    (r"alerts of P0 and P1", "alerts of P0 and P1 for web"),
    (r"\| \[What customers call it\] \| \[Service\] .*\n", "| Orders | queue | Placing orders | Shop |\n| Pages | web | | Shop |\n"),
    (r"(?<=Title:\*\* )\[.*\]", "Example Status"),
    (r"(?<=Introduction:\*\* )\[.*\]", "How the shop is."),
    (r"(?<=Contact:\*\* )\[.*\]", "help@example.org"),
    (r"\[Channel\]", "#ops"),
    (r"(?<=Video Call:\*\* )\[URL\]", "https://meet.example.org/ops"),
    (r"(?<=Status Page:\*\* )\[URL\]", "https://status.example.org"),
)  # fmt: skip


class Hook:
    """A receiver of webhooks that keeps what it is given; `address` is where."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        hook = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.address = f"http://127.0.0.1:{self._server.server_port}/updates"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Takes nothing any more."""
        self._server.shutdown()
        self._server.server_close()


class Night:
    """The served book of the world, whoever is told of it, and how one signs in."""

    def __init__(self, world: World, address: str, mailbox: Mailbox, hook: Hook) -> None:
        self.world, self.address, self.mailbox, self.hook = world, address, mailbox, hook
        self.password = secrets.token_urlsafe(16)
        self.token = ""

    def opsbook(self, *words: str, stdin: str = "") -> str:
        """What a verb prints; fails where it fails."""
        done = run(*words, here=self.world.folder, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """What the API answers whoever is on call; with a body, what it did."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        asking = urllib.request.Request(self.address + path, data=content, headers=headers)
        try:
            with urllib.request.urlopen(asking, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{path}: {refused.code} {refused.read().decode()}") from refused

    def public(self, path: str) -> str:
        """What everybody reads at an address."""
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:
            return str(answer.read().decode())

    def alert(self, name: str) -> dict[str, Any]:
        """The alert of a name that began last."""
        asked_for = urllib.parse.urlencode({"match": f'alertname="{name}"'})
        return dict(self.ask(f"/api/v1/alerts?{asked_for}")["alerts"][0])


def until(is_so: Callable[[], Any], what: str) -> Any:
    """Waits for what comes by itself; what it is then."""
    end = time.monotonic() + PATIENCE_S
    while not (so := is_so()):
        assert time.monotonic() < end, f"not so: {what}"
        time.sleep(0.2)
    return so


def policy() -> str:
    """The policy page of `init`, filled in."""
    text = (SEED / "incident-response.md").read_text()
    for pattern, words in FILLED:
        text, count = re.subn(pattern, words, text)
        assert count, f"the page of init has no {pattern} any more"
    return text


@contextmanager
def night() -> Iterator[Night]:
    """The world, up and well, its book served, with ada on call and ben behind her."""
    port, mailbox, hook = free_port(), Mailbox(), Hook()
    address = f"http://127.0.0.1:{port}"
    try:
        with up(OPS_URL=address) as world:
            made = Night(world, address, mailbox, hook)
            _lay(made)
            env = {**world.environment, "PYTHONPATH": str(SOURCE)}
            command = [sys.executable, "-m", "opsbook", "serve", "--port", str(port)]
            with subprocess.Popen(command, cwd=world.folder, env=env, stdout=subprocess.PIPE, text=True) as served:
                try:
                    assert served.stdout is not None
                    assert "ready" in served.stdout.readline()
                    yield made
                finally:
                    os.kill(served.pid, signal.SIGTERM)
    finally:
        mailbox.close()
        hook.close()


def _lay(made: Night) -> None:
    """The book as a team has it in git, and the accounts of the two."""
    settings = f"""[notify]
smtp = "{made.mailbox.address}"
from = "opsbook@example.org"

[notify.channels]
"#ops" = "{made.hook.address}"

[alerts.reconcile]
alertmanager = "{made.world.alertmanager}"

[probes]
every = "2 seconds"
allow = ["127.0.0.1"]
"""
    template = (SEED / "post-mortem-template.md").read_text()
    book = "docs/operations"
    write(made.world.folder, {
        f"{book}/incidents/incident-response.md": policy(), f"{book}/incidents/post-mortem-template.md": template,
        f"{book}/opsbook.toml": settings, ".gitignore": "/*\n!/docs\n!/.gitignore\n",
    })  # fmt: skip
    name = ("-c", "user.name=Ada Byron", "-c", "user.email=ada@example.org")
    for words in (("init", "-q", "-b", "main"), ("add", "."), (*name, "commit", "-qm", "The book")):
        subprocess.run(("git", *words), cwd=made.world.folder, check=True, stdin=subprocess.DEVNULL)
    for who, role in ((ADA, "admin"), (BEN, "responder")):
        made.opsbook("user", "add", who, "--role", role, "--password-stdin", stdin=made.password + "\n")
    acts = "read,respond,run,approve,edit-page"
    made.token = made.opsbook("token", "issue", ADA, "--for", acts).split()[-1]

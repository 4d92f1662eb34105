"""A small book in a repository of its own, served by the real door on a free port of loopback."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from opsbook.config import Config, load
from opsbook.entrypoints.web import build_app
from opsbook.ledger.health import Health
from opsbook.usecases.desk import Desk
from opsbook.wire import (
    build_accounts,
    build_book,
    build_ledger,
    build_library,
    build_repository,
    build_search_index,
    lint_scope,
)

GIT = {
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@ops.example", "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@ops.example", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
}  # fmt: skip


@dataclass
class World:
    """Plays the watch and its samples: probes are those of the book, and their health is what a test says."""

    library: Any
    health: dict[str, Health] = field(default_factory=dict)

    def probes(self):
        return {probe.key: probe for facts in self.library.snapshot().facts.values() for probe in facts.probes}

    def healths(self):
        return {key: self.health.get(key, Health(key)) for key in self.probes()}

    def ask_now(self, keys):
        pass

    def on_reading(self, tell):
        pass

    def last(self, probe, count):
        return []

    def buckets(self, probe, start, end, count):
        return []


@dataclass
class Served:
    """The book while it is served: its folder, its desk, and a browser that is signed in (`me`) or not (`anybody`)."""

    root: Path
    desk: Desk
    world: World
    config: Config
    address: str
    anybody: httpx.Client
    me: httpx.Client
    cookie: dict[str, str]

    def git(self, *words: str) -> str:
        """What git says."""
        done = subprocess.run(["git", *words], cwd=self.root, env={**os.environ, **GIT}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, path: str, raw: bytes, message: str) -> None:
        """Commits a page as somebody else would, and has the library see it."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)
        self.git("add", "--", path)
        self.git("commit", "-q", "-m", message)
        self.desk.library.look()

    def form(self, address: str) -> dict[str, str]:
        """The fields of the editing form at an address, as a browser would send them."""
        html = self.me.get(address).text
        return fields_in(html)

    def post(self, address: str, fields: Mapping[str, str]) -> httpx.Response:
        """Sends a form as a browser does: every line end in a field is CRLF."""
        sent = {name: re.sub(r"\r\n|\r|\n", "\r\n", value) for name, value in fields.items()}
        return self.me.post(address, data=sent)


def fields_in(html: str) -> dict[str, str]:
    """The fields of a page's editing form."""
    from html import unescape

    form = html[html.index('<form method="post" action="/edit/') :]
    found = {
        name: unescape(value) for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    }
    text = form[form.index("<textarea") : form.index("</textarea>")]
    return {**found, "text": unescape(text[text.index(">") + 1 :].removeprefix("\n")), "message": ""}


@contextmanager
def served(root: Path, pages: Mapping[str, bytes]) -> Iterator[Served]:
    """The pages as a book at `docs/operations` of a new repository, served until the end of the `with`."""
    for path, raw in pages.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "The book")):
        subprocess.run(["git", *words], cwd=root, env={**os.environ, **GIT}, check=True)
    config = load(book=str(root / "docs" / "operations"), db=f"sqlite:///{root}/.opsbook/opsbook.db")
    with ExitStack() as stack:
        ledger = build_ledger(config)
        stack.callback(ledger.close)
        library = build_library(config)
        stack.callback(library.close)
        index = build_search_index(config)
        stack.callback(index.close)
        assert library.wait_whole(20)
        world = World(library)
        today = datetime(2026, 11, 26, tzinfo=UTC)
        desk = Desk(
            name="shop", library=library, index=index, repository=build_repository(config),
            rule_files=build_book(config), alerting=lint_scope(config, today.date()).alerting,
            scope=lambda: lint_scope(config, today.date()), watch=world, samples=world, ledger=ledger,
            accounts=build_accounts(config, ledger), now=lambda: datetime.now(UTC),
        )  # fmt: skip
        address = stack.enter_context(listening(build_app(config, desk)))
        browsers = [stack.enter_context(httpx.Client(base_url=address, headers={"accept": "text/html"})) for _ in "ab"]
        link = desk.accounts.issue_link("grace", "responder", actor="test")
        answer = browsers[1].post("/sign-in/link", data={"link": link})
        assert answer.status_code == 303, answer.text
        cookie = dict(browsers[1].cookies)
        yield Served(root, desk, world, config, address, browsers[0], browsers[1], cookie)


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """The address of an application while it is served in a thread."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on", server_header=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = datetime.now().timestamp() + 20
    while not server.started and datetime.now().timestamp() < deadline:
        thread.join(0.01)
    assert server.started
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        app.close_streams()
        server.should_exit = True
        thread.join(20)

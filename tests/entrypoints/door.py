"""A served book in a temporary repository, its real desk and its real door, for the tests of the door."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from litestar.testing import TestClient
from msgspec import Struct

from opsbook.config import Config, load
from opsbook.desk_parts import build_desk
from opsbook.entrypoints.gates.asked import csrf_of
from opsbook.entrypoints.gates.edge import Edge
from opsbook.entrypoints.web import build_app
from opsbook.usecases.authority import Role
from opsbook.usecases.desk import Desk

ADDRESS = "http://127.0.0.1:8000"
PASSWORD = "correct horse battery staple"
PAGES = {
    "docs/operations/README.md": "# Operations\n\n- [The API](runbooks/api.md)\n",
    "docs/operations/runbooks/api.md": """# Runbook: API

**Owner:** Ada

## Overview
Answers customers.

## Health Checks
- **Health Check URL:** http://127.0.0.1:9/health
- **Expected Response:** 200 OK

## Deployment
1. Restart it
   ```sh
   systemctl restart api
   ```

See [nowhere](nowhere.md).
""",
}


class Door(Struct):
    """What a test needs of a served book."""

    root: Path
    config: Config
    desk: Desk
    app: Edge
    client: TestClient[Any]

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer, redirects not followed."""
        return self.client.request(method, path, follow_redirects=False, **more)

    def session(self, role: Role, name: str = "") -> dict[str, str]:
        """The headers of a new session of somebody with that role."""
        name = name or f"{role}-one"
        link = self.desk.accounts.issue_link(name, role, actor="test")
        secret, _ = self.desk.accounts.sign_in_by_link(link, source="127.0.0.1")
        return {"cookie": f"{self.app.keeper.cookie('http')}={secret}", "x-csrf-token": csrf_of(secret)}

    def token(self, role: Role, *acts: str) -> dict[str, str]:
        """The headers of a new token of somebody with that role."""
        self.session(role)
        secret, _ = self.desk.accounts.issue_token(f"{role}-one", acts or ("read",), None, actor="test")
        return {"authorization": f"Bearer {secret}"}


def write_repository(root: Path, pages: Mapping[str, str] = PAGES) -> Path:
    """A git repository with these pages in it, committed; returns the folder of the book."""
    for name, text in pages.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for words in (["init", "-q", "-b", "main"], ["config", "user.name", "Ada"], ["config", "user.email", "ada@example.org"],
                  ["add", "."], ["commit", "-qm", "The book"]):  # fmt: skip
        subprocess.run(["git", "-C", str(root), *words], check=True)
    return root / "docs" / "operations"


@contextmanager
def opened(root: Path, *, listening_on: str = "127.0.0.1", address: str = ADDRESS, **settings: Any) -> Iterator[Door]:
    """The door to the book in a repository; `settings` replace what is configured."""
    config = msgspec.structs.replace(load(book=str(root / "docs" / "operations"), environ={}), **settings)
    with build_desk(config, address) as desk:
        desk.library.wait_whole(20)
        app = build_app(config, desk, listening_on=listening_on)
        with TestClient(app, base_url=address, raise_server_exceptions=False) as client:
            yield Door(root, config, desk, app, client)

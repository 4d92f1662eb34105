"""A person at a browser before the door of a small shop's book: pages by address, forms as a browser sends them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import httpx
from msgspec import Struct
from tests.entrypoints.door import Door, opened, write_repository


class Browser(Struct):
    """Somebody before the door: `me` are the headers of a responder's session."""

    door: Door
    me: dict[str, str]

    def see(self, address: str, *, status: int = 200, me: bool = False) -> str:
        """A page, which must have that status."""
        answer = self.get(address, me=me)
        assert answer.status_code == status, (address, answer.status_code, answer.text[:800])
        return answer.text

    def get(self, address: str, *, me: bool = False, **headers: str) -> httpx.Response:
        """The answer to a browser that asks for a page."""
        who = {"cookie": self.me["cookie"]} if me else {}
        return self.door.ask("GET", address, headers={"accept": "text/html", **who, **headers})

    def leads_to(self, address: str) -> str:
        """Where an address sends the browser."""
        answer = self.get(address)
        assert answer.is_redirect, (address, answer.status_code)
        return answer.headers["location"]

    def form(self, address: str) -> dict[str, str]:
        """The fields of the editing form at an address."""
        return fields_in(self.see(address, me=True))

    def send(self, address: str, fields: Mapping[str, str], **headers: str) -> httpx.Response:
        """Sends a form as a browser does: every line end in a field is CRLF."""
        sent = {name: re.sub(r"\r\n|\r|\n", "\r\n", value) for name, value in fields.items()}
        who = {"cookie": self.me["cookie"], "accept": "text/html", **headers}
        return self.door.ask("POST", address, headers=who, data=sent)

    def git(self, *words: str) -> str:
        """What git says in the repository."""
        done = subprocess.run(["git", "-C", str(self.door.root), *words], capture_output=True, text=True, check=True)
        return done.stdout

    def commit(self, path: str, raw: bytes, message: str) -> None:
        """Commits a page as somebody else would, and has the library see it."""
        file = self.door.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)
        self.git("add", "--", path)
        self.git("commit", "-q", "-m", message)
        self.door.desk.library.look()


def fields_in(html: str) -> dict[str, str]:
    """The fields of a page's editing form, as a browser reads them."""
    form = html[html.index('class="edit" data-editor') :]
    found = {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)}
    text = form[form.index("<textarea") : form.index("</textarea>")]
    message = re.search(r'name="message" value="([^"]*)"', form)
    typed = unescape(text[text.index(">") + 1 :].removeprefix("\n"))
    return {**found, "text": typed, "message": unescape(message.group(1)) if message else ""}


@contextmanager
def browsing(root: Path, pages: Mapping[str, str], files: Mapping[str, bytes] | None = None) -> Iterator[Browser]:
    """A browser before a book of these pages, with these files beside them."""
    write_all(root, pages, files)
    with opened(root) as door:
        yield Browser(door, door.session("responder", "grace"))


def write_all(root: Path, pages: Mapping[str, str], files: Mapping[str, bytes] | None = None) -> None:
    """A repository with these pages, and with these files beside them."""
    for path, raw in (files or {}).items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)
    write_repository(root, pages)

"""Calendars from the web or from the repository, and the last good copy of each in a folder of its own. Reads none."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from hashlib import sha256
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import msgspec
from msgspec import Struct

from opsbook.book.roster.values import Imported
from opsbook.ground.errors import Failure

TIMEOUT_S = 10.0
MOST_BYTES = 5_000_000
MOST_REDIRECTS = 3


class _Kept(Struct):
    address: str
    imported: Imported


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        """Follows none by itself: each address is checked before it is asked."""
        return


class CalendarFolder:
    """Copies in a folder; paths without a scheme are files below the root of the repository."""

    def __init__(self, root: str, folder: str) -> None:
        self._root = root
        self._folder = folder

    def fetch(self, address: str) -> bytes:
        """The calendar as it is now; raises Failure where it cannot be had within 10 seconds."""
        return self._from_web(address) if "://" in address else self._from_repository(address)

    def _from_web(self, address: str) -> bytes:
        for _ in range(MOST_REDIRECTS + 1):
            _check(address)
            request = Request(address, headers={"Accept": "text/calendar", "User-Agent": "opsbook"})
            try:
                with build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as answer:
                    raw: bytes = answer.read(MOST_BYTES + 1)
                    return raw
            except HTTPError as wrong:
                leads_to = wrong.headers.get("Location") if 300 <= wrong.code < 400 else None
                wrong.close()
                if not leads_to:
                    raise Failure(f"It answers {wrong.code}.", retryable=True) from wrong
                address = urljoin(address, leads_to)
            except (OSError, HTTPException, ValueError) as wrong:
                why = getattr(wrong, "reason", None) or wrong
                raise Failure(f"It does not answer: {why}.", retryable=True) from wrong
        raise Failure(f"It leads on more than {MOST_REDIRECTS} times.")

    def _from_repository(self, path: str) -> bytes:
        file = os.path.realpath(os.path.join(self._root, path))
        if not file.startswith(os.path.realpath(self._root) + os.sep):
            raise Failure("It lies outside of the repository.")
        try:
            with open(file, "rb") as stream:
                return stream.read(MOST_BYTES + 1)
        except OSError as wrong:
            raise Failure(f"It cannot be read: {wrong.strerror}.") from wrong

    def load(self) -> dict[str, Imported]:
        """What was kept, by address; what cannot be read is left out."""
        found: dict[str, Imported] = {}
        with suppress(OSError):
            for name in sorted(os.listdir(self._folder)):
                if name.endswith(".json"):
                    with suppress(OSError, msgspec.DecodeError), open(os.path.join(self._folder, name), "rb") as file:
                        kept = msgspec.json.decode(file.read(), type=_Kept)
                        found[kept.address] = kept.imported
        return found

    def save(self, address: str, imported: Imported, raw: bytes | None) -> None:
        """Keeps what a calendar says, and its bytes where it was read; a full disk costs the next start its copy."""
        stem = os.path.join(self._folder, sha256(address.encode()).hexdigest()[:24])
        with suppress(OSError):
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            if raw is not None:
                _replace(f"{stem}.ics", raw)
            _replace(f"{stem}.json", msgspec.json.encode(_Kept(address, imported)))


def _replace(path: str, content: bytes) -> None:
    """Whole or not at all, whoever else writes it."""
    part = f"{path}.{os.getpid()}"
    with open(part, "wb") as file:
        file.write(content)
    os.replace(part, path)


def _check(address: str) -> None:
    """Raises Failure for what is no address of the web, or is one that a machine has for itself alone."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Failure("It is no address of the web.")
    try:
        places = socket.getaddrinfo(parts.hostname, parts.port or parts.scheme, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as wrong:
        raise Failure(f"There is no host '{parts.hostname}': {wrong}.", retryable=True) from wrong
    if any(ip_address(str(place[4][0]).partition("%")[0]).is_link_local for place in places):
        raise Failure(f"'{parts.hostname}' is an address that is refused, as clouds keep credentials at such.")

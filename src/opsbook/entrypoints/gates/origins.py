"""Whether a change was asked for by a page of ours: what a page of another site sends is refused before it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# `none` is what a person typed or a bookmark. A page of another port of this machine is `same-site`, and not ours.
OWN_SITES = (b"same-origin", b"none")


class Origins:
    """Compares Origin and Sec-Fetch-Site of each change with the address that it came to.

    A program that is no browser sends neither; it has no cookies that another site could make use of.
    """

    def __init__(self, public_url: str) -> None:
        self.public = _origin(public_url) if public_url else None

    def admits(self, scope: Mapping[str, Any]) -> bool:
        """True for what changes nothing, and for changes that a page of ours or no browser asked for."""
        if scope["method"] not in CHANGES:
            return True
        headers = dict(scope["headers"])
        site = headers.get(b"sec-fetch-site")
        if site is not None and site.lower() not in OWN_SITES:
            return False
        origin = headers.get(b"origin")
        if origin is None:
            return True
        host = headers.get(b"host", b"").decode("latin-1")
        asks = _origin(origin.decode("latin-1"))  # None for `null` and for what is no address: never ours
        return asks is not None and asks in (_origin(f"{scope['scheme']}://{host}"), self.public)


def _origin(address: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(address)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, (parts.hostname or "").lower(), port) if parts.hostname else None

"""Who asks, worked out once a request and handed to the routes in its scope. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from litestar.types import Scope

from opsbook.usecases.authority import Actor

if TYPE_CHECKING:
    from opsbook.usecases.accounts import Accounts

KEY = "opsbook.asked"


class Asked(NamedTuple):
    """Who asks: `actor` is None for nobody in particular; `secret` is the session's cookie, which a change must know
    the `csrf` of; `why` says what is wrong with a token that was shown."""

    actor: Actor | None = None
    secret: str = ""
    why: str = ""
    reads_are_open: bool = False

    @property
    def csrf(self) -> str:
        """What forms of this session carry: made of the cookie, which no other site can read."""
        return csrf_of(self.secret) if self.secret else ""


def csrf_of(secret: str) -> str:
    """The token against forged forms for the session with this cookie."""
    return sha256(b"csrf " + secret.encode()).hexdigest()[:32]


def asked(scope: Scope | Mapping[str, Any]) -> Asked:
    """Who asks, as the gate worked it out."""
    found: Asked = scope[KEY]  # type: ignore[literal-required]
    return found


class Doorkeeper:
    """Recognises sessions by their cookie and programs by their bearer token."""

    def __init__(self, accounts: Accounts, *, ledger_name: str, reads_are_open: bool) -> None:
        self.accounts = accounts
        self.reads_are_open = reads_are_open
        # Browsers keep one jar for all ports of a host: two servers on one machine must not share a cookie's name.
        self.plain_cookie = "opsbook-" + sha256(ledger_name.encode()).hexdigest()[:8]
        self.secure_cookie = "__Host-" + self.plain_cookie

    def cookie(self, scheme: str) -> str:
        """The name of the session's cookie; over https, one that browsers take from this host over https alone."""
        return self.secure_cookie if scheme == "https" else self.plain_cookie

    def recognise(self, scope: Scope) -> Asked:
        """Who asks. A bearer token wins over a cookie, so that a program is never taken for the person's browser."""
        cookie = b""
        for name, value in scope["headers"]:
            if name == b"authorization":
                return self._by_token(value.decode("latin-1"))
            if name == b"cookie":
                cookie = value
        secret = _value(cookie.decode("latin-1"), self.cookie(scope["scheme"])) if cookie else ""
        actor = self.accounts.actor_for_session(secret) if secret else None
        return Asked(actor, secret if actor else "", reads_are_open=self.reads_are_open)

    def _by_token(self, header: str) -> Asked:
        scheme, _, token = header.strip().partition(" ")
        if scheme.lower() != "bearer":
            return Asked(why="Write 'Authorization: Bearer TOKEN'.", reads_are_open=False)
        actor = self.accounts.actor_for_token(token.strip())
        why = "" if actor else "This token is not known, has expired or was revoked."
        return Asked(actor, why=why, reads_are_open=self.reads_are_open and actor is not None)


def _value(header: str, name: str) -> str:
    for pair in header.split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value.strip('"')
    return ""

"""Who asks, worked out once a request and handed to the routes in its scope. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from litestar.types import Scope

from opsbook.ground.errors import Failure, Refusal
from opsbook.usecases.authority import Actor

if TYPE_CHECKING:
    from opsbook.usecases.accounts import Accounts

KEY = "opsbook.asked"
READING = frozenset({"read"})
_PROOFS = (b"authorization", b"cookie")


class Asked(NamedTuple):
    """Who asks: `actor` is None for nobody in particular; `secret` is the session's cookie, which a change must know
    the `csrf` of; `why` says what is wrong with a token that was shown; `trouble`, why the ledger could not be asked
    whose it is now."""

    actor: Actor | None = None
    secret: str = ""
    why: str = ""
    reads_are_open: bool = False
    trouble: str = ""

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
        self.is_far = ledger_name.startswith("postgres")
        # Browsers keep one jar for all ports of a host: two servers on one machine must not share a cookie's name.
        self.plain_cookie = "opsbook-" + sha256(ledger_name.encode()).hexdigest()[:8]
        self.secure_cookie = "__Host-" + self.plain_cookie

    def cookie(self, scheme: str) -> str:
        """The name of the session's cookie; over https, one that browsers take from this host over https alone."""
        return self.secure_cookie if scheme == "https" else self.plain_cookie

    async def recognised(self, scope: Scope) -> Asked:
        """Who asks; a ledger that others can take away is asked in a thread, so that nobody else waits for it."""
        if self.is_far and any(name in _PROOFS for name, _ in scope["headers"]):
            return await asyncio.to_thread(self.recognise, scope)
        return self.recognise(scope)

    def recognise(self, scope: Scope) -> Asked:
        """Who asks. A bearer token wins over a cookie, so that a program is never taken for the person's browser.

        While the ledger cannot be asked, whoever was known to it may go on to read what needs no ledger.
        """
        try:
            return self._recognised(scope, is_current=True)
        except (Failure, Refusal) as wrong:
            who = self._recognised(scope, is_current=False)
            actor = who.actor and msgspec.structs.replace(who.actor, acts=_reading(who.actor))
            return who._replace(actor=actor, reads_are_open=self.reads_are_open, trouble=str(wrong))

    def _recognised(self, scope: Scope, *, is_current: bool) -> Asked:
        cookie = b""
        for name, value in scope["headers"]:
            if name == b"authorization":
                return self._by_token(value.decode("latin-1"), is_current=is_current)
            if name == b"cookie":
                cookie = value
        secret = _value(cookie.decode("latin-1"), self.cookie(scope["scheme"])) if cookie else ""
        actor = self.accounts.actor_for_session(secret, is_current=is_current) if secret else None
        return Asked(actor, secret if actor else "", reads_are_open=self.reads_are_open)

    def _by_token(self, header: str, *, is_current: bool) -> Asked:
        scheme, _, token = header.strip().partition(" ")
        if scheme.lower() != "bearer":
            return Asked(why="Write 'Authorization: Bearer TOKEN'.", reads_are_open=False)
        actor = self.accounts.actor_for_token(token.strip(), is_current=is_current)
        why = "" if actor else "This token is not known, has expired or was revoked."
        return Asked(actor, why=why, reads_are_open=self.reads_are_open and actor is not None)


def _reading(actor: Actor) -> frozenset[str]:
    """Of what somebody may do, that which changes nothing."""
    return READING if actor.acts is None else READING & actor.acts


def _value(header: str, name: str) -> str:
    for pair in header.split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value.strip('"')
    return ""

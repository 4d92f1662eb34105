"""Accounts as folds over their events: role, password, sessions, tokens, links. Pure; knows no secret, only hashes.

Each account has a stream of its own, `account/NAME`. A session, token or link is known by the SHA-256 of its secret.
Everything that changes an account lives in FOLDS, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from opsbook.ledger.event import Draft, Event

STREAMS = "account/"  # what the streams of accounts begin with


class Session(Struct, frozen=True):
    """A sign-in that lasts: `via` is password, link or external; `source` the address it came from."""

    id: str
    account: str
    secret_hash: str
    begun_at: datetime
    expires_at: datetime
    via: str
    source: str = ""
    agent: str = ""


class Token(Struct, frozen=True):
    """What a program signs in with, limited to some acts; `expires_at` is None for one that lasts until revoked."""

    id: str
    account: str
    secret_hash: str
    label: str
    acts: frozenset[str]
    issued_at: datetime
    issued_by: str
    expires_at: datetime | None


class Link(Struct, frozen=True):
    """A way to sign in once, without a password; `role` is for the account that it may have to add."""

    secret_hash: str
    role: str
    expires_at: datetime


class Account(Struct, frozen=True):
    """An account as its events left it. `number` is that of the last event of its stream; until `added_at` is set it
    is only a name that a link was issued for. `external` is (issuer, subject) where a provider vouches for it.
    `sessions` and `tokens` are by id, and may hold some that have expired since."""

    name: str
    number: int = 0
    role: str = "viewer"
    email: str = ""
    added_at: datetime | None = None
    is_enabled: bool = True
    password_hash: str | None = None
    password_set_at: datetime | None = None
    external: tuple[str, str] | None = None
    sessions: dict[str, Session] = {}
    tokens: dict[str, Token] = {}
    link: Link | None = None


def stream_of(name: str) -> str:
    """The stream of an account."""
    return STREAMS + name


def folded(account: Account, event: Event) -> Account:
    """The account after one more event of its stream; one that it knows already changes nothing."""
    if event.number <= account.number:
        return account
    fold = FOLDS.get(event.kind)
    after = fold(account, event, event.facts) if fold is not None else account
    return structs.replace(after, number=event.number)


def _added(account: Account, event: Event, facts: dict[str, Any]) -> Account:
    return structs.replace(account, role=facts["role"], email=facts.get("email", ""), added_at=event.at)


def _password_set(account: Account, event: Event, facts: dict[str, Any]) -> Account:
    # Whoever knew the old one is signed out: that is mostly why a password is set.
    changed = structs.replace(account, password_hash=facts["password_hash"], password_set_at=event.at)
    return _sessions_revoked(changed, event, facts)


def _password_rehashed(account: Account, _event: Event, facts: dict[str, Any]) -> Account:
    return structs.replace(account, password_hash=facts["password_hash"])


def _role_changed(account: Account, _event: Event, facts: dict[str, Any]) -> Account:
    return structs.replace(account, role=facts["role"])


def _email_changed(account: Account, _event: Event, facts: dict[str, Any]) -> Account:
    return structs.replace(account, email=facts["email"])


def _disabled(account: Account, _event: Event, _facts: dict[str, Any]) -> Account:
    return structs.replace(account, is_enabled=False, sessions={}, tokens={}, link=None)


def _enabled(account: Account, _event: Event, _facts: dict[str, Any]) -> Account:
    return structs.replace(account, is_enabled=True)


def _session_begun(account: Account, event: Event, facts: dict[str, Any]) -> Account:
    session = Session(
        id=facts["session"], account=account.name, secret_hash=facts["secret_hash"], begun_at=event.at,
        expires_at=datetime.fromisoformat(facts["expires_at"]), via=facts["via"], source=facts.get("source", ""),
        agent=facts.get("agent", ""),
    )  # fmt: skip
    lasting = {key: each for key, each in account.sessions.items() if each.expires_at > event.at}
    return structs.replace(account, sessions={**lasting, session.id: session})


def _session_ended(account: Account, _event: Event, facts: dict[str, Any]) -> Account:
    kept = {key: each for key, each in account.sessions.items() if key != facts["session"]}
    return structs.replace(account, sessions=kept)


def _sessions_revoked(account: Account, _event: Event, facts: dict[str, Any]) -> Account:
    kept = {key: each for key, each in account.sessions.items() if key == facts.get("kept")}
    return structs.replace(account, sessions=kept)


def _token_issued(account: Account, event: Event, facts: dict[str, Any]) -> Account:
    expires = facts["expires_at"]
    token = Token(
        id=facts["token"], account=account.name, secret_hash=facts["secret_hash"], label=facts.get("label", ""),
        acts=frozenset(facts["acts"]), issued_at=event.at, issued_by=event.actor,
        expires_at=None if expires is None else datetime.fromisoformat(expires),
    )  # fmt: skip
    lasting = {k: each for k, each in account.tokens.items() if each.expires_at is None or each.expires_at > event.at}
    return structs.replace(account, tokens={**lasting, token.id: token})


def _token_revoked(account: Account, _event: Event, facts: dict[str, Any]) -> Account:
    kept = {key: each for key, each in account.tokens.items() if key != facts["token"]}
    return structs.replace(account, tokens=kept)


def _link_issued(account: Account, _event: Event, facts: dict[str, Any]) -> Account:
    link = Link(facts["secret_hash"], facts["role"], datetime.fromisoformat(facts["expires_at"]))
    return structs.replace(account, link=link)


def _link_used(account: Account, _event: Event, _facts: dict[str, Any]) -> Account:
    return structs.replace(account, link=None)


def _linked(account: Account, _event: Event, facts: dict[str, Any]) -> Account:
    return structs.replace(account, external=(facts["issuer"], facts["subject"]))


FOLDS: dict[str, Callable[[Account, Event, dict[str, Any]], Account]] = {
    "AccountAdded": _added,
    "AccountDisabled": _disabled,
    "AccountEnabled": _enabled,
    "EmailChanged": _email_changed,
    "ExternalAccountLinked": _linked,
    "LinkIssued": _link_issued,
    "LinkUsed": _link_used,
    "PasswordRehashed": _password_rehashed,
    "PasswordSet": _password_set,
    "RoleChanged": _role_changed,
    "SessionBegun": _session_begun,
    "SessionEnded": _session_ended,
    "SessionsRevoked": _sessions_revoked,
    "TokenIssued": _token_issued,
    "TokenRevoked": _token_revoked,
}


def account_added(role: str, email: str) -> Draft:
    """An account was added."""
    return Draft("AccountAdded", {"role": role, "email": email})


def password_set(password_hash: str, kept: str = "") -> Draft:
    """A password was set; all sessions but `kept` ended with it."""
    return Draft("PasswordSet", {"password_hash": password_hash, "kept": kept})


def session_begun(session: Session) -> Draft:
    """Somebody signed in."""
    return Draft("SessionBegun", {
        "session": session.id, "secret_hash": session.secret_hash, "expires_at": session.expires_at.isoformat(),
        "via": session.via, "source": session.source, "agent": session.agent,
    })  # fmt: skip


def token_issued(token: Token) -> Draft:
    """A token was issued."""
    return Draft("TokenIssued", {
        "token": token.id, "secret_hash": token.secret_hash, "label": token.label, "acts": sorted(token.acts),
        "expires_at": token.expires_at.isoformat() if token.expires_at else None,
    })  # fmt: skip


def link_issued(link: Link) -> Draft:
    """A one-time link was issued."""
    facts = {"secret_hash": link.secret_hash, "role": link.role, "expires_at": link.expires_at.isoformat()}
    return Draft("LinkIssued", facts)

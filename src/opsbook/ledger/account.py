"""Accounts as folds over their events: role, password, sessions, tokens, links. Pure; knows no secret, only hashes.

Each account has a stream of its own, `account/NAME`. A session, token or link is known by the SHA-256 of its secret.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


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
    """A way to sign in once, without a password."""

    secret_hash: str
    role: str
    expires_at: datetime


class Account(Struct, frozen=True):
    """An account as its events left it. `number` is that of the last event of its stream; before `added_at` is set it
    is only a name that a link was issued for. `external` is (issuer, subject) where a provider vouches for it."""

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

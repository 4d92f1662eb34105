"""Who asks, and their sessions and tokens, by the API; everybody's for an admin. Decides nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from opsbook.entrypoints.api import models
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.web.answering import actor_of, desk_of
from opsbook.ledger.account import Account, Session, Token
from opsbook.usecases.authority import ACTS, Actor, decide

# Those of ACTS, as a type tells them.
Act = Literal["read", "own-account", "probe", "edit-page", "respond", "run", "approve", "administer"]


class NewTokenBody(Struct, forbid_unknown_fields=True):
    """What a new token is for."""

    acts: Annotated[list[Act], Meta(min_length=1, max_length=len(ACTS), description="What it may do.")]
    label: Annotated[str, Meta(max_length=200, description="What it is for, in words.")] = ""
    days: Annotated[int, Meta(ge=1, le=3_650, description="How long it lasts; null: until revoked.")] | None = 90


@operation("GET", "/me", models.Me, act="read", group="accounts")
def me(request: Asks) -> dict[str, Any]:
    """Who asks, and what they may do"""
    actor = actor_of(request)
    acts = [act for act in ACTS if decide(actor, act, reads_are_open=True).is_allowed]
    if actor is None:
        return {"name": None, "role": None, "via": None, "acts": acts}
    return {"name": actor.name, "role": actor.role, "via": actor.via, "acts": acts}


def signed_in(request: Asks) -> Actor:
    """Who asks, where the guard lets nobody in particular in."""
    actor = actor_of(request)
    assert actor is not None
    return actor


@operation("GET", "/sessions", models.Sessions, act="own-account", group="accounts")
def sessions(request: Asks) -> dict[str, Any]:
    """The sessions of whoever asks, the newest first"""
    actor = signed_in(request)
    own = desk_of(request).accounts.sessions(actor.name)
    return {"sessions": [session_model(session, actor) for session in own]}


def session_model(session: Session, actor: Actor) -> dict[str, Any]:
    """A session as JSON has it."""
    return {
        "id": session.id, "begun_at": session.begun_at, "expires_at": session.expires_at, "via": session.via,
        "source": session.source, "agent": session.agent, "is_this": session.id == actor.credential,
    }  # fmt: skip


@operation("GET", "/tokens", models.Tokens, act="own-account", group="accounts")
def tokens(request: Asks) -> dict[str, Any]:
    """The tokens of whoever asks, the newest first"""
    own = desk_of(request).accounts.tokens(signed_in(request).name)
    return {"tokens": [token_model(token) for token in own]}


def token_model(token: Token) -> dict[str, Any]:
    """A token as JSON has it."""
    return {
        "id": token.id, "account": token.account, "label": token.label, "acts": sorted(token.acts),
        "issued_at": token.issued_at, "issued_by": token.issued_by, "expires_at": token.expires_at,
    }  # fmt: skip


@operation("POST", "/tokens", models.NewToken, act="own-account", body=NewTokenBody, status=201, also=(409,),
           group="accounts")  # fmt: skip
def issue(request: Asks, body: NewTokenBody) -> dict[str, Any]:
    """Issues a token for whoever asks; its secret is told this once"""
    actor = signed_in(request)
    lasts = None if body.days is None else timedelta(days=body.days)
    secret, token = desk_of(request).accounts.issue_token(
        actor.name, body.acts, lasts, label=body.label, actor=actor.name, within=actor.acts
    )
    return {**token_model(token), "secret": secret}


@operation("GET", "/accounts", models.AccountList, act="administer", group="accounts")
def accounts(request: Asks) -> dict[str, Any]:
    """Everybody who may sign in, by name"""
    return {"accounts": [account_model(account) for account in desk_of(request).accounts.people()]}


def account_model(account: Account) -> dict[str, Any]:
    """An account as JSON has it."""
    return {
        "name": account.name, "role": account.role, "email": account.email, "is_enabled": account.is_enabled,
        "added_at": account.added_at, "has_password": account.password_hash is not None,
        "issuer": account.external[0] if account.external else None, "sessions": len(account.sessions),
        "tokens": len(account.tokens),
    }  # fmt: skip


ROUTES = (me, sessions, tokens, issue, accounts)

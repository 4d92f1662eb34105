"""One's own account: sessions, tokens, password. Shows a new token's secret once, and never again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from litestar import Request, Response, get, post
from litestar.response import Template

from opsbook.entrypoints.gates.asked import asked
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.forms import fields_of, go_on, several
from opsbook.entrypoints.web.shown_once import ShownOnce
from opsbook.entrypoints.web.sign_in import NO_STORE, source_of
from opsbook.ground.errors import Refusal, Usage
from opsbook.usecases.accounts import TryLater, WrongSignIn
from opsbook.usecases.authority import ACTS, Actor, decide

Asks = Request[Any, Any, Any]
OWN = {"act": "own-account"}
# How long a token may last, as the form offers it.
LASTS = {"1": "a day", "7": "a week", "30": "a month", "90": "three months", "365": "a year", "": "until it is revoked"}
ABOUT_ACTS = {
    "read": "read everything",
    "own-account": "its own sessions, tokens and contacts",
    "probe": "ask a probe now",
    "edit-page": "change pages",
    "respond": "acknowledge, resolve, note and silence alerts, page somebody",
    "run": "carry out procedures",
    "approve": "approve steps of procedures that name it",
    "administer": "people, roles, everybody's sessions",
}


def me_of(request: Asks) -> Actor:
    """Who asks, where the guard lets nobody in particular in."""
    actor = asked(request.scope).actor
    assert actor is not None
    return actor


def kept_of(request: Asks) -> ShownOnce:
    """The secrets that wait to be shown."""
    return cast(ShownOnce, request.app.state["shown_once"])


def own_page(request: Asks, *, status: int = 200, **more: Any) -> Template:
    """The page of one's own account, with what was just done or refused."""
    me, accounts = me_of(request), desk_of(request).accounts
    acts = [(act, ABOUT_ACTS[act]) for act in ACTS if decide(me, act, reads_are_open=False).is_allowed]
    account = accounts.find(me.name)
    more = {"issued": None, "secret": "", "wrong": "", "done": "", **more}
    shown = page(
        request, "account.html", status=status, account=account, sessions=accounts.sessions(me.name),
        tokens=accounts.tokens(me.name), acts=acts, lasts=LASTS, now=desk_of(request).now(), **more,
    )  # fmt: skip
    shown.headers.update(NO_STORE)
    return shown


@get("/account", opt=OWN, sync_to_thread=True)
def account_page(request: Asks) -> Template:
    """The page of one's own account; behind the form for a token, with its secret, which a reload has no more."""
    issued = request.query_params.get("issued", "")
    me, desk = me_of(request), desk_of(request)
    secret = kept_of(request).take(me.credential, issued, desk.now()) if issued else ""
    if not secret:
        return own_page(request)
    token = next((each for each in desk.accounts.tokens(me.name) if each.id == issued), None)
    return own_page(request, issued=token, secret=secret)


async def attempt(request: Asks, change: Callable[[], Any], done: str) -> Response[Any]:
    """Makes a change and shows the page anew; what is refused is told on it."""
    try:
        await asyncio.to_thread(change)
    except TryLater as wrong:
        shown = await asyncio.to_thread(own_page, request, status=429, wrong=str(wrong))
        shown.headers["Retry-After"] = str(wrong.wait_s)
        return shown
    except (WrongSignIn, Refusal, Usage) as wrong:
        return await asyncio.to_thread(own_page, request, status=409, wrong=str(wrong))
    return await asyncio.to_thread(own_page, request, done=done)


@post("/account/sessions/end", opt=OWN, status_code=200)
async def end_session(request: Asks) -> Response[Any]:
    """Ends one of one's own sessions, or all but this one."""
    me, accounts = me_of(request), desk_of(request).accounts
    wanted = (await fields_of(request)).get("id", "")
    if wanted == "others":
        return await attempt(
            request, lambda: accounts.revoke_sessions(me.name, actor=me.name, keep=me.credential),
            "All other sessions are ended.",
        )  # fmt: skip
    return await attempt(
        request, lambda: accounts.end_session(wanted, actor=me.name, of=me.name), "The session is ended."
    )


@post("/account/tokens", opt=OWN, status_code=200)
async def issue_token(request: Asks) -> Response[Any]:
    """Issues a token; the page that the browser is sent on to shows its secret, this once."""
    me, accounts = me_of(request), desk_of(request).accounts
    fields = await fields_of(request)
    acts = await several(request, "acts")
    days = fields.get("days", "90")
    lasts = timedelta(days=int(days)) if days in LASTS and days else None
    if days not in LASTS:
        return await asyncio.to_thread(own_page, request, status=400, wrong="Choose how long the token lasts.")
    try:
        secret, token = await asyncio.to_thread(
            lambda: accounts.issue_token(
                me.name, acts, lasts, label=fields.get("label", ""), actor=me.name, within=me.acts
            )
        )
    except (Refusal, Usage) as wrong:
        return await asyncio.to_thread(own_page, request, status=409, wrong=str(wrong))
    kept_of(request).keep(me.credential, token.id, secret, desk_of(request).now())
    return go_on(f"/account?issued={token.id}")


@post("/account/tokens/revoke", opt=OWN, status_code=200)
async def revoke_token(request: Asks) -> Response[Any]:
    """Revokes one of one's own tokens."""
    me, accounts = me_of(request), desk_of(request).accounts
    wanted = (await fields_of(request)).get("id", "")
    return await attempt(
        request, lambda: accounts.revoke_token(wanted, actor=me.name, of=me.name), "The token is revoked."
    )


@post("/account/password", opt=OWN, status_code=200)
async def change_password(request: Asks) -> Response[Any]:
    """Changes one's own password; every other session ends."""
    me, accounts = me_of(request), desk_of(request).accounts
    fields = await fields_of(request)
    old, new, again = (fields.get(name, "") for name in ("old", "new", "again"))
    if new != again:
        return await asyncio.to_thread(own_page, request, status=409, wrong="The two new passwords differ.")
    keep = me.credential if me.via == "session" else ""
    return await attempt(
        request,
        lambda: accounts.change_own_password(me.name, old, new, source=source_of(request), keep=keep),
        "The password is changed, and every other session is ended.",
    )


ROUTES = (account_page, end_session, issue_token, revoke_token, change_password)

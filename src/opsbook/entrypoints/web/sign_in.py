"""Signing in and out: by password, by a one-time link, through a provider. Decides nothing; `Accounts` does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Template

from opsbook.entrypoints.gates.asked import asked
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.forms import fields_of, go_on, local
from opsbook.usecases.accounts import TryLater, WrongSignIn
from opsbook.usecases.authority import PUBLIC, Actor

Asks = Request[Any, Any, Any]
NO_STORE = {"Cache-Control": "no-store"}
LONGEST_AGENT = 200  # characters of a browser's name that are kept


def source_of(request: Asks) -> str:
    """The address of whoever asks, as the gate worked it out."""
    client = request.scope.get("client")
    return client[0] if client else "unknown"


def agent_of(request: Asks) -> str:
    """What the browser calls itself, cut to a length that fits a list."""
    return request.headers.get("user-agent", "")[:LONGEST_AGENT]


@get("/sign-in", opt={"act": PUBLIC}, sync_to_thread=True)
def sign_in_page(request: Asks) -> Template:
    """The form, or the button that uses a one-time link."""
    goal = local(request.query_params.get("next", "/"))
    link = request.query_params.get("link", "")
    return form(request, goal=goal, link=link)


def form(request: Asks, *, goal: str, link: str = "", wrong: str = "", status: int = 200) -> Template:
    """The page for signing in, with what went wrong the last time."""
    shown = page(
        request, "sign_in.html", status=status, goal=goal, link=link, wrong=wrong, name="",
        has_provider=bool(request.app.state["config"].oidc_issuer),
    )  # fmt: skip
    shown.headers.update(NO_STORE)
    return shown


@post("/sign-in", opt={"act": PUBLIC}, status_code=303)
async def sign_in(request: Asks) -> Response[Any]:
    """Signs in by name and password."""
    fields = await fields_of(request)
    name, password = fields.get("name", "").strip(), fields.get("password", "")
    goal = local(fields.get("next", "/"))
    accounts, source, agent = desk_of(request).accounts, source_of(request), agent_of(request)
    return await attempt(request, goal, lambda: accounts.sign_in(name, password, source=source, agent=agent))


@post("/sign-in/link", opt={"act": PUBLIC}, status_code=303)
async def sign_in_by_link(request: Asks) -> Response[Any]:
    """Uses a one-time link. Only this does: programs that look at links before people do send no form."""
    fields = await fields_of(request)
    goal, link = local(fields.get("next", "/")), fields.get("link", "")
    accounts, source, agent = desk_of(request).accounts, source_of(request), agent_of(request)
    return await attempt(request, goal, lambda: accounts.sign_in_by_link(link, source=source, agent=agent))


async def attempt(request: Asks, goal: str, prove: Callable[[], tuple[str, Actor]]) -> Response[Any]:
    """Signs in by `prove` and goes on to `goal`; when that is refused, the form says why in its own words."""
    try:
        secret, _ = await asyncio.to_thread(prove)  # a password is slow to check, on purpose
    except TryLater as wrong:
        shown = form(request, goal=goal, wrong=str(wrong), status=429)
        shown.headers["Retry-After"] = str(wrong.wait_s)
        return shown
    except WrongSignIn as wrong:
        return form(request, goal=goal, wrong=str(wrong), status=401)
    done = go_on(goal)
    done.cookies.append(session_cookie(request, secret))
    done.headers.update(NO_STORE)
    return done


def session_cookie(request: Asks, secret: str) -> Cookie:
    """The cookie of a session, or with an empty secret the one that ends it."""
    scheme = request.scope["scheme"]
    return Cookie(
        key=request.app.state["keeper"].cookie(scheme),
        value=secret,
        path="/",
        httponly=True,
        secure=scheme == "https",
        samesite="lax",  # strict would ask everybody to sign in anew who follows a link from the chat
        max_age=int(request.app.state["config"].session_s) if secret else 0,
    )


@post("/sign-out", opt={"act": "own-account"}, status_code=303)
async def sign_out(request: Asks) -> Response[Any]:
    """Ends the session that asks."""
    actor = asked(request.scope).actor
    if actor is not None and actor.via == "session":
        accounts = desk_of(request).accounts
        await asyncio.to_thread(lambda: accounts.end_session(actor.credential, actor=actor.name))
    done = go_on("/")
    done.cookies.append(session_cookie(request, ""))
    done.headers["Clear-Site-Data"] = '"cache"'
    return done


ROUTES = (sign_in_page, sign_in, sign_in_by_link, sign_out)

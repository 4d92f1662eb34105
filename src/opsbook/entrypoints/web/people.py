"""Everybody who may sign in, for admins: roles, sessions, one-time links. Shows no secret but a new link, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Template

from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.forms import fields_of, own_address
from opsbook.entrypoints.web.sign_in import NO_STORE
from opsbook.ground.errors import Refusal, Usage
from opsbook.usecases.authority import ROLES, Role

Asks = Request[Any, Any, Any]
ADMIN = {"act": "administer"}


def people_of(request: Asks, *, status: int = 200, **more: Any) -> Template:
    """The page of all people, with what was just done or refused."""
    accounts = desk_of(request).accounts
    shown = page(
        request, "people.html", status=status, people=accounts.people(), roles=ROLES,
        **{"wrong": "", "done": "", "link": "", "link_for": "", **more},
    )  # fmt: skip
    shown.headers.update(NO_STORE)
    return shown


@get("/people", opt=ADMIN, sync_to_thread=True)
def people_page(request: Asks) -> Template:
    """The page of all people."""
    return people_of(request)


@post("/people", opt=ADMIN, status_code=200)
async def change(request: Asks) -> Response[Any]:
    """Changes somebody: what is done, to whom and how stands in the form."""
    fields = await fields_of(request)
    me = me_of(request)
    name, role = fields.get("name", "").strip(), fields.get("role", "viewer")
    if role not in ROLES:
        return await asyncio.to_thread(people_of, request, status=400, wrong=f"There is no role '{role}'.")
    kind: Role = role
    accounts = desk_of(request).accounts
    verbs: dict[str, tuple[Callable[[], Any], str]] = {
        "role": (lambda: accounts.change_role(name, kind, actor=me.name), f"{name} is {kind} now."),
        "disable": (lambda: accounts.disable(name, actor=me.name), f"{name} cannot sign in any more."),
        "enable": (lambda: accounts.enable(name, actor=me.name), f"{name} can sign in again."),
        "sign-out": (lambda: accounts.revoke_sessions(name, actor=me.name), f"{name} is signed out everywhere."),
        "link": (lambda: accounts.issue_link(name, kind, actor=me.name), ""),
    }
    verb = verbs.get(fields.get("do", ""))
    if verb is None:
        return await asyncio.to_thread(people_of, request, status=400, wrong="Choose what is to be done.")
    try:
        answer = await asyncio.to_thread(verb[0])
    except (Refusal, Usage) as wrong:
        return await asyncio.to_thread(people_of, request, status=409, wrong=str(wrong))
    link = f"{own_address(request)}/sign-in?link={answer}" if fields["do"] == "link" else ""
    return await asyncio.to_thread(people_of, request, done=verb[1], link=link, link_for=name)


ROUTES = (people_page, change)

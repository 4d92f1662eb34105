"""Pages, which wake people: those that are open, those that are over, and one with every attempt. Sends nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Template

from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_acts import Said, status_of
from opsbook.entrypoints.web.alert_pages import WORDS, waking_first
from opsbook.entrypoints.web.answering import desk_of, may, page, why_not
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ledger.page import Page, stream_of
from opsbook.usecases.alert_story import story
from opsbook.usecases.desk import Desk
from opsbook.usecases.oncall import directory_of

Asks = Request[Any, Any, Any]
READS = {"act": "read"}
RESPONDS = {"act": "respond"}
OPEN = 200
ENDED = 50


@get("/pages", opt=READS, sync_to_thread=True)
def pages_page(request: Asks) -> Template:
    """The pages that wake people now, and the last that did."""
    desk = desk_of(request)
    pages = desk.alert_desk.pages
    shown = page(
        request, "pages.html", place="Alerts", now=desk.now(),
        opened=waking_first(pages.select(is_open=True, limit=OPEN)),
        ended=pages.select(is_open=False, limit=ENDED), **_may(request), **WORDS,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _may(request: Asks) -> dict[str, Any]:
    return {"why_not": "" if may(request, "respond") else why_not(request, "respond")}


@get("/pages/new", opt=READS, sync_to_thread=True)
def new_page_page(request: Asks) -> Response[Any]:
    """The form by which somebody is woken by hand."""
    asked = request.query_params
    given = {name: asked.get(name, "") for name in ("whom", "service", "severity", "subject")}
    return shown_form(request, given)


def shown_form(request: Asks, given: dict[str, str], *, status: int = 200, wrong: str = "") -> Response[Any]:
    """The form, filled in with what was given."""
    desk = desk_of(request)
    shown = page(
        request, "page_form.html", place="Alerts", status=status, given=given, wrong=wrong, names=names_of(desk),
        services=[("", "none"), *((name, name) for name in sorted(desk.library.snapshot().services))], **_may(request),
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def names_of(desk: Desk) -> list[str]:
    """Everybody and everything that a page of the book makes known and that can be paged, by name."""
    return sorted(set(directory_of(desk.library.snapshot()).names.values()), key=str.casefold)


@post("/pages", opt=RESPONDS, status_code=200)
async def wake(request: Asks) -> Response[Any]:
    """Wakes whom the form names, and shows the page."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_woken, request, fields)


def _woken(request: Asks, fields: dict[str, str]) -> Response[Any]:
    desk = desk_of(request)
    given = {name: fields.get(name, "").strip() for name in ("whom", "service", "severity", "subject")}
    try:
        opened = desk.alert_desk.pages.wake(
            given["whom"], given["subject"], me_of(request).name, severity=given["severity"] or "P1",
            service=given["service"] or None,
        )  # fmt: skip
    except (Refusal, Usage, Failure) as wrong:
        return shown_form(request, given, status=status_of(wrong), wrong=str(wrong))
    return go_on(f"/pages/{opened.id}")


@get("/pages/{page:str}", opt=READS, sync_to_thread=True)
def page_page(request: Asks) -> Response[Any]:
    """A page: its levels, each message with its attempts, and what may be done."""
    return shown_page(request, desk_of(request).alert_desk.pages.find(str(request.path_params["page"])))


def shown_page(request: Asks, of: Page, *, status: int = 200, wrong: str = "", **typed: str) -> Response[Any]:
    """The page of a page; with what was not done and why."""
    desk = desk_of(request)
    board = {each.id: each for each in desk.alert_desk.board.look().alerts}
    levels = {planned.level: planned for planned in of.policy.levels}
    shown = page(
        request, "page.html", place="Alerts", status=status, of=of, now=desk.now(), wrong=wrong, typed=typed,
        board=board, told=story(desk.ledger.read(stream_of(of.id))), levels=levels,
        reached={each.level for each in (*of.past_levels, *of.reached)}.union(
            each.owed.level for each in of.notifications
        ), **_may(request), **WORDS,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


@post("/pages/{page:str}", opt=RESPONDS, status_code=200)
async def act_on_page(request: Asks) -> Response[Any]:
    """Does what the form says with a page, and shows it."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_acted, request, fields)


def _acted(request: Asks, fields: dict[str, str]) -> Response[Any]:
    pages = desk_of(request).alert_desk.pages
    of, did = pages.find(str(request.path_params["page"])), fields.get("do", "")
    said = Said([of.id], me_of(request).name, fields)
    try:
        if did == "acknowledge":
            pages.acknowledge(of.id, said.by, via="web", why=said.why, for_s=said.for_s)
        elif did == "escalate":
            pages.escalate(of.id, said.by, via="web", why=said.why)
        elif did == "resolve":
            pages.resolve(of.id, said.by, said.why)
        elif did == "cancel":
            pages.cancel(of.id, said.by, said.why)
        else:
            raise Usage("Choose what is to be done.")
    except (Refusal, Usage, Failure) as wrong:
        typed = {name: value for name, value in fields.items() if name != "csrf"}
        return shown_page(request, pages.find(of.id), status=status_of(wrong), wrong=str(wrong), **typed)
    return go_on(f"/pages/{of.id}")


ROUTES = (pages_page, new_page_page, wake, page_page, act_on_page)

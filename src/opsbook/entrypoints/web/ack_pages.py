"""Where the link in a message leads: what it is about, and the buttons that answer. Nobody need sign in for it.

Programs that look at the links of mails before people do send GET and HEAD, which change nothing here; only the form
does. The secret in the address is what proves who asks, and whoever has it acts under the name of whoever got it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Template

from opsbook.entrypoints.web.answering import Filled, desk_of
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.page import Notification, Page
from opsbook.usecases.authority import PUBLIC
from opsbook.usecases.contact_book import TESTS
from opsbook.usecases.matching import first_steps
from opsbook.usecases.pages import has_gone_on

Asks = Request[Any, Any, Any]
HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
LONGEST = 200  # characters of what stands in the address; ours have some 60


@get("/a/{token:str}", opt={"act": PUBLIC}, sync_to_thread=True)
def answer_page(request: Asks) -> Template:
    """What a link is about, and the buttons; changes nothing, however often it is asked for."""
    try:
        page, notification = _found(request)
    except Usage as wrong:
        return _shown(request, "ack_wrong.html", 404, wrong=str(wrong))
    return _about(request, page, notification)


@post("/a/{token:str}", opt={"act": PUBLIC}, status_code=200)
async def answer(request: Asks) -> Response[Any]:
    """Answers under the name of whoever got the message; a second time changes nothing."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_answered, request, fields.get("do", ""))


def _answered(request: Asks, did: str) -> Response[Any]:
    desk = desk_of(request).alert_desk
    try:
        page, notification = _found(request)
        if page.group.startswith(TESTS):
            desk.contacts.verified_by_link(page.id, page.group, notification.owed.handle)
        if page.is_open:
            ways = {"escalate": desk.pages.escalate_by_link, "resolve": desk.pages.resolve_by_link}
            answers = ways.get(did, desk.pages.acknowledge_by_link)
            answers(page.id, notification.owed.id, _parts(request)[2])
    except Usage as wrong:
        return _shown(request, "ack_wrong.html", 404, wrong=str(wrong))
    except Refusal:  # it ended between the look and the answer, which the page then shows
        pass
    return go_on(f"/a/{request.path_params['token']}")


def _found(request: Asks) -> tuple[Page, Notification]:
    page, notification, secret = _parts(request)
    return desk_of(request).alert_desk.pages.by_link(page, notification, secret)


def _parts(request: Asks) -> tuple[str, int, str]:
    """The page, notification and secret of a link; of what is none something that no link has."""
    page, _, rest = str(request.path_params["token"])[:LONGEST].partition(".")
    number, _, secret = rest.partition(".")
    is_number = number.isascii() and number.isdigit() and len(number) < 10
    return page, int(number) if is_number else 0, secret


def _about(request: Asks, page: Page, notification: Notification) -> Template:
    desk = desk_of(request)
    owed = notification.owed
    me = {owed.handle, owed.person}
    is_test = page.group.startswith(TESTS)
    contacts = desk.alert_desk.contacts.reachable(owed.handle or owed.person).contacts if is_test else ()
    proven = any(each.id == owed.contact and each.verified_at is not None for each in contacts)
    is_spent = page.is_open and page.is_spent(notification)
    has_answered = any(each.by in me for each in page.acknowledged)
    may_answer = not proven if is_test else page.is_open and not is_spent and not has_answered
    steps = first_steps(desk.library, page.place) if page.place is not None else ()
    return _shown(
        request, "ack.html", 200, of=page, owed=owed, steps=steps, is_test=is_test, is_proven=proven,
        is_spent=is_spent, incident=None if is_test else desk.alert_desk.pages.incident_of(page),
        has_gone_on=page.is_open and page.state != "acknowledged" and has_gone_on(page, notification),
        may_answer=may_answer and (is_test or page.state != "acknowledged"), now=desk.now(),
        others=[each for each in page.acknowledged if each.by not in me],
        mine=next((each for each in page.acknowledged if each.by in me), None),
        was_mine=next((each for each in reversed(page.past_answers) if each.by in me), None),
    )  # fmt: skip


def _shown(request: Asks, template: str, status: int, **more: Any) -> Template:
    shown = Filled(request, template, {"path": request.url.path, **more}, status)
    shown.headers.update(HEADERS)
    return shown


ROUTES = (answer_page, answer)

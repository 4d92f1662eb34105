"""How one is paged: one's contacts, whether they work, in which order and hours, and one's calendars. Sends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Template

from opsbook.entrypoints.web.account import OWN, kept_of, me_of
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.forms import fields_of, go_on, several
from opsbook.entrypoints.web.oncall_pages import abouts, new_address
from opsbook.entrypoints.web.sign_in import NO_STORE
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.usecases import contact_words as words
from opsbook.usecases.alerting_ports import ContactRule, Reachable
from opsbook.usecases.contact_forms import KINDS

Asks = Request[Any, Any, Any]
ADDRESS = "/account/contacts"
SHARED = "calendar"  # what a new secret address is called until it is shown
_MESSAGES = 10  # the last that were sent to oneself
_EMPTY_RULES = 2  # rows of the form that wait for another one
_KIND_WORDS = {
    "email": "E-mail", "sms": "Text message", "phone": "Telephone", "push": "Push", "chat": "Chat",
    "webhook": "Webhook",
}  # fmt: skip
_DONE = {
    "add": "The contact is added. Have a test sent to it.", "remove": "The contact is forgotten, address and all.",
    "off": "The contact is switched off.", "on": "The contact is used again.", "rules": "The order is saved.",
    "quiet": "The hours are saved.", "verify": "The contact is verified.",
    "unshare": "The address is ended.",
    "test": "A test is on its way. Its code, or the button in it, proves the contact.",
}  # fmt: skip


def me_reached(request: Asks) -> Reachable:
    """How whoever asks is reached."""
    me = me_of(request)
    return desk_of(request).alert_desk.contacts.of_account(me.name, me.email)


@get(ADDRESS, opt=OWN, sync_to_thread=True)
def contacts_page(request: Asks) -> Template:
    """How one is paged; with what was just done, where that is said in the address."""
    done, me = request.query_params.get("done", ""), me_of(request)
    address = kept_of(request).take(me.credential, SHARED, desk_of(request).now()) if done == "share" else ""
    return shown(request, done=_DONE.get(done, ""), secret_at=address)


def shown(request: Asks, *, status: int = 200, wrong: str = "", done: str = "", secret_at: str = "") -> Template:
    """The page, with what was done or refused."""
    desk = desk_of(request)
    reached = me_reached(request)
    book = desk.alert_desk.contacts
    messages = desk.alert_desk.pages.notifications(person=reached.handle, limit=_MESSAGES) if reached.handle else []
    found = page(
        request, "account_contacts.html", status=status, wrong=wrong, done=done, reached=reached, now=desk.now(),
        codes=book.codes_under_way(reached.handle) if reached.handle else frozenset(), messages=messages,
        kinds=[(kind, _KIND_WORDS[kind]) for kind in KINDS], standing=words.standing, kind_words=_KIND_WORDS,
        rules=[*reached.rules, *[None] * _EMPTY_RULES], quiet=words.quiet_words(reached.quiet),
        secret_at=secret_at, abouts=abouts(desk), own_about=f"person {reached.name}",
        shared=desk.alert_desk.calendars.select(me_of(request).name),
    )  # fmt: skip
    found.headers.update(NO_STORE)
    return found


@post(ADDRESS, opt=OWN, status_code=200)
async def change(request: Asks) -> Response[Any]:
    """Does what the form says, and shows the page anew; what is refused is told on it."""
    fields = await fields_of(request)
    rows = [await several(request, name) for name in ("rule_contact", "rule_after", "rule_urgency")]
    return await asyncio.to_thread(_changed, request, fields, rows)


def _changed(request: Asks, fields: dict[str, str], rows: list[list[str]]) -> Response[Any]:
    verb = _verbs(request, fields, rows).get(fields.get("do", ""))
    if verb is None:
        return shown(request, status=400, wrong="Choose what is to be done.")
    try:
        made = verb()
    except (Refusal, Usage) as wrong:
        return shown(request, status=409, wrong=str(wrong))
    except Failure as wrong:
        return shown(request, status=503, wrong=str(wrong))
    if fields["do"] == "share":
        kept_of(request).keep(me_of(request).credential, SHARED, str(made), desk_of(request).now())
    return go_on(f"{ADDRESS}?done={fields['do']}")


def _verbs(request: Asks, fields: dict[str, str], rows: list[list[str]]) -> dict[str, Callable[[], object]]:
    book, me = desk_of(request).alert_desk.contacts, me_of(request)
    handle, contact = me_reached(request).handle or me.name, fields.get("contact", "")
    return {
        "add": lambda: book.add(handle, fields.get("kind", ""), fields.get("address", ""), me.name),
        "remove": lambda: book.remove(handle, contact, me.name),
        "off": lambda: book.switch(handle, contact, False, me.name),
        "on": lambda: book.switch(handle, contact, True, me.name),
        "test": lambda: book.test(handle, contact, me.name),
        "verify": lambda: book.verify(handle, contact, fields.get("code", ""), me.name),
        "rules": lambda: book.set_rules(handle, _rules(rows), me.name),
        "share": lambda: new_address(request, fields.get("of", "all")),
        "unshare": lambda: desk_of(request).alert_desk.calendars.revoke(fields.get("id", ""), me.name),
        "quiet": lambda: book.set_quiet(
            handle, words.read_quiet(fields.get("hours", "")), fields.get("time_zone", "").strip(), me.name
        ),
    }  # fmt: skip


def _rules(rows: list[list[str]]) -> list[ContactRule]:
    """The rules of the form's rows; a row without a contact is none."""
    found = []
    for contact, after, urgency in zip(*rows, strict=False):
        if contact:
            wait = f" after {after.strip()}m" if after.strip() not in ("", "0") else ""
            found.append(words.read_rule(f"{contact}{wait} {urgency}".strip()))
    return found


ROUTES = (contacts_page, change)

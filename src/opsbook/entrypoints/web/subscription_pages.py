"""Subscribing on the public status page, confirming and leaving by links; and the list of all, for admins.

What the public pages answer says nothing of who subscribed: it is the same for an address that is known. They change
something only by POST, for programs that look through mails open every link; and each client may ask a few times only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from html import escape
from typing import Any, cast

from litestar import Request, Response, get, post

from opsbook.entrypoints.web.account import kept_of, me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.answering import desk_of, page
from opsbook.entrypoints.web.few import Few
from opsbook.entrypoints.web.forms import fields_of, go_on, several
from opsbook.entrypoints.web.status_pages import SUBSCRIBE, UNKNOWN, public_answer, public_links
from opsbook.ground.errors import Conflict, Failure, Refusal, Usage
from opsbook.ledger.subscription import Kind, Scope, Subscription
from opsbook.usecases.authority import PUBLIC
from opsbook.usecases.channel_names import channels_in
from opsbook.usecases.public_site.html import own_page
from opsbook.usecases.subscriptions import NewSubscription

Asks = Request[Any, Any, Any]
OPEN, ADMIN = {"act": PUBLIC}, {"act": "administer"}
MOST, WINDOW_S = 6, 600.0  # that one client may ask for in ten minutes
FEW = "subscribing"
SENT = (
    "<h2>Look into your mailbox</h2><p>If this address can get mail, a message is on its way to it. The subscription"
    " begins once you open the link in it. The link is good for two days.</p>"
)
SIGNED = (
    "<h2>Keep this secret</h2><p>Each message to your webhook is signed with it: the header X-Opsbook-Signature holds"
    " v1= and the hexadecimal HMAC-SHA-256 of the body. It is shown this once.</p><p><code>{secret}</code></p>"
    "<p>A first message is on its way there. The subscription begins once somebody opens the link in it.</p>"
)


def _unknown(_request: Asks, _wrong: Failure) -> Response[bytes]:
    """Where the ledger cannot be asked: why is nobody's business here."""
    return Response(UNKNOWN, status_code=503, media_type="text/plain", headers={"Retry-After": "60"})


QUIET: Any = {Failure: _unknown}


@get(SUBSCRIBE, opt=OPEN, sync_to_thread=True, exception_handlers=QUIET)
def subscribe_page(request: Asks) -> Response[bytes]:
    """The form."""
    return _answered(request, "Subscribe", _form(request))


def _form(request: Asks, wrong: str = "", given: Mapping[str, str] | None = None) -> str:
    known = given or {}
    names = [each.name for each in desk_of(request).public.status().components]
    boxes = "".join(
        f'<li><label><input type="checkbox" name="topics" value="{escape(name)}"> {escape(name)}</label></li>'
        for name in names
    )
    legend = "<legend>Only of these (none: of everything)</legend>"
    about = f"<fieldset>{legend}<ul>{boxes}</ul></fieldset>" if names else ""
    told = f'<p role="alert"><strong>{escape(wrong)}</strong></p>' if wrong else ""
    is_web = known.get("kind") == "webhook"
    return (
        "<h2>Be told of incidents and maintenance</h2>"
        f'{told}<form method="post" action="{SUBSCRIBE}">'
        f'<p><label>E-mail <input type="email" name="email" maxlength="254" autocomplete="email"'
        f' value="{escape(known.get("email", ""))}"></label></p>'
        f"<details{' open' if is_web else ''}><summary>By a webhook instead</summary><p><label>Its address <input"
        f' type="url" name="webhook" maxlength="1000" value="{escape(known.get("webhook", ""))}"></label></p></details>'
        f'{about}<p><button type="submit">Subscribe</button></p></form>'
        "<p>Each message has a link that ends it; then your address is forgotten. Feeds need no address: Atom and RSS"
        " are below.</p>"
    )


@post(SUBSCRIBE, opt=OPEN, status_code=200, exception_handlers=QUIET)
async def subscribe(request: Asks) -> Response[bytes]:
    """Asks for a subscription; the answer is the same whether there is one already."""
    fields, topics = await fields_of(request), await several(request, "topics")
    return await asyncio.to_thread(_subscribed, request, fields, topics)


def _subscribed(request: Asks, fields: Mapping[str, str], topics: list[str]) -> Response[bytes]:
    wait_s = _few(request).wait_s(request.client.host if request.client else "", time.monotonic())
    if wait_s:
        words = f"<h2>Too often</h2><p>Try again in {wait_s} seconds.</p>"
        answer = _answered(request, "Too often", words, status=429)
        answer.headers["Retry-After"] = str(wait_s)
        return answer
    email, webhook = fields.get("email", "").strip(), fields.get("webhook", "").strip()
    kind: Kind = "webhook" if webhook and not email else "email"
    try:
        if not email and not webhook:
            raise Usage("Write an e-mail address.")
        known = {each.name for each in desk_of(request).public.status().components}
        made = desk_of(request).incident_desk.subscriptions.ask(
            kind, email or webhook, topics=[each for each in topics if each in known]
        )
    except (Usage, Refusal) as wrong:
        form = _form(request, str(wrong), {**fields, "kind": kind})
        return _answered(request, "Subscribe", form, status=status_of(wrong))
    told = SIGNED.format(secret=escape(made.signer)) if made.signer else SENT
    return _answered(request, "Subscribe", told)


def _few(request: Asks) -> Few:
    return cast(Few, request.app.state.setdefault(FEW, Few(MOST, WINDOW_S)))


@get(f"{SUBSCRIBE}/{{id:str}}/{{did:str}}", opt=OPEN, sync_to_thread=True, exception_handlers=QUIET)
def by_link_page(request: Asks) -> Response[bytes]:
    """The button of a link; nothing is changed yet."""
    did, key = str(request.path_params["did"]), request.query_params.get("key", "")
    try:
        found = _of_link(request, key)
    except Usage as wrong:
        return _answered(request, "Subscribe", f"<h2>Not good any more</h2><p>{escape(str(wrong))}</p>", status=404)
    words = "Confirm the subscription" if did == "confirm" else "Tell me nothing more"
    about = ", ".join(found.asked_topics or found.topics) or "everything"
    return _answered(request, words, (
        f"<h2>{words}</h2><p>For {escape(found.shown)}, of {escape(about)}.</p>"
        f'<form method="post"><input type="hidden" name="key" value="{escape(key)}">'
        f'<p><button type="submit">{words}</button></p></form>'
    ))  # fmt: skip


@post(f"{SUBSCRIBE}/{{id:str}}/{{did:str}}", opt=OPEN, status_code=200, exception_handlers=QUIET)
async def by_link(request: Asks) -> Response[bytes]:
    """Confirms or ends; also the button of mail programs (RFC 8058), whose body is `List-Unsubscribe=One-Click`."""
    fields = await fields_of(request)
    key = fields.get("key", "") or request.query_params.get("key", "")
    return await asyncio.to_thread(_by_link, request, key)


def _by_link(request: Asks, key: str) -> Response[bytes]:
    subscriptions, id = desk_of(request).incident_desk.subscriptions, str(request.path_params["id"])
    try:
        if request.path_params["did"] == "confirm":
            subscriptions.confirm(id, key)
            words = "<h2>You are subscribed</h2><p>You are told from now on.</p>"
        elif request.path_params["did"] == "leave":
            subscriptions.leave(id, key)
            words = "<h2>You are told nothing more</h2><p>Your address is forgotten.</p>"
        else:
            raise Usage("There is no such link.")
    except Usage as wrong:
        return _answered(request, "Subscribe", f"<h2>Not good any more</h2><p>{escape(str(wrong))}</p>", status=404)
    except Conflict:
        return _answered(request, "Subscribe", "<h2>Try once more</h2><p>It changed just now.</p>", status=409)
    return _answered(request, "Subscribe", words)


def _of_link(request: Asks, key: str) -> Subscription:
    if request.path_params["did"] not in ("confirm", "leave"):
        raise Usage("There is no such link.")
    return desk_of(request).incident_desk.subscriptions.look(str(request.path_params["id"]), key)


def _answered(request: Asks, title: str, body: str, *, status: int = 200) -> Response[bytes]:
    shown = own_page(desk_of(request).public.status(), public_links(request), title, body)
    return public_answer(shown, status=status)


# -- for admins ------------------------------------------------------------------------------------------------------


@get("/incidents/subscriptions", opt=ADMIN, sync_to_thread=True)
def subscriptions_page(request: Asks) -> Response[Any]:
    """Who is told, by masks of their addresses; and the form for one of those who work here."""
    return _shown(request)


def _shown(request: Asks, *, status: int = 200, wrong: str = "") -> Response[Any]:
    desk, me, made = desk_of(request), me_of(request), request.query_params.get("made", "")
    secret = kept_of(request).take(me.credential, _mark(made), desk.now()) if made else ""
    shown = page(
        request, "subscriptions.html", place="Incidents", status=status, wrong=wrong, now=desk.now(), secret=secret,
        subscriptions=list(desk.incident_desk.subscriptions.kept.all()), made=made,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


@post("/incidents/subscriptions", opt=ADMIN, status_code=200)
async def act_on_subscription(request: Asks) -> Response[Any]:
    """Subscribes somebody who works here, or ends one."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_acted, request, fields)


def _acted(request: Asks, fields: Mapping[str, str]) -> Response[Any]:
    desk, me = desk_of(request), me_of(request)
    try:
        if fields.get("do") == "end":
            desk.incident_desk.subscriptions.end(fields.get("id", ""), me.name)
            return go_on("/incidents/subscriptions")
        made = _asked(request, fields)
    except (Refusal, Usage, Failure) as wrong:
        return _shown(request, status=status_of(wrong), wrong=str(wrong))
    if made.signer:
        kept_of(request).keep(me.credential, _mark(made.id), made.signer, desk.now())
    return go_on(f"/incidents/subscriptions?made={made.id}")


def _asked(request: Asks, fields: Mapping[str, str]) -> NewSubscription:
    kind: Kind = "webhook" if fields.get("kind") == "webhook" else "email"
    scope: Scope = "customers" if fields.get("scope") == "customers" else "team"
    return desk_of(request).incident_desk.subscriptions.ask(
        kind, fields.get("address", ""), scope=scope, topics=channels_in(fields.get("topics", "")),
        by=me_of(request).name, is_confirmed=kind == "webhook",
    )  # fmt: skip


def _mark(id: str) -> str:
    return f"subscription {id}"


ROUTES = (subscribe_page, subscribe, by_link_page, by_link, subscriptions_page, act_on_subscription)

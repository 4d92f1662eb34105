"""Who sends alerts here: inlets with their tokens and what they sent, and heartbeats. Receives no alert itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post

from opsbook.entrypoints.web.account import kept_of, me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.alert_pages import WORDS
from opsbook.entrypoints.web.answering import actor_of, desk_of, may, page, why_not
from opsbook.entrypoints.web.forms import fields_of, go_on, own_address
from opsbook.entrypoints.web.sign_in import NO_STORE
from opsbook.ground.durations import read_duration
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.usecases.alert_desk import AlertDesk
from opsbook.usecases.inlets import KINDS

Asks = Request[Any, Any, Any]
READS = {"act": "read"}
ADMINISTERS = {"act": "administer"}
ADDRESS = "/inlets"
SHOWN_BODIES = 50
SHOWN_REFUSED = 10
MOST_SHOWN = 200_000  # characters of a body in its page; all of it is at its address
KIND_WORDS = {
    "alertmanager-api": "Prometheus", "alertmanager": "Alertmanager", "grafana": "Grafana", "pagerduty": "PagerDuty",
    "opsgenie": "Opsgenie", "cloudevents": "CloudEvents", "generic": "JSON of any shape", "email": "E-mail",
    "heartbeat": "Heartbeats",
}  # fmt: skip
_FIELDS = ("do", "name", "kind", "group", "heartbeat", "every", "grace", "severity", "service")
_DONE = {
    "revoke": "The token is revoked.", "pause": "It is paused: what it sends is kept, and led nowhere.",
    "resume": "It is heard again.", "remove": "It is removed, and its tokens with it. Its alerts stay.",
    "put": "The heartbeat is added. Waiting begins with its first call.",
    "rest": "The heartbeat is paused: nobody waits for it.", "wait": "The heartbeat is waited for again.",
    "forget": "The heartbeat is removed.",
}  # fmt: skip


@get(ADDRESS, opt=READS, sync_to_thread=True)
def inlets_page(request: Asks) -> Response[Any]:
    """The senders, what they sent last, and heartbeats; behind the form for a token with its secret, this once."""
    asked = request.query_params
    name, me = str(asked.get("token", "")), actor_of(request)
    secret = kept_of(request).take(me.credential, _mark(name), desk_of(request).now()) if name and me else ""
    return shown(request, secret=secret, secret_of=name if secret else "", done=_DONE.get(asked.get("done", ""), ""))


def shown(request: Asks, *, status: int = 200, wrong: str = "", **more: Any) -> Response[Any]:
    """The page, with what was just done or refused."""
    desk, asked = desk_of(request), request.query_params
    alerts = desk.alert_desk
    inlet, is_slips = str(asked.get("inlet", "")), bool(asked.get("slips"))
    inlets = alerts.inlets.all()
    bodies = alerts.bodies.latest(inlet=inlet, slips_only=is_slips, limit=SHOWN_BODIES)
    slips: Counter[str] = Counter()
    for body in bodies:
        slips[body.source.name] += len(body.slips)
    given = {"secret": "", "secret_of": "", "done": "", **more}
    given["typed"] = dict.fromkeys(_FIELDS, "") | dict(more.get("typed") or {})
    found = page(
        request, "inlets.html", place="Alerts", status=status, now=desk.now(), wrong=wrong, inlets=inlets, slips=slips,
        others=alerts.inlets.unnamed({body.source.name: body.source.kind for body in bodies}), bodies=bodies,
        inlet=inlet, is_slips=is_slips, heartbeats=alerts.heartbeats.all(), kinds=[(kind, KIND_WORDS[kind]) for kind in
        sorted(KINDS, key=list(KIND_WORDS).index)], kind_words=KIND_WORDS, address=own_address(request),
        refused=request.app.state["refused"].all()[:SHOWN_REFUSED],
        secret_kind=next((each.kind for each in inlets if each.name == given["secret_of"]), ""),
        services=[("", "none"), *((name, name) for name in sorted(desk.library.snapshot().services))],
        why_not="" if may(request, "administer") else why_not(request, "administer"), **{**WORDS, **given},
    )  # fmt: skip
    found.headers.update(NO_STORE)
    return found


@post(ADDRESS, opt=ADMINISTERS, status_code=200)
async def change(request: Asks) -> Response[Any]:
    """Does what the form says with an inlet or a heartbeat, and shows the page anew."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_changed, request, fields)


def _changed(request: Asks, fields: Mapping[str, str]) -> Response[Any]:
    did, me = fields.get("do", ""), me_of(request)
    verb = _verbs(desk_of(request).alert_desk, fields, me.name).get(did)
    try:
        if verb is None:
            raise Usage("Choose what is to be done.")
        secret = verb()
    except (Refusal, Usage, Failure) as wrong:
        typed = {name: value for name, value in fields.items() if name != "csrf"}
        return shown(request, status=status_of(wrong), wrong=str(wrong), typed=typed)
    if did not in ("add", "rotate"):
        return go_on(f"{ADDRESS}?done={did}")
    name = fields.get("name", "").strip()
    kept_of(request).keep(me.credential, _mark(name), secret, desk_of(request).now())
    return go_on(f"{ADDRESS}?token={quote(name)}")


def _verbs(desk: AlertDesk, fields: Mapping[str, str], by: str) -> dict[str, Callable[[], Any]]:
    """What a form may say in `do`; adding and rotating give the token."""
    name, inlets, heartbeats = fields.get("name", "").strip(), desk.inlets, desk.heartbeats
    beat = fields.get("heartbeat", "").strip()
    return {
        "add": lambda: inlets.add(name, fields.get("kind", ""), by, group=fields.get("group", "").strip())[1],
        "rotate": lambda: inlets.rotate(name, by),
        "revoke": lambda: inlets.revoke(name, fields.get("token", ""), by),
        "pause": lambda: inlets.pause(name, by),
        "resume": lambda: inlets.pause(name, by, is_paused=False),
        "remove": lambda: inlets.remove(name, by),
        "put": lambda: heartbeats.put(
            beat, by, every_s=_length_s(fields.get("every", "")), grace_s=_length_s(fields.get("grace") or "1m"),
            severity=fields.get("severity", "P1"), service=fields.get("service") or None,
        ),
        "rest": lambda: heartbeats.pause(beat, by),
        "wait": lambda: heartbeats.pause(beat, by, is_paused=False),
        "forget": lambda: heartbeats.remove(beat, by),
    }  # fmt: skip


def _mark(name: str) -> str:
    return f"inlet/{name}"


def _length_s(words: str) -> float:
    length = read_duration(words.strip())
    if length is None:
        raise Usage(f"'{words[:40]}' is no length of time; write it as 5m, 2h or 1d.")
    return length.total_seconds()


@get(f"{ADDRESS}/received/{{id:str}}", opt=ADMINISTERS, sync_to_thread=True)
def body_page(request: Asks) -> Response[Any]:
    """One body as it came, with what could not be read of it."""
    return _shown_body(request, is_again=bool(request.query_params.get("again")))


def _shown_body(request: Asks, *, status: int = 200, wrong: str = "", is_again: bool = False) -> Response[Any]:
    body = desk_of(request).alert_desk.bodies.find(str(request.path_params["id"]))
    text = body.raw.decode("utf-8", "replace") if body.raw is not None else None
    found = page(
        request, "inlet_body.html", place="Alerts", status=status, of=body, wrong=wrong, is_again=is_again,
        text=text[:MOST_SHOWN] if text is not None else None, is_cut=text is not None and len(text) > MOST_SHOWN,
    )  # fmt: skip
    found.headers.update(NO_STORE)
    return found


@post(f"{ADDRESS}/received/{{id:str}}", opt=ADMINISTERS, status_code=200)
async def receive_again(request: Asks) -> Response[Any]:
    """Receives a body again, as its inlet reads it now, and shows what that came to."""
    return await asyncio.to_thread(_received_again, request)


def _received_again(request: Asks) -> Response[Any]:
    id = str(request.path_params["id"])
    try:
        receipt = desk_of(request).alert_desk.bodies.replay(id)
    except (Refusal, Failure) as wrong:
        return _shown_body(request, status=status_of(wrong), wrong=str(wrong))
    return go_on(f"{ADDRESS}/received/{receipt.batch or id}?again=yes")


ROUTES = (inlets_page, change, body_page, receive_again)

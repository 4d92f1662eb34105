"""What was promised after incidents, on one page: whose, by when, ticked off and opened again, proven. Runs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post

from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.answering import actor_of, desk_of, may, page, why_not
from opsbook.entrypoints.web.edit_pages import conflict
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.ground.errors import Failure, PageConflict, Refusal, Usage
from opsbook.usecases.action_items import Wanted
from opsbook.usecases.action_marking import Listed

Asks = Request[Any, Any, Any]
AT = "/incidents/actions"
STATES = {"left": "Still to do", "all": "All", "done": "Done", "verified": "Verified", "doubtful": "Ticked, not proven",
          "dropped": "Dropped", "unmarked": "Without a box"}  # fmt: skip
SHOWN = 200


@get(AT, opt={"act": "read"}, sync_to_thread=True)
def actions_page(request: Asks) -> Response[Any]:
    """All that is still to be done, the late first; narrowed by the address."""
    return shown_actions(request, request.query_params)


@post(AT, opt={"act": "respond"}, status_code=200)
async def act_on_action(request: Asks) -> Response[Any]:
    """Ticks one off, opens it again, or looks whether its proof holds."""
    fields = await fields_of(request)
    return await asyncio.to_thread(acted, request, fields)


def acted(request: Asks, fields: Mapping[str, str]) -> Response[Any]:
    """What was asked for, then the list again with the way back; or why it was not done."""
    desk, me = desk_of(request), me_of(request)
    key, do, why = fields.get("key", ""), fields.get("do", ""), fields.get("why", "")
    asked = {name: fields.get(name, "") for name in ("owner", "late", "state", "q") if fields.get(name)}
    actions = desk.incident_desk.actions
    try:
        if do == "prove":
            made = actions.prove(key, me.name, why=why)
        elif do in ("done", "open"):
            made = actions.mark(key, me.name, (me.name, me.email), is_done=do == "done", why=why)
        else:
            raise Usage("Nothing was chosen to be done.")
    except PageConflict as wrong:
        return conflict(request, wrong, "")
    except (Usage, Refusal, Failure) as wrong:
        return shown_actions(request, asked, status=status_of(wrong), wrong=str(wrong))
    return go_on(f"{AT}?{urlencode({**asked, 'did': do, 'of': made.item.key})}")


def shown_actions(
    request: Asks, asked: Mapping[str, Any], *, status: int = 200, wrong: str = ""
) -> Response[Any]:
    """The list, with what was just done and how to take it back."""
    desk, actor = desk_of(request), actor_of(request)
    told = {name: str(asked.get(name, "")).strip()[:200] for name in ("owner", "late", "state", "q", "did", "of")}
    state = told["state"] if told["state"] in STATES else "left"
    wanted = Wanted(told["owner"], bool(told["late"]), "" if state == "all" else state, told["q"])
    actions, today = desk.incident_desk.actions, desk.now().date()
    found = actions.select(wanted)
    everything = actions.select(Wanted(state="left"))
    kept = {name: value for name, value in (
        ("owner", told["owner"]), ("late", told["late"]), ("state", told["state"]), ("q", told["q"])) if value}
    shown = page(
        request, "actions.html", place="Incidents", status=status, wrong=wrong, found=found[:SHOWN], count=len(found),
        today=today, asked=told, state=state, states=STATES, kept=kept, is_whole=desk.library.snapshot().is_whole,
        late=sum(1 for each in everything if each.item.is_late(today)), left=len(everything),
        owners=sorted({each.item.owner for each in everything if each.item.owner}),
        undo=_undo(actions.find(told["of"]), told["did"]) if _is_known(request, told["of"]) else None,
        me=actor.name if actor is not None else "",
        why_not="" if may(request, "respond") else why_not(request, "respond"),
        why_not_run="" if may(request, "run") else why_not(request, "run"),
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _is_known(request: Asks, key: str) -> bool:
    try:
        return bool(key) and bool(desk_of(request).incident_desk.actions.find(key))
    except Usage:
        return False


def _undo(made: Listed, did: str) -> tuple[str, str] | None:
    """What was just done in words, and what takes it back; None where that is not so any more."""
    if did == "done" and made.item.state in ("done", "verified"):
        return f"Done: {made.item.text}", "open"
    if did == "open" and made.item.is_left:
        return f"Open again: {made.item.text}", "done"
    if did == "prove" and made.standing.is_proven is not None:
        return f"{'Proven' if made.standing.is_proven else 'Not proven'}: {made.standing.evidence}", ""
    return None


ROUTES = (actions_page, act_on_action)

"""Drills: what is planned and runs; one live, with the answer piece by piece and the score. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post

from opsbook.book.plan_words import length_words
from opsbook.book.rendering import book_address
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.answering import actor_of, desk_of, may, page, why_not
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ledger.drill import Drill, next_alert_at, plain
from opsbook.usecases.drill_desk import DrillDesk, Wanted, without_step
from opsbook.usecases.drill_score import scored
from opsbook.usecases.drills import read_speed

Asks = Request[Any, Any, Any]
READS = {"act": "read"}
RESPONDS = {"act": "respond"}
SHOWN, HITS = 100, 8
WORDS = {
    "planned": ("Planned", "note"), "joined": ("Waits to be started", "note"), "running": ("Runs", "warn"),
    "paused": ("Paused", "note"), "over": ("Over", "good"), "cancelled": ("Called off", ""),
}  # fmt: skip


@get("/drills", opt=READS, sync_to_thread=True)
def drills_page(request: Asks) -> Response[Any]:
    """What is planned and runs, what was drilled, and a form for a new one."""
    return shown_list(request)


@post("/drills", opt=RESPONDS, status_code=200)
async def plan_drill(request: Asks) -> Response[Any]:
    """Plans one, for people to join."""
    fields = await fields_of(request)
    return await asyncio.to_thread(planned, request, fields)


@get("/drills/{drill:str}", opt=READS, sync_to_thread=True)
def drill_page(request: Asks) -> Response[Any]:
    """One drill, as it goes on."""
    return shown(request, _found(request))


@post("/drills/{drill:str}", opt=RESPONDS, status_code=200)
async def act_on_drill(request: Asks) -> Response[Any]:
    """What a volunteer, or whoever leads it, wants of one."""
    fields = await fields_of(request)
    return await asyncio.to_thread(acted, request, fields)


def planned(request: Asks, fields: Mapping[str, str]) -> Response[Any]:
    """The page of what was planned; or the form again, with why not."""
    desk = desk_of(request)
    kind, what = fields.get("kind", ""), fields.get("what", "").strip()
    try:
        if kind not in ("alert", "section", "scenario", "incident", "report"):
            raise Usage("Say what to drill.")
        if kind == "incident":
            number = what.upper().removeprefix("INC-")
            if not number.isascii() or not number.isdigit() or len(number) > 9:
                raise Usage("An incident is named by its number, such as INC-12.")
            wanted = Wanted(incident=int(number))
        else:
            named = {name: what if name == kind else "" for name in ("alert", "section", "scenario", "report")}
            wanted = Wanted(**named)  # type: ignore[arg-type]
        made = desk.drill_desk.plan(wanted, me_of(request).name, read_speed(fields.get("speed") or "1"))
    except (Usage, Refusal, Failure) as wrong:
        return shown_list(request, wrong=str(wrong), typed=fields, status=status_of(wrong))
    return go_on(f"/drills/{made.id}")


def acted(request: Asks, fields: Mapping[str, str]) -> Response[Any]:
    """The drill after it; or the same with why it was not done. A section that is opened through it is gone on to."""
    desk, me, found = desk_of(request), me_of(request).name, _found(request)
    do, value, why = fields.get("do", ""), fields.get("value", ""), fields.get("why", "")
    try:
        told = _done(desk.drill_desk, found, me, do, value=value, why=why)
    except (Usage, Refusal, Failure) as wrong:
        return shown(request, desk.drill_desk.drills.find(found.id), wrong=str(wrong), status=status_of(wrong))
    if do == "open":
        path, _, anchor = value.partition("#")
        return go_on(book_address(path) + (f"#{anchor}" if anchor else ""))
    return go_on(f"/drills/{found.id}{told}")


def _done(desk: DrillDesk, drill: Drill, me: str, do: str, *, value: str, why: str) -> str:
    drills, id = desk.drills, drill.id
    if do in ("open", "section", "step"):
        how = "opened" if do == "open" else "said"
        _, is_right = desk.answer(id, me, "step" if do == "step" else "section", value, how=how)
        return f"?{'right' if is_right else 'wrong'}={'step' if do == 'step' else 'section'}#answers"
    if do == "reveal":
        drills.reveal(id, me)
        return "#answer"
    acts = {
        "join": lambda: drills.join(id, me), "leave": lambda: drills.leave(id, me),
        "start": lambda: drills.start(id, me, again=value == "again"), "pause": lambda: drills.pause(id, me, why),
        "go-on": lambda: drills.go_on(id, me), "stop": lambda: drills.stop(id, me, why),
    }  # fmt: skip
    if do not in acts:
        raise Usage("Nothing was chosen to be done.")
    acts[do]()
    return ""


def shown_list(
    request: Asks, *, wrong: str = "", typed: Mapping[str, str] | None = None, status: int = 200
) -> Response[Any]:
    """The list of drills, with the form for a new one."""
    desk = desk_of(request)
    maker = desk.drill_desk.maker()
    found = desk.drill_desk.drills.all(limit=SHOWN)
    made = page(
        request, "drills.html", place="Procedures", status=status, wrong=wrong, typed=typed or {}, now=desk.now(),
        open=[each for each in found if each.is_open], past=[each for each in found if not each.is_open],
        scheduled=desk.drill_desk.scheduled(), place_at=_at,
        words=WORDS, names=sorted(maker.names()), scenarios=list(maker.scenarios()),
        why_not=why_not(request, "respond") if not may(request, "respond") else "",
    )  # fmt: skip
    made.headers["Cache-Control"] = "no-store"
    return made


def shown(request: Asks, drill: Drill, *, wrong: str = "", status: int = 200) -> Response[Any]:
    """The page of a drill for whoever looks: the answer as far as they had it revealed."""
    desk, actor = desk_of(request), actor_of(request)
    me = plain(actor.name) if actor is not None else ""
    what, query = desk.drill_desk.happened(drill), request.query_params.get("q", "").strip()[:200]
    is_part = me in drill.people
    seen = len(drill.scene.reveals) if not drill.is_open else drill.revealed.get(me, 0)
    made = page(
        request, "drill.html", place="Procedures", status=status, wrong=wrong, drill=drill, now=desk.now(),
        words=WORDS[drill.state], me=me, is_part=is_part, what=what, scores=scored(drill, what), took=_took,
        reveals=drill.scene.reveals[:seen], query=query, hits=desk.index.search(query, HITS).hits if query else (),
        next_at=next_alert_at(drill, desk.now()), length=length_words,
        said=[each for each in drill.answers if each.person == me], place_at=_at,
        beside=desk.drill_desk.drills.beside(drill.scene.source, drill.people, drill.id) if drill.state == "joined"
        else None, no_step=without_step(drill.scene),
        right=request.query_params.get("right", ""), not_right=request.query_params.get("wrong", ""),
        alerts=[(each, alert) for each, alert in zip(drill.scene.alerts, what.alerts, strict=True) if alert],
        why_not=why_not(request, "respond") if not may(request, "respond") else "",
    )  # fmt: skip
    made.headers["Cache-Control"] = "no-store"
    return made


def _at(where: str) -> str:
    path, _, anchor = where.partition("#")
    return book_address(path) + (f"#{anchor}" if anchor else "")


def _took(seconds: float | None) -> str:
    if seconds is None:
        return "not yet"
    return length_words(round(seconds)) if seconds >= 1 else "at once"


def _found(request: Asks) -> Drill:
    return desk_of(request).drill_desk.drills.find(str(request.path_params["drill"]))


ROUTES = (drills_page, plan_drill, drill_page, act_on_drill)

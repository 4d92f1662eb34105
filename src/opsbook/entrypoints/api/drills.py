"""Drills by the API: planned, joined, begun, answered, told, ended. Each operation is one verb."""

from __future__ import annotations

from typing import Any

from litestar.exceptions import NotFoundException

from opsbook.entrypoints.api import drill_models as models
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.people import signed_in
from opsbook.entrypoints.web.answering import actor_of, desk_of
from opsbook.ground.errors import Usage
from opsbook.ledger.drill import Drill
from opsbook.usecases.drill_desk import DrillDesk, Wanted, drill_model
from opsbook.usecases.scheduled_drills import scheduled_model


def drills_of(request: Asks) -> DrillDesk:
    """The drills of this server."""
    return desk_of(request).drill_desk


def named(request: Asks) -> Drill:
    """The drill that the address names; raises 404 where there is none."""
    try:
        return drills_of(request).drills.find(str(request.path_params["drill"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


def shown(request: Asks, drill: Drill) -> dict[str, Any]:
    """A drill as whoever asks may see it."""
    actor = actor_of(request)
    return drill_model(drill, drills_of(request).happened(drill), actor.name if actor is not None else "")


@operation("GET", "/drills", models.DrillList, query=models.DrillsQuery, group="drills")
def drill_list(request: Asks, query: models.DrillsQuery) -> dict[str, Any]:
    """Drills, those planned last first, and the procedures that are to be practised"""
    found = drills_of(request).drills.all(is_open=True if query.open else None, limit=query.limit)
    desk = drills_of(request)
    return {
        "drills": [shown(request, each) for each in found],
        "scheduled": [scheduled_model(each) for each in desk.scheduled()],
    }


@operation("POST", "/drills", models.DrillModel, act="respond", body=models.NewDrill, status=201, also=(409, 503),
           group="drills")  # fmt: skip
def plan(request: Asks, body: models.NewDrill) -> dict[str, Any]:
    """Plans a drill, for people to join; nobody is paged yet"""
    wanted = Wanted(body.alert, body.section, body.scenario, body.incident, body.report)
    return shown(request, drills_of(request).plan(wanted, signed_in(request).name, body.speed))


@operation("GET", "/drills/{drill}", models.DrillModel, group="drills")
def show(request: Asks) -> dict[str, Any]:
    """A drill with its figures; the answer once it is over"""
    return shown(request, named(request))


@operation("POST", "/drills/{drill}", models.DrillModel, act="respond", body=models.DrillAct, also=(409,),
           group="drills")  # fmt: skip
def act(request: Asks, body: models.DrillAct) -> dict[str, Any]:
    """Joins, leaves, starts, pauses, goes on, stops, or has the next piece of the answer told"""
    drills, id, me = drills_of(request).drills, named(request).id, signed_in(request).name
    if body.do == "pause":
        return shown(request, drills.pause(id, me, body.why))
    if body.do == "stop":
        return shown(request, drills.stop(id, me, body.why))
    if body.do == "reveal":
        return shown(request, drills.reveal(id, me)[0])
    if body.do == "start":
        return shown(request, drills.start(id, me, again=body.again))
    acts = {"join": drills.join, "leave": drills.leave, "go-on": drills.go_on}
    return shown(request, acts[body.do](id, me))


@operation("POST", "/drills/{drill}/answer", models.Answered, act="respond", body=models.DrillAnswer, also=(409, 503),
           group="drills")  # fmt: skip
def answer(request: Asks, body: models.DrillAnswer) -> dict[str, Any]:
    """Says which section, or which step, is right"""
    drill, is_right = drills_of(request).answer(named(request).id, signed_in(request).name, body.what, body.value)
    return {"is_right": is_right, "drill": shown(request, drill)}


ROUTES = (drill_list, plan, show, act, answer)

"""Action items by the API: of the book and of the ledger, ticked off, opened again, proven. Each is one verb."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import Response
from litestar.exceptions import NotFoundException
from msgspec import Meta, Struct

from opsbook.entrypoints.api.book import page_conflict
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.people import signed_in
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import PageConflict, Usage
from opsbook.usecases.action_items import Wanted
from opsbook.usecases.action_marking import ActionItems, Listed, listed_model
from opsbook.usecases.desk import Desk

ONE = "/action-items/{key}"
STATES = Literal["", "left", "open", "in progress", "done", "verified", "dropped", "unmarked", "doubtful"]


class ActionItemsQuery(Struct, forbid_unknown_fields=True):
    """Which; `left` are all that are still to be done, `doubtful` those that are ticked while their proof fails."""

    owner: Annotated[str, Meta(max_length=200, description="A name or handle; `nobody` for those without one.")] = ""
    late: bool = False
    state: STATES = ""
    q: Annotated[str, Meta(max_length=200)] = ""
    incident: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=5000)] = 500


class ActionWhyBody(Struct, forbid_unknown_fields=True):
    """Why; of a proof that is a command, what it printed."""

    why: Annotated[str, Meta(max_length=2000)] = ""


class ProofModel(Struct):
    """What proves it: an address, a procedure of the book (`path#anchor`), a command, words."""

    kind: Literal["address", "procedure", "command", "words"]
    value: str
    words: str


class ActionItemModel(Struct):
    """One action item. `is_proven` is null while nothing tells; `is_doubtful`: ticked, while its proof says otherwise.
    """

    key: str
    text: str
    state: Literal["open", "in progress", "done", "verified", "dropped", "unmarked"]
    owner: str | None
    due: str | None
    is_late: bool
    incident: int | None
    action: int | None
    path: str | None
    line: int | None
    report: str
    proof: ProofModel | None
    is_proven: bool | None
    evidence: str | None
    run: str | None
    is_doubtful: bool


class ActionItemList(Struct):
    """Those that were asked for, the late first; `left` and `late` count among all of them."""

    items: list[ActionItemModel]
    left: int
    late: int


@operation("GET", "/action-items", ActionItemList, query=ActionItemsQuery, group="incidents")
def action_list(request: Asks, query: ActionItemsQuery) -> dict[str, Any]:
    """What was promised after incidents, by the book and by the ledger"""
    desk = desk_of(request)
    wanted = Wanted(query.owner, query.late, query.state, query.q, query.incident)
    found = desk.incident_desk.actions.select(wanted)
    today = desk.now().date()
    return {
        "items": [listed_model(each, desk.now()) for each in found[: query.limit]],
        "left": sum(1 for each in found if each.item.is_left),
        "late": sum(1 for each in found if each.item.is_late(today)),
    }


@operation("POST", ONE + "/done", ActionItemModel, act="respond", body=ActionWhyBody, also=(404, 409),
           group="incidents")  # fmt: skip
def action_done(request: Asks, body: ActionWhyBody) -> dict[str, Any] | Response[Any]:
    """Ticks it off: a commit of its page, else an event of its incident"""
    return _marked(request, body, is_done=True)


@operation("POST", ONE + "/open", ActionItemModel, act="respond", body=ActionWhyBody, also=(404, 409),
           group="incidents")  # fmt: skip
def action_open(request: Asks, body: ActionWhyBody) -> dict[str, Any] | Response[Any]:
    """Takes the tick away"""
    return _marked(request, body, is_done=False)


@operation("POST", ONE + "/prove", ActionItemModel, act="respond", body=ActionWhyBody, also=(404, 409),
           group="incidents")  # fmt: skip
def action_prove(request: Asks, body: ActionWhyBody) -> dict[str, Any]:
    """Asks its address, or looks at the last run of its procedure; runs no command"""
    desk = desk_of(request)
    return _model(desk, desk.incident_desk.actions.prove(_known(request), signed_in(request).name, why=body.why))


def _marked(request: Asks, body: ActionWhyBody, *, is_done: bool) -> dict[str, Any] | Response[Any]:
    desk, who = desk_of(request), signed_in(request)
    key = _known(request)
    try:
        made = desk.incident_desk.actions.mark(key, who.name, (who.name, who.email), is_done=is_done, why=body.why)
    except PageConflict as wrong:
        return page_conflict(wrong)
    return _model(desk, made)


def _known(request: Asks) -> str:
    """The key that the address names; raises 404 where there is no such item."""
    actions: ActionItems = desk_of(request).incident_desk.actions
    try:
        return actions.find(str(request.path_params["key"])).item.key
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


def _model(desk: Desk, made: Listed) -> dict[str, Any]:
    return listed_model(made, desk.now())


ROUTES = (action_list, action_done, action_open, action_prove)

"""What people do with an incident from its page: each a form, each one verb. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from litestar import Request, Response, post
from litestar.exceptions import PermissionDeniedException

from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.alert_acts import status_of
from opsbook.entrypoints.web.answering import desk_of
from opsbook.entrypoints.web.forms import fields_of, go_on, several
from opsbook.entrypoints.web.incident_impact import impact_in
from opsbook.entrypoints.web.incident_lead import shown_incident
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_events import Members
from opsbook.usecases.authority import decide
from opsbook.usecases.desk import Desk
from opsbook.usecases.incident_acts import FieldConflict, Incidents

Asks = Request[Any, Any, Any]
RESPONDS = {"act": "respond"}
LISTS = ("tags", "factors", "went_well", "went_badly", "lucky")  # fields of several lines, one item each
TIMES = ("started_at", "detected_at")
MEMBERS = ("alerts", "pages", "runs", "services")


class Said(NamedTuple):
    """What a form says of an incident, by whom; `chosen` are the values of fields that may stand several times."""

    incident: Incident
    by: str
    fields: Mapping[str, str]
    chosen: Mapping[str, list[str]]

    def get(self, name: str) -> str:
        """A field without the space around it."""
        return self.fields.get(name, "").strip()

    @property
    def expected(self) -> int | None:
        """The version that whoever sent the form looked at."""
        words = self.get("expected")
        return int(words) if words.isascii() and words.isdigit() and len(words) < 10 else None

    def number(self, name: str) -> int:
        """A field that is the number of a task, an action item, an incident."""
        words = self.get(name)
        if not (words.isascii() and words.isdigit() and len(words) < 10):
            raise Usage(f"'{words[:40]}' is no number.")
        return int(words)


def time_in(words: str) -> datetime | None:
    """The time of a field of a form, which is in UTC; None where it is empty."""
    if not words:
        return None
    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        raise Usage(f"'{words[:40]}' is no time; write it as 2026-11-26T03:10, in UTC.") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


Done = tuple[Incident, dict[str, str]]  # the incident after it, and what the address tells of what was done


def _acknowledge(acts: Incidents, said: Said) -> Done:
    return acts.acknowledge(said.incident.number, said.by, via="web", why=said.get("why")), {}


def _move(acts: Incidents, said: Said) -> Done:
    made = acts.move(
        said.incident.number, said.by, said.get("state"), why=said.get("why"), happened_at=time_in(said.get("at")),
        expected=said.expected,
    )  # fmt: skip
    return made, {"of": said.incident.state}


def _resolve(acts: Incidents, said: Said) -> Done:
    """What is missing first, then that it is over: a refusal keeps what was written."""
    number = said.incident.number
    for field in ("started_at", "resolution", "root_cause", "cause"):
        words = said.get(field)
        value: object = time_in(words) if field in TIMES else words
        if words and value != getattr(said.incident, field):
            acts.edit(number, said.by, field, words if field not in TIMES else _as_text(value))
    made = acts.move(number, said.by, "resolved", why=said.get("why"), happened_at=time_in(said.get("at")))
    return made, {"did": "move", "of": said.incident.state}


def _as_text(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _rate(acts: Incidents, said: Said) -> Done:
    impact = impact_in(said.fields, said.chosen, said.incident.impact)
    severity = said.get("severity")
    made = acts.rate(
        said.incident.number, said.by, severity=severity, impact=impact if impact != said.incident.impact else None,
        why=said.get("why"), expected=said.expected,
    )  # fmt: skip
    return made, {}


def _edit(acts: Incidents, said: Said) -> Done:
    field, words = said.get("field"), said.fields.get("value", "").replace("\r\n", "\n").strip()
    value: object = words
    if field in LISTS:
        value = [line.strip() for line in words.split("\n") if line.strip()]
    elif field in TIMES:
        value = _as_text(time_in(words))
    made = acts.edit(said.incident.number, said.by, field, value, why=said.get("why"), expected=said.expected)
    return made, {}


def _assign(acts: Incidents, said: Said) -> Done:
    role, person = said.get("role"), said.get("person")
    before = ", ".join(said.incident.holders(role))
    made = acts.assign(said.incident.number, said.by, role, person, why=said.get("why"))
    now = made.holders(role)
    return made, {"role": role, "of": now[-1] if now else person, "before": before if len(now) == 1 else ""}


def _task(acts: Incidents, said: Said) -> Done:
    task = said.number("task")
    made = acts.set_task(
        said.incident.number, said.by, task, said.get("state"), owner=said.get("owner"), why=said.get("why")
    )
    return made, {"of": str(task)}


def _members(said: Said) -> Members:
    kind, id_ = said.get("kind"), said.get("id")
    if kind not in MEMBERS or not id_:
        raise Usage("Say what belongs to it: an alert, a page, a run or a service, by its id or name.")
    return Members(**{kind: (id_,)})


def _chosen(said: Said) -> Members:
    return Members(**{kind: tuple(said.chosen.get(kind, ())) for kind in MEMBERS})


def _attach(acts: Incidents, said: Said) -> Done:
    made = acts.attach(said.incident.number, said.by, _members(said), said.get("why"))
    return made, {"kind": said.get("kind"), "of": said.get("id")}


def _detach(acts: Incidents, said: Said) -> Done:
    made = acts.detach(said.incident.number, said.by, _members(said), said.get("why"))
    return made, {"kind": said.get("kind"), "of": said.get("id")}


def _split(acts: Incidents, said: Said) -> Done:
    return acts.split(said.incident.number, said.by, _chosen(said), title=said.get("title"), why=said.get("why")), {}


def _promise(acts: Incidents, said: Said) -> Done:
    made = acts.promise(
        said.incident.number, said.by, said.get("text"), owner=said.get("owner"), due=said.get("due"),
        kind=said.get("kind"), proof=said.get("proof"),
    )  # fmt: skip
    return made, {}


def _set_promise(acts: Incidents, said: Said) -> Done:
    told = {name: said.get(name) for name in ("owner", "due") if said.get(name)}
    made = acts.set_promise(
        said.incident.number, said.by, said.number("action"), said.get("state"), why=said.get("why"), **told
    )
    return made, {}


VERBS: dict[str, Callable[[Incidents, Said], Done]] = {
    "acknowledge": _acknowledge,
    "move": _move,
    "resolve": _resolve,
    "rate": _rate,
    "edit": _edit,
    "assign": _assign,
    "release": lambda acts, said: (
        acts.release(said.incident.number, said.by, said.get("role"), said.get("person"), why=said.get("why")), {}
    ),
    "task": _task,
    "add-task": lambda acts, said: (
        acts.add_task(said.incident.number, said.by, said.get("text"), role=said.get("role"), owner=said.get("owner")),
        {},
    ),
    "call": lambda acts, said: (
        acts.call(said.incident.number, said.by, said.get("person"), said.get("why")), {"of": said.get("person")}
    ),
    "attach": _attach,
    "detach": _detach,
    "merge": lambda acts, said: (acts.merge(said.incident.number, said.get("into"), said.by, said.get("why")), {}),
    "duplicate": lambda acts, said: (
        acts.duplicate(said.incident.number, said.get("of"), said.by, said.get("why")), {}
    ),
    "split": _split,
    "promise": _promise,
    "set-promise": _set_promise,
}  # fmt: skip


@post("/incidents/{name:str}", opt=RESPONDS, status_code=200)
async def act_on_incident(request: Asks) -> Response[Any]:
    """Does what the form says with an incident, and shows it; what was not done is told on its page."""
    fields = await fields_of(request)
    chosen = {name: await several(request, name) for name in (*MEMBERS, "functions")}
    return await asyncio.to_thread(_acted, request, fields, chosen)


def _acted(request: Asks, fields: dict[str, str], chosen: dict[str, list[str]]) -> Response[Any]:
    desk = desk_of(request)
    acts = desk.incident_desk.incidents
    incident, did = acts.find(str(request.path_params["name"])), fields.get("do", "")
    said = Said(incident, me_of(request).name, fields, chosen)
    typed = {name: value for name, value in fields.items() if name != "csrf"}
    try:
        if did in WRITES:
            return go_on(_written(request, desk, said))
        verb = VERBS.get(did)
        if verb is None:
            raise Usage("Choose what is to be done.")
        made, told = verb(acts, said)
    except FieldConflict as wrong:
        return shown_incident(request, acts.find(incident.number), status=409, conflict=wrong, typed=typed)
    except (Refusal, Usage, Failure) as wrong:
        now = acts.find(incident.number)
        return shown_incident(request, now, status=status_of(wrong), wrong=str(wrong), typed=typed)
    words = urlencode({"did": did, **told})
    return go_on(f"/incidents/{made.number}?{words}")


WRITES = ("report", "post-mortem", "patch")


def _written(request: Asks, desk: Desk, said: Said) -> str:
    """Proposes a page of the book for the incident; gives the address of its review."""
    me, reports, did = me_of(request), desk.incident_desk.reports, said.get("do")
    allowed = decide(me, "edit-page", reads_are_open=False)  # the route itself asks only for what an incident needs
    if not allowed.is_allowed:
        raise PermissionDeniedException(allowed.why)
    author = (me.name, me.email)
    if did == "report":
        made = reports.report(said.incident, said.by, author)
    elif did == "post-mortem":
        made = reports.post_mortem(said.incident, said.by, author)
    else:
        made = reports.propose_patch(said.incident, said.get("path"), said.by, author)
    return f"/proposals/{made.id}"


ROUTES = (act_on_incident,)

"""Starting a run: a form made from the parameters of a procedure, what would be done where, and the start itself."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get, post
from msgspec import Struct

from opsbook.book.plan import LOCAL, Plan, PlannedParameter
from opsbook.config import Config
from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.answering import desk_of, may, page, why_not
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.entrypoints.web.run_pages import WORDS, history_of, procedure_address, starter_of
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.usecases.desk import Desk
from opsbook.usecases.runs import Form, History

Asks = Request[Any, Any, Any]
GIVEN = "p-"  # before the names of fields that are parameters
MOST_SUGGESTED = 5


class Field(Struct, frozen=True):
    """A parameter as a form asks for it: `kind` is the form's own, `source` where a secret comes from, `last` what was
    given in the last runs, `wants` what a value must be, in words."""

    name: str
    kind: str
    description: str
    value: str
    is_required: bool
    wants: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    pattern: str = ""
    source: str = ""
    last: tuple[str, ...] = ()


@get("/run", opt={"act": "read"}, sync_to_thread=True)
def start_page(request: Asks) -> Response[Any]:
    """The form for the procedure that the address names."""
    where = request.query_params.get("at", "")
    given = {
        name.removeprefix(GIVEN): str(value) for name, value in request.query_params.items() if name.startswith(GIVEN)
    }
    return shown_form(request, where, given, incident=number_in(request.query_params.get("incident", "")))


def number_in(words: str) -> int | None:
    """The number of an incident, None where there is none."""
    plain = words.strip().upper().removeprefix("INC-").lstrip("#")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else None


@post("/run", opt={"act": "run"}, status_code=200)
async def start(request: Asks) -> Response[Any]:
    """Starts a run and shows it; or shows what it would do, where the form asks for that."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_started, request, fields)


def _started(request: Asks, fields: dict[str, str]) -> Response[Any]:
    desk, where = desk_of(request), fields.get("at", "")
    given = {name.removeprefix(GIVEN): value for name, value in fields.items() if name.startswith(GIVEN)}
    values = {name: value for name, value in given.items() if value}
    on = fields.get("on", "").strip() or None
    incident = number_in(fields.get("incident", ""))
    try:
        if fields.get("do") == "plan":
            plan = desk.runs.plan(where, values, on)
            return shown_form(request, where, given, plan=plan, on=on or "", incident=incident)
        if incident is not None:
            desk.incident_desk.incidents.find(incident)
        run = desk.runs.start(
            where, values, starter_of(me_of(request)), on=on, is_dry=fields.get("dry") == "on", incident=incident
        )
    except (Refusal, Usage) as wrong:
        status = 400 if isinstance(wrong, Usage) else 409
        return shown_form(request, where, given, status=status, wrong=str(wrong), on=on or "", incident=incident)
    except Failure as wrong:
        status = 503 if wrong.retryable else 502
        return shown_form(request, where, given, status=status, wrong=str(wrong), on=on or "", incident=incident)
    return go_on(f"/runs/{run.id}")


def shown_form(
    request: Asks, where: str, given: dict[str, str], *, status: int = 200, wrong: str = "", plan: Plan | None = None,
    on: str = "", incident: int | None = None,
) -> Response[Any]:  # fmt: skip
    """The form, filled in with what was given, else with what the page says."""
    desk = desk_of(request)
    form = desk.runs.form(where)
    past = history_of(desk, f"{form.path}#{form.anchor}")
    used = last_used(desk, past)
    config: Config = request.app.state["config"]
    fields = [field_of(each, form, given, last=used.get(each.name, ()), config=config) for each in form.parameters]
    running = desk.runs.briefs(where=f"{form.path}#{form.anchor}", is_open=True, limit=5)
    shown = page(
        request, "run_start.html", place="Runs", status=status, form=form, fields=fields, wrong=wrong, on=on,
        plan=plan or form.plan, is_asked=plan is not None, where=f"{form.path}#{form.anchor}", past=past,
        running=running, now=desk.now(), procedure_at=procedure_address(f"{form.path}#{form.anchor}"),
        targets=targets_of(form, config, on), incident=incident,
        why_not="" if may(request, "run") else why_not(request, "run"), **WORDS,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def targets_of(form: Form, config: Config, on: str) -> list[tuple[str, str]]:
    """What the form offers to run on instead of what the page says: the value, and words. Empty where all is done on
    this machine and no other is known."""
    steps = form.plan.steps if form.plan else ()
    is_elsewhere = any(step.targets != (LOCAL,) for step in steps if step.script)
    if not (config.hosts or config.groups or is_elsewhere):
        return []
    found = [(LOCAL, "this machine"), *((host, host) for host in config.hosts)]
    found += [(name, f"{name}: {', '.join(hosts) or 'no host'}") for name, hosts in config.groups.items()]
    return found if not on or any(on == value for value, _ in found) else [*found, (on, on)]


def last_used(desk: Desk, past: History | None) -> dict[str, tuple[str, ...]]:
    """What was given for each parameter in the last runs, the newest first. Secrets are in no run."""
    found: dict[str, dict[str, None]] = {}
    for brief in past.briefs[:MOST_SUGGESTED] if past else ():
        for name, value in desk.runs.find(brief.id).plan.values.items():
            found.setdefault(name, {})[value] = None
    return {name: tuple(values) for name, values in found.items()}


def field_of(
    parameter: PlannedParameter, form: Form, given: dict[str, str], *, last: tuple[str, ...], config: Config
) -> Field:
    """How the form asks for a parameter."""
    kind, name = parameter.type, parameter.name
    choices = kind.choices
    if kind.kind == "host":
        choices = tuple(config.groups.get(kind.group, ())) if kind.group else tuple(config.hosts)
    source = f"{parameter.secret.source}:{parameter.secret.path}" if parameter.secret is not None else kind.source
    value = given.get(name, form.defaults.get(name, ""))
    return Field(
        name, "secret" if parameter.secret is not None else kind.kind, parameter.description, value,
        name in form.required, wanted(parameter), choices, kind.low, kind.high, kind.pattern, source,
        tuple(each for each in last if each != value),
    )  # fmt: skip


def wanted(parameter: PlannedParameter) -> str:
    """What a value must be, in words; empty where it may be any text."""
    kind = parameter.type
    if kind.kind in ("integer", "number"):
        bounds = " to ".join(f"{bound:g}" for bound in (kind.low, kind.high) if bound is not None)
        return f"a {'whole ' if kind.kind == 'integer' else ''}number{f', {bounds}' if bounds else ''}"
    words = {
        "duration": "a duration such as 30s, 5m or 2h", "file": "the path of a file where the step runs",
        "pattern": f"text that matches {kind.pattern}", "host": f"a host{f' of {kind.group}' if kind.group else ''}",
    }  # fmt: skip
    return words.get(kind.kind, "")


ROUTES = (start_page, start)

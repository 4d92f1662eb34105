"""Runs by the API: started, answered, ended, and told. Each operation is one verb; nothing is executed here."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException

from opsbook.entrypoints.api import run_models as models
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.people import signed_in
from opsbook.entrypoints.web.answering import desk_of
from opsbook.entrypoints.web.run_pages import starter_of
from opsbook.ground.errors import Usage
from opsbook.ledger.run import Attempt, Run
from opsbook.usecases.run_shown import brief_model, run_model
from opsbook.usecases.runs import Form, Runs

STEP = "/runs/{run}/steps/{number}"


def runs_of(request: Asks) -> Runs:
    """The runs of this server."""
    return desk_of(request).runs


def named(request: Asks) -> Run:
    """The run that the address names; raises 404 where there is none."""
    try:
        return runs_of(request).find(str(request.path_params["run"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


def step_of(request: Asks) -> tuple[str, str, str]:
    """The run and the step that the address names, and who asks; raises 404 where there is none."""
    run, number = named(request), str(request.path_params["number"])
    if run.step(number) is None:
        raise NotFoundException(f"The run {run.id} has no step '{number[:40]}'.")
    return run.id, number, signed_in(request).name


@operation("GET", "/runs", models.RunList, query=models.RunsQuery, group="runs")
def run_list(request: Asks, query: models.RunsQuery) -> dict[str, Any]:
    """Runs, the last started first, with what they wait for"""
    found = runs_of(request).briefs(where=query.at, is_open=query.open, before=query.before, limit=query.limit)
    return {"runs": [{**brief_model(brief), "position": brief.position} for brief in found]}


@operation("POST", "/runs", models.RunModel, act="run", body=models.StartBody, status=201, also=(409,), group="runs")
def start(request: Asks, body: models.StartBody) -> dict[str, Any]:
    """Starts a run, where it is told for an incident; a runner takes it up"""
    starter = starter_of(signed_in(request))
    if body.incident is not None:
        desk_of(request).incident_desk.incidents.find(body.incident)
    run = runs_of(request).start(
        body.procedure, body.parameters, starter, on=body.on, is_dry=body.dry, incident=body.incident
    )
    return run_model(run)


@operation("GET", "/runs/{run}", models.RunModel, group="runs")
def show(request: Asks) -> dict[str, Any]:
    """A run with its steps and their attempts"""
    return run_model(named(request))


@operation("GET", "/runs/{run}/output", str, query=models.OutputQuery, media="text/plain", group="runs")
def output(request: Asks, query: models.OutputQuery) -> Response[bytes]:
    """What an attempt printed, redacted, from a byte on"""
    outputs, key = desk_of(request).outputs, _attempt(named(request), query).key
    raw = outputs.read(key, query.offset, query.limit) if query.offset < outputs.size(key) else b""
    return Response(raw, media_type="text/plain; charset=utf-8")


def _attempt(run: Run, query: models.OutputQuery) -> Attempt:
    step = run.step(query.step)
    attempts = step.attempts if step is not None else ()
    found = [each for each in attempts if query.attempt in (None, each.number)]
    if not found:
        raise NotFoundException(f"The run {run.id} has no such attempt of a step '{query.step[:40]}'.")
    return found[-1]


@operation("POST", f"{STEP}/confirm", models.RunModel, act="run", body=models.ConfirmBody, also=(409,), group="runs")
def confirm(request: Asks, body: models.ConfirmBody) -> dict[str, Any]:
    """Says yes at a step that waits, with the values that it asks for"""
    run, step, by = step_of(request)
    done = runs_of(request).confirm(run, step, by, values=body.values, why=body.why, typed=body.typed)
    return run_model(done)


@operation("POST", f"{STEP}/skip", models.RunModel, act="run", body=models.ReasonBody, also=(409,), group="runs")
def skip(request: Asks, body: models.ReasonBody) -> dict[str, Any]:
    """Leaves out a step that waits or has failed"""
    return run_model(runs_of(request).skip(*step_of(request), body.why))


@operation("POST", f"{STEP}/fail", models.RunModel, act="run", body=models.ReasonBody, also=(409,), group="runs")
def fail(request: Asks, body: models.ReasonBody) -> dict[str, Any]:
    """Says that a step that waits did not work out"""
    return run_model(runs_of(request).fail(*step_of(request), body.why))


@operation("POST", f"{STEP}/decide", models.RunModel, act="run", body=models.DecideBody, also=(409,), group="runs")
def decide(request: Asks, body: models.DecideBody) -> dict[str, Any]:
    """Settles a step that is unknown or has failed"""
    run, step, by = step_of(request)
    return run_model(runs_of(request).decide(
        run, step, body.decision, by=by, why=body.why, aliases=starter_of(signed_in(request)).aliases
    ))  # fmt: skip


@operation("POST", f"{STEP}/approve", models.RunModel, act="approve", body=models.ApproveBody, also=(409,),
           group="runs")  # fmt: skip
def approve(request: Asks, body: models.ApproveBody) -> dict[str, Any]:
    """Approves exactly what the digest says"""
    run, step, _ = step_of(request)
    starter = starter_of(signed_in(request))
    return run_model(runs_of(request).approve(run, step, starter, digest=body.digest, why=body.why))


@operation("POST", "/runs/{run}/cancel", models.RunModel, act="run", body=models.NoteBody, also=(409,), group="runs")
def cancel(request: Asks, body: models.NoteBody) -> dict[str, Any]:
    """Asks a run to end; it is cancelled once its processes are gone"""
    return run_model(runs_of(request).cancel(named(request).id, signed_in(request).name, body.why))


@operation("POST", "/runs/{run}/pause", models.RunModel, act="run", body=models.NoteBody, also=(409,), group="runs")
def pause(request: Asks, body: models.NoteBody) -> dict[str, Any]:
    """Stops a run before its next step"""
    return run_model(runs_of(request).pause(named(request).id, signed_in(request).name, body.why))


@operation("POST", "/runs/{run}/resume", models.RunModel, act="run", body=models.NoteBody, also=(409,), group="runs")
def resume(request: Asks, body: models.NoteBody) -> dict[str, Any]:
    """Lets a paused run go on"""
    return run_model(runs_of(request).resume(named(request).id, signed_in(request).name, body.why))


@operation("POST", "/runs/{run}/roll-back", models.RunModel, act="run", body=models.ReasonBody, also=(409,),
           group="runs")  # fmt: skip
def roll_back(request: Asks, body: models.ReasonBody) -> dict[str, Any]:
    """Begins the rollback of a run that waits or has failed"""
    return run_model(runs_of(request).roll_back(named(request).id, signed_in(request).name, body.why))


@operation("GET", "/procedures/{path}/form", models.FormModel, query=models.FormQuery, group="runs")
def form(request: Asks, query: models.FormQuery) -> dict[str, Any]:
    """What a start of a procedure asks for, and why it cannot be started"""
    return form_model(runs_of(request).form(f"{path_of(request)}#{query.anchor}"))


def form_model(of: Form) -> dict[str, Any]:
    """A form as JSON has it."""
    return {
        "path": of.path, "anchor": of.anchor, "title": of.title, "commit": of.commit, "danger": of.danger,
        "why_not": list(of.why_not),
        "parameters": [
            {"name": each.name, "type": each.type.kind, "description": each.description,
             "default": of.defaults.get(each.name), "required": each.name in of.required,
             "choices": list(each.type.choices),
             "secret_source": f"{each.secret.source}:{each.secret.path}" if each.secret else None}
            for each in of.parameters
        ],
    }  # fmt: skip


def path_of(request: Asks) -> str:
    """The path of the page in the address, slashes in it as they are or as %2F."""
    return str(request.path_params["path"]).replace("%2F", "/").strip("/")


ROUTES = (
    run_list, start, show, output, confirm, skip, fail, decide, approve, cancel, pause, resume, roll_back, form,
)  # fmt: skip

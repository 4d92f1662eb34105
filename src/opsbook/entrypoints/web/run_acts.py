"""What people do with a run from its page: each a form, each one verb. Appends events by verbs; executes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from litestar import Request, Response, post

from opsbook.entrypoints.web.account import me_of
from opsbook.entrypoints.web.answering import desk_of
from opsbook.entrypoints.web.forms import fields_of, go_on
from opsbook.entrypoints.web.run_pages import shown_approval, shown_run, starter_of
from opsbook.ground.errors import Failure, NotPermitted, Refusal, Usage
from opsbook.ledger.run import Run
from opsbook.ledger.run_events import Decision
from opsbook.usecases.runs import Runs

Asks = Request[Any, Any, Any]
RUNS = {"act": "run"}
ASKED = "ask-"  # before the names of fields that a step asks for
DECISIONS = ("done", "again", "failed", "undo", "roll-back", "abort")


class Said(NamedTuple):
    """What a form says: of which run and step, by whom, with which fields."""

    run: str
    step: str
    by: str
    fields: Mapping[str, str]
    aliases: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """The reason."""
        return self.fields.get("why", "").strip()


Verb = Callable[[Runs, Said], Run]


def _confirm(runs: Runs, said: Said) -> Run:
    values = {name.removeprefix(ASKED): value for name, value in said.fields.items() if name.startswith(ASKED)}
    typed = said.fields.get("typed", "").strip()
    return runs.confirm(said.run, said.step, said.by, values=values, why=said.why, typed=typed)


def _deciding(decision: str) -> Verb:
    return lambda runs, said: runs.decide(
        said.run, said.step, cast(Decision, decision), by=said.by, why=said.why, aliases=said.aliases
    )


# What a form may say in `do`. Those of a step need `step`; what is decided of an unknown or failed one goes to decide.
OF_STEP: dict[str, Verb] = {
    "confirm": _confirm,
    "skip": lambda runs, said: runs.skip(said.run, said.step, said.by, said.why),
    "fail": lambda runs, said: runs.fail(said.run, said.step, said.by, said.why),
    **{decision: _deciding(decision) for decision in DECISIONS},
}
OF_RUN: dict[str, Verb] = {
    "pause": lambda runs, said: runs.pause(said.run, said.by, said.why),
    "resume": lambda runs, said: runs.resume(said.run, said.by, said.why),
    "cancel": lambda runs, said: runs.cancel(said.run, said.by, said.why),
    "roll-back": lambda runs, said: runs.roll_back(said.run, said.by, said.why),
}


@post("/runs/{run:str}", opt=RUNS, status_code=200)
async def act(request: Asks) -> Response[Any]:
    """Does what the form says, and shows the run; what was not done is told on its page, with what was typed."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_acted, request, fields)


def _acted(request: Asks, fields: dict[str, str]) -> Response[Any]:
    runs = desk_of(request).runs
    run = runs.find(str(request.path_params["run"]))
    did, step = fields.get("do", ""), fields.get("step", "")
    said = Said(run.id, step, me_of(request).name, fields, starter_of(me_of(request)).aliases)
    try:
        if step and did in OF_STEP:
            OF_STEP[did](runs, said)
        elif not step and did in OF_RUN:
            OF_RUN[did](runs, said)
        else:
            raise Usage("Choose what is to be done.")
    except (Refusal, Usage, Failure) as wrong:
        typed = {name: value for name, value in fields.items() if name != "csrf"}
        return shown_run(request, runs.find(run.id), status=_status(wrong), wrong=str(wrong), **{"do": did, **typed})
    return go_on(f"/runs/{run.id}" + (f"#step-{step.replace('.', '-')}" if step else ""))


@post("/runs/{run:str}/approve", opt={"act": "approve"}, status_code=200)
async def approve(request: Asks) -> Response[Any]:
    """Approves exactly what was shown: the form carries its digest."""
    fields = await fields_of(request)
    return await asyncio.to_thread(_approved, request, fields)


def _approved(request: Asks, fields: dict[str, str]) -> Response[Any]:
    runs, me = desk_of(request).runs, me_of(request)
    run, step = runs.find(str(request.path_params["run"])), fields.get("step", "")
    try:
        runs.approve(run.id, step, starter_of(me), digest=fields.get("digest", ""), why=fields.get("why", "").strip())
    except (Refusal, Usage, Failure) as wrong:
        return shown_approval(request, runs.find(run.id), step, status=_status(wrong), wrong=str(wrong))
    return go_on(f"/runs/{run.id}#step-{step.replace('.', '-')}")


def _status(wrong: Exception) -> int:
    if isinstance(wrong, Failure):
        return 503 if wrong.retryable else 502
    if isinstance(wrong, NotPermitted):
        return 403
    return 400 if isinstance(wrong, Usage) else 409


ROUTES = (act, approve)

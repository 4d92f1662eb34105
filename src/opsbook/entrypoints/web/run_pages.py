"""Runs: the list, a run with its steps as they go, and what an approver is shown. Changes nothing, and runs nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request, Response, get
from litestar.response import Template

from opsbook.book.differences import diff_lines
from opsbook.book.plan_words import type_words
from opsbook.book.rendering import book_address
from opsbook.entrypoints.shown.run_view import (
    STATES,
    RunView,
    attempt_words,
    run_view,
    seconds_of,
    state_words,
)
from opsbook.entrypoints.web.answering import actor_of, desk_of, may, page, why_not
from opsbook.entrypoints.web.run_console import Console, console_of
from opsbook.ground.errors import Usage
from opsbook.ledger.run import Run, stream_of
from opsbook.ledger.run_events import ENDED
from opsbook.usecases.authority import Actor
from opsbook.usecases.desk import Desk
from opsbook.usecases.runs import Brief, History, Starter

Asks = Request[Any, Any, Any]
READS = {"act": "read"}
ON_LIST = 50
LOOKED_THROUGH = 1_000  # runs, for those of one state
MOST_CONSOLES = 12  # outputs that come with the page of a run; the others are asked for when they are unfolded
# What the list can be narrowed to: the word in the address, the words, and the states.
CHOICES: dict[str, tuple[str, frozenset[str]]] = {
    "": ("All", frozenset(STATES)),
    "open": ("Open", frozenset(STATES) - ENDED),
    "succeeded": ("Succeeded", frozenset({"succeeded"})),
    "not": ("Not succeeded", ENDED - {"succeeded"}),
}


@get("/runs", opt=READS, sync_to_thread=True)
def runs_page(request: Asks) -> Template:
    """Runs: those that are open first, with what they wait for, then the last ones."""
    desk = desk_of(request)
    choice = request.query_params.get("state", "")
    choice = choice if choice in CHOICES else ""
    where = request.query_params.get("at", "") or None
    before = request.query_params.get("before", "")
    is_later = before.isascii() and before.isdigit() and len(before) < 16
    opened = [] if is_later or choice in ("succeeded", "not") else waiting_first(
        desk.runs.briefs(where=where, is_open=True, limit=LOOKED_THROUGH)
    )  # fmt: skip
    ended = [] if choice == "open" else _ended(desk, where, CHOICES[choice][1], int(before) if is_later else None)
    more = ended[ON_LIST - 1].position if len(ended) > ON_LIST else None
    keep = {"state": choice, "at": where or ""}
    return page(
        request, "runs.html", place="Runs", opened=opened, ended=ended[:ON_LIST], choice=choice, choices=CHOICES,
        where=where, now=desk.now(), procedure_at=procedure_address(where) if where else "", is_later=is_later,
        query=lambda **more: _query({**keep, **more}), more=more, has_any=bool(opened or ended or is_later or choice),
        history=desk.runs.history(where) if where else None, **WORDS,
    )  # fmt: skip


def _query(of: dict[str, Any]) -> str:
    return "/runs?" + urlencode({name: value for name, value in of.items() if value not in ("", None)})


def _ended(desk: Desk, where: str | None, states: frozenset[str], before: int | None) -> list[Brief]:
    """The last runs that have ended in one of the states, one more than a list shows where there are more."""
    found: list[Brief] = []
    looked = 0
    while len(found) <= ON_LIST and looked < LOOKED_THROUGH:
        part = desk.runs.briefs(where=where, is_open=False, before=before, limit=100)
        found += [brief for brief in part if brief.state in states]
        looked += len(part)
        if len(part) < 100:
            break
        before = part[-1].position
    return found[: ON_LIST + 1]


def waiting_first(briefs: list[Brief]) -> list[Brief]:
    """Those that wait for somebody come first."""
    return sorted(briefs, key=lambda brief: not (brief.waits_for or brief.state == "unknown"))


def procedure_address(where: str) -> str:
    """Where a procedure stands in the book."""
    path, _, anchor = where.partition("#")
    return book_address(path) + (f"#{quote(anchor)}" if anchor else "")


@get("/runs/{run:str}", opt=READS, sync_to_thread=True)
def run_page(request: Asks) -> Response[Any]:
    """A run: its steps with their states and times, the end of what they printed, and what may be done."""
    return shown_run(request, desk_of(request).runs.find(str(request.path_params["run"])))


def shown_run(request: Asks, run: Run, *, status: int = 200, wrong: str = "", **typed: str) -> Response[Any]:
    """The page of a run; with what was not done and why, and what was typed for it."""
    desk = desk_of(request)
    where = f"{run.plan.path}#{run.plan.anchor}"
    past = history_of(desk, where)
    view = run_view(run, past, desk.now())
    shown = page(
        request, "run.html", place="Runs", status=status, view=view, run=run, past=past, now=desk.now(), wrong=wrong,
        wrong_while=_said_while(view, typed.get("step", "")), typed=typed, consoles=_consoles(desk, view),
        head=head_of(desk, run), where=where, page_at=_page_at(run),
        earlier=[brief for brief in past.briefs if brief.id != run.id][:5] if past else [],
        why_not="" if may(request, "run") else why_not(request, "run"), source_of=source_of(run), **WORDS,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _said_while(view: RunView, number: str) -> str:
    """What stands on the page for as long as a refusal is worth reading: the forms of its step, or the run."""
    steps = (step for _, _, steps in view.phases for step in steps)
    anchor = next((step.anchor for step in steps if step.planned.number == number), "")
    return f"#{anchor} .run-form" if anchor else ".run-head"


def history_of(desk: Desk, where: str) -> History | None:
    """What earlier runs of a procedure say; None where that is not to be had now."""
    with suppress(Usage):
        return desk.runs.history(where)
    return None


def _consoles(desk: Desk, view: RunView) -> dict[str, Console]:
    """The end of the output of each attempt that is looked at now: of what goes on, and of what went wrong."""
    found: dict[str, Console] = {}
    for _, _, steps in view.phases:
        for step in steps:
            is_wrong = step.now.state in ("failed", "unknown", "waiting")
            wanted = [a for a in step.now.attempts if a.ended_at is None or (is_wrong and a == step.now.attempts[-1])]
            for attempt in wanted:
                if len(found) < MOST_CONSOLES:
                    found[attempt.key] = console_of(desk.outputs, view.run, step.planned.number, attempt)
    return found


def head_of(desk: Desk, run: Run) -> str:
    """The hash of the last event of a run, which vouches for all before it."""
    events = desk.ledger.read(stream_of(run.id), run.number - 1)
    return events[0].hash if events else ""


def _page_at(run: Run) -> str:
    at = f"?at={run.commit}" if run.commit else ""
    return f"{book_address(run.plan.path)}{at}#{quote(run.plan.anchor)}"


def source_of(run: Run) -> Any:
    """Where each secret of a run comes from, by its name."""
    named = {secret.name: f"{secret.source}:{secret.path}" for secret in run.plan.secrets}
    for parameter in run.plan.parameters:
        if parameter.secret is not None:
            named[parameter.name] = f"{parameter.secret.source}:{parameter.secret.path}"
    return named


@get("/runs/{run:str}/approve", opt=READS, sync_to_thread=True)
def approve_page(request: Asks) -> Response[Any]:
    """Everything that an approval would sign, and the one button that signs it."""
    run = desk_of(request).runs.find(str(request.path_params["run"]))
    return shown_approval(request, run, request.query_params.get("step", ""))


def shown_approval(request: Asks, run: Run, number: str, *, status: int = 200, wrong: str = "") -> Response[Any]:
    """The page of an approval; where nothing is waited for it says so."""
    desk = desk_of(request)
    planned, step = run.plan.step(number), run.step(number)
    if planned is None or step is None or planned.gate is None:
        raise Usage(f"The run {run.id} has no step '{number[:40]}' that is approved.")
    is_asked = step.asked is not None and step.asked.question == "approval" and not run.has_ended
    before = _last_success(desk, run)
    shown = page(
        request, "run_approve.html", place="Runs", status=status, run=run, planned=planned, step=step, wrong=wrong,
        is_asked=is_asked, before=before, changed=changed_lines(before.document, run.document) if before else [],
        why_not=_why_not_approve(request, run, number), page_at=_page_at(run), source_of=source_of(run),
        now=desk.now(), **WORDS,
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _why_not_approve(request: Asks, run: Run, number: str) -> str:
    """Why whoever asks does not approve, for showing a button only; the verb decides anew."""
    actor = actor_of(request)
    if actor is None or not may(request, "approve"):
        return f"Approving {why_not(request, 'approve')}."
    return desk_of(request).runs.why_not_approve(run, number, starter_of(actor))


def starter_of(actor: Actor) -> Starter:
    """Whoever asks, by all names that they are known by."""
    return Starter(actor.name, tuple(name for name in (actor.email,) if name))


def _last_success(desk: Desk, run: Run) -> Run | None:
    """The last run of the same procedure that succeeded, for what has changed since."""
    past = history_of(desk, f"{run.plan.path}#{run.plan.anchor}")
    last = next((each for each in past.briefs if each.state == "succeeded" and not each.is_dry), None) if past else None
    return desk.runs.find(last.id) if last is not None and last.id != run.id else None


def changed_lines(before: str, after: str) -> list[str]:
    """What is another in a text, as the lines of a diff; empty where nothing is."""
    shown = diff_lines(before, after)
    return shown if any(line[:1] in "+-" for line in shown) else []


# What the templates of runs go by.
WORDS: dict[str, Any] = {
    "state_words": state_words, "states": STATES, "attempt_words": attempt_words,
    "seconds_of": seconds_of, "type_words": type_words, "procedure_address": procedure_address,
}  # fmt: skip

ROUTES = (runs_page, run_page, approve_page)

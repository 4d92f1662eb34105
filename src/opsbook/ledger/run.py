"""A run: one execution of a procedure, as its events tell it. A fold; decides nothing.

Everything that moves a run lives in `_FOLDS`, and nowhere else. What to do next is decided in `run_moves`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.plan import Plan
from opsbook.ledger import run_events as kinds
from opsbook.ledger.event import Event
from opsbook.ledger.run_events import ENDED, Decision, Outcome, State, StepState
from opsbook.ledger.run_step import Approved as Approved
from opsbook.ledger.run_step import Asked as Asked
from opsbook.ledger.run_step import Attempt as Attempt
from opsbook.ledger.run_step import RunStep as RunStep
from opsbook.ledger.run_step import SecretExport as SecretExport

EVERYWHERE = ""  # no target: what is carried on to all of them


def stream_of(run: str) -> str:
    """The stream of a run."""
    return f"run/{run}"


class Run(Struct, frozen=True, kw_only=True):
    """One execution. `number` is that of its last event; `epoch` and `node` are of whoever runs it now.

    `is_interactive` when a person started it; `assumes_yes` when manual steps are confirmed unseen; `is_trusted` when
    its inline checks may run though nobody is there; `is_stepwise` when no command is run before a person said so.
    `cwd` and `exports` by target are what steps carry on, `secret_exports` the secrets among that (those that were
    captured are EVERYWHERE), `captured` what else they learned. `aims` is the phase that is being worked on,
    `wants_cancel` that somebody asked it to stop, and `behind` the run that this one waits for.
    """

    id: str
    plan: Plan
    number: int
    document: str
    blob: str
    commit: str | None
    actor: str
    aliases: tuple[str, ...]
    editor: str
    node: str
    is_interactive: bool
    assumes_yes: bool
    is_trusted: bool = False
    is_stepwise: bool = False
    is_dry: bool
    secret_marks: dict[str, str]
    started_at: datetime
    steps: tuple[RunStep, ...]
    state: State = "running"
    aims: Literal["steps", "verification", "rollback"] = "steps"
    ended_at: datetime | None = None
    why: str = ""
    epoch: int = 0
    owner: str = ""
    cwd: dict[str, str] = {}
    exports: dict[str, dict[str, str]] = {}
    secret_exports: dict[str, dict[str, SecretExport]] = {}
    captured: dict[str, str] = {}
    secret_names: tuple[str, ...] = ()
    is_paused: bool = False
    wants_cancel: bool = False
    cancelled_by: str = ""
    cancelled_why: str = ""
    incident: int | None = None
    behind: str = ""
    drill: str = ""  # the due date of a drill that began by itself

    @property
    def is_held(self) -> bool:
        """Whether it waits for nobody but for another run, which has the lock of its procedure."""
        is_free = not self.is_paused and not self.wants_cancel
        return self.state == "waiting" and is_free and all(step.asked is None for step in self.steps)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in ENDED

    def step(self, number: str) -> RunStep | None:
        """Where the step of that number is."""
        return next((step for step in self.steps if step.number == number), None)


def folded(events: Iterable[Event], run: Run | None = None) -> Run | None:
    """The run after these events, None when there are none. An event of a kind that is not known changes nothing."""
    for event in events:
        if event.kind == kinds.RUN_STARTED:
            run = _started(event)
        elif run is not None:
            fold = _FOLDS.get(event.kind)
            run = replace(fold(run, event, event.facts) if fold else run, number=event.number)
    return run


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _started(event: Event) -> Run:
    facts = event.facts
    plan = msgspec.convert(facts["plan"], Plan)
    return Run(
        id=event.stream.removeprefix("run/"), plan=plan, number=event.number, document=facts["document"],
        blob=facts["blob"], commit=facts["commit"], actor=event.actor, aliases=tuple(facts["aliases"]),
        editor=facts["editor"], node=facts["node"], is_interactive=facts["is_interactive"],
        assumes_yes=facts["assumes_yes"], is_trusted=facts.get("is_trusted", False),
        is_stepwise=facts.get("is_stepwise", False),
        is_dry=facts["is_dry"], secret_marks=facts.get("secret_marks", {}),
        started_at=event.at, steps=tuple(RunStep(step.number) for step in plan.steps), incident=facts.get("incident"),
        drill=facts.get("drill", ""),
    )  # fmt: skip


def _with(run: Run, number: str, change: Callable[[RunStep], RunStep]) -> Run:
    return replace(run, steps=tuple(change(step) if step.number == number else step for step in run.steps))


def _settled(run: Run) -> State:
    """The state of a run that goes on: by what keeps it, else by what it is working on."""
    if any(step.state == "unknown" for step in run.steps):
        return "unknown"
    if run.is_paused or any(step.asked is not None for step in run.steps):
        return "waiting"
    return {"steps": "running", "verification": "verifying", "rollback": "rolling-back"}[run.aims]  # type: ignore[return-value]


def _going_on(run: Run) -> Run:
    """The run with the state that follows from its steps, also where it had ended and a person took it up again."""
    return replace(run, state=_settled(run), ended_at=None, behind="")


def _taken(run: Run, _event: Event, facts: dict[str, Any]) -> Run:
    return replace(run, owner=facts["owner"], epoch=facts["epoch"])


def _paused(run: Run, _event: Event, facts: dict[str, Any]) -> Run:
    return _going_on(replace(run, is_paused=True, why=facts["why"]))


def _resumed(run: Run, _event: Event, facts: dict[str, Any]) -> Run:
    return _going_on(replace(run, is_paused=False, why=facts["why"]))


def _cancel_asked(run: Run, event: Event, facts: dict[str, Any]) -> Run:
    why = facts["why"]
    return replace(run, wants_cancel=True, cancelled_by=event.actor, cancelled_why=why, why=why)


def _cancel_held(run: Run, _event: Event, facts: dict[str, Any]) -> Run:
    return replace(run, why=facts["why"])


def _held(run: Run, _event: Event, facts: dict[str, Any]) -> Run:
    if not facts["why"]:
        return _going_on(replace(run, why=""))
    return replace(run, state="waiting", why=facts["why"], behind=facts.get("behind", ""))


def _phase_begun(run: Run, _event: Event, facts: dict[str, Any]) -> Run:
    def let_go(step: RunStep) -> RunStep:
        """Nobody is asked any more about a step that is left behind; one that had failed stays failed."""
        if step.state != "waiting" or step.asked is None:
            return step
        return replace(step, state="failed" if step.asked.question == "failed" else "pending", asked=None)

    return _going_on(replace(run, aims=facts["phase"], why=facts["why"], steps=tuple(map(let_go, run.steps))))


def _ended(run: Run, event: Event, facts: dict[str, Any]) -> Run:
    return replace(run, state=facts["state"], why=facts["why"], ended_at=event.at, wants_cancel=False)


def _intended(run: Run, event: Event, facts: dict[str, Any]) -> Run:
    def begin(step: RunStep) -> RunStep:
        attempt = Attempt(
            facts["key"], len(step.attempts) + 1, facts["target"], facts["purpose"], facts["epoch"], event.at,
            limit_at=_time(facts["limit_at"]),
        )  # fmt: skip
        began = step.began_at or event.at
        why = step.why if step.not_before is None else ""  # why it was to be tried again: that is being done
        return replace(
            step, state="running", attempts=(*step.attempts, attempt), asked=None, not_before=None, may_repeat=False,
            began_at=began, why=why,
        )  # fmt: skip

    return _going_on(_with(run, facts["step"], begin))


def _attempt_ended(run: Run, event: Event, facts: dict[str, Any]) -> Run:
    target = ""

    def end(step: RunStep) -> RunStep:
        nonlocal target
        attempts = []
        for attempt in step.attempts:
            if attempt.key == facts["key"]:
                target = attempt.target
                attempt = replace(
                    attempt, started_at=_time(facts["started_at"]), ended_at=_time(facts["ended_at"]),
                    outcome=facts["outcome"], exit=facts["exit"], is_ok=facts["is_ok"], why=facts["why"],
                    tail=facts["tail"], output_bytes=facts["output_bytes"], redactions=facts["redactions"],
                    is_truncated=facts["is_truncated"], known_at=event.at,
                    is_unreached=facts.get("is_unreached", False),
                )  # fmt: skip
            attempts.append(attempt)
        return _proven(replace(step, attempts=tuple(attempts)), facts["outcome"])

    run = _with(run, facts["step"], end)
    run = run if run.has_ended else _going_on(run)
    exports = {**run.exports.get(target, {}), **facts.get("exports", {})}  # what is told is only what changed
    secrets = run.secret_exports
    for where, marks in ((target, facts.get("secret_marks")), (EVERYWHERE, facts.get("captured_marks"))):
        made = {name: SecretExport(facts["step"], mark) for name, mark in (marks or {}).items()}
        secrets = {**secrets, where: {**secrets.get(where, {}), **made}} if made else secrets
    return replace(
        run,
        cwd={**run.cwd, target: facts["cwd"]} if "cwd" in facts else run.cwd,
        exports={**run.exports, target: exports} if "exports" in facts else run.exports,
        secret_exports=secrets,
        captured={**run.captured, **facts.get("captured", {})},
        secret_names=tuple(dict.fromkeys((*run.secret_names, *facts.get("secret_names", ())))),
    )


def _proven(step: RunStep, outcome: Outcome) -> RunStep:
    """A step that was in doubt because its machine could not be asked is in doubt no longer once that has answered."""
    if step.state == "unknown" and outcome != "lost" and not step.open_attempts:
        return replace(step, state="running", asked=None, why="")
    return step


def _asked(run: Run, event: Event, facts: dict[str, Any]) -> Run:
    asked = Asked(facts["question"], facts["words"], event.at, _time(facts["until"]), facts["digest"])

    def ask(step: RunStep) -> RunStep:
        return replace(step, state="waiting", asked=asked, approvals=(), began_at=step.began_at or event.at)

    return _going_on(_with(run, facts["step"], ask))


def _answered(run: Run, event: Event, facts: dict[str, Any]) -> Run:
    def answer(step: RunStep) -> RunStep:
        return replace(
            step, state="pending", asked=None, answered=True, by=event.actor, why=facts["why"],
            is_seen=facts["is_seen"], answers=(*step.answers, step.asked.question if step.asked else "confirm"),
        )  # fmt: skip

    run = _going_on(_with(run, facts["step"], answer))
    return replace(run, captured={**run.captured, **facts["values"]})


def _attached(run: Run, _event: Event, facts: dict[str, Any]) -> Run:
    return replace(run, incident=facts["incident"])


def _approved(run: Run, event: Event, facts: dict[str, Any]) -> Run:
    given = Approved(event.actor, facts["digest"], event.at, tuple(facts.get("aliases", ())))
    return _with(run, facts["step"], lambda step: replace(step, approvals=(*step.approvals, given)))


def _approval_voided(run: Run, _event: Event, facts: dict[str, Any]) -> Run:
    def void(step: RunStep) -> RunStep:
        left = tuple(each for each in step.approvals if each.by not in facts["by"])
        return replace(step, approvals=left, why=facts["why"])

    return _with(run, facts["step"], void)


def _secrets_marked(run: Run, _event: Event, facts: dict[str, Any]) -> Run:
    marks = facts["marks"]
    changed = sorted(name for name, mark in run.secret_marks.items() if marks.get(name) != mark)
    run = replace(run, secret_marks=marks)
    return _going_on(_asked_anew(run, changed)) if changed else run


def _asked_anew(run: Run, changed: list[str]) -> Run:
    """What was approved before does not count any more, in the phase that is worked on."""
    what = "The secret " + changed[0] + " was" if len(changed) == 1 else "The secrets " + ", ".join(changed) + " were"
    why = f"{what} changed since it was approved, so that approval is void."

    def again(step: RunStep) -> RunStep:
        planned = run.plan.step(step.number)
        is_gate = planned is not None and planned.gate is not None and planned.phase == run.aims
        if not is_gate or not (step.state == "done" or step.asked):
            return step
        return replace(step, state="pending", asked=None, approvals=(), why=why, ended_at=None)

    return replace(run, steps=tuple(map(again, run.steps)))


def _step_ended(run: Run, event: Event, facts: dict[str, Any]) -> Run:
    def end(step: RunStep) -> RunStep:
        return replace(
            step, state=facts["state"], why=facts["why"] or step.why, asked=None, not_before=None, ended_at=event.at,
            is_seen=step.is_seen and facts["is_seen"], by=step.by or event.actor,
            began_at=step.began_at or event.at,
        )  # fmt: skip

    run = _with(run, facts["step"], end)
    if facts["undoes"]:
        run = _with(run, facts["undoes"], lambda step: replace(step, state="rolled-back", asked=None))
    return _going_on(run)


def _step_unknown(run: Run, event: Event, facts: dict[str, Any]) -> Run:
    asked = Asked("unknown", facts["why"], event.at)

    def doubt(step: RunStep) -> RunStep:
        return replace(step, state="unknown", why=facts["why"], asked=asked)

    return _going_on(_with(run, facts["step"], doubt))


def _decided(run: Run, event: Event, facts: dict[str, Any]) -> Run:
    decision: Decision = facts["decision"]
    states: dict[str, StepState] = {"done": "done", "again": "pending"}

    def settle(step: RunStep) -> RunStep:
        given_up = tuple(
            attempt if attempt.ended_at else replace(
                attempt, ended_at=event.at, known_at=event.at, outcome="lost", why="A person settled it."
            ) for attempt in step.attempts
        )  # fmt: skip
        return replace(
            step, state=states.get(decision, "failed"), asked=None, why=facts["why"], by=event.actor,
            may_repeat=decision == "again", ended_at=None if decision == "again" else event.at, attempts=given_up,
            earlier=len(given_up) if decision == "again" else step.earlier, decision=decision, not_before=None,
        )  # fmt: skip

    run = _going_on(replace(_with(run, facts["step"], settle), why=""))
    if decision != "abort":
        return run
    return replace(run, wants_cancel=True, cancelled_by=event.actor, cancelled_why=facts["why"])


def _retry_due(run: Run, _event: Event, facts: dict[str, Any]) -> Run:
    return _with(run, facts["step"], lambda step: replace(step, not_before=_time(facts["at"]), why=facts["why"]))


_FOLDS: dict[str, Callable[[Run, Event, dict[str, Any]], Run]] = {
    kinds.RUN_ATTACHED: _attached,
    kinds.RUN_TAKEN: _taken,
    kinds.RUN_PAUSED: _paused,
    kinds.RUN_RESUMED: _resumed,
    kinds.CANCEL_ASKED: _cancel_asked,
    kinds.CANCEL_HELD: _cancel_held,
    kinds.HELD: _held,
    kinds.PHASE_BEGUN: _phase_begun,
    kinds.RUN_ENDED: _ended,
    kinds.INTENDED: _intended,
    kinds.ATTEMPT_ENDED: _attempt_ended,
    kinds.ASKED: _asked,
    kinds.ANSWERED: _answered,
    kinds.APPROVED: _approved,
    kinds.APPROVAL_VOIDED: _approval_voided,
    kinds.SECRETS_MARKED: _secrets_marked,
    kinds.STEP_ENDED: _step_ended,
    kinds.STEP_UNKNOWN: _step_unknown,
    kinds.DECIDED: _decided,
    kinds.RETRY_DUE: _retry_due,
}

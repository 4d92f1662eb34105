"""What stands before a step: questions, conditions, dangers, approvals, in the order of HURDLES. Does nothing.

A hurdle lets a step pass (None), or says what is to be recorded, started or waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from opsbook.book.plan import PlannedStep
from opsbook.ledger import run_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.move import Moves, Start, Wait
from opsbook.ledger.run import Run, RunStep
from opsbook.ledger.run_approval import approval_digest, approvers
from opsbook.ledger.run_events import Question
from opsbook.ledger.run_targets import condition


def undone_alone(run: Run) -> str:
    """The step that alone is undone, where a person decided so. Of a step with several blocks the way back is that of
    the first."""
    number = next((step.number for step in run.steps if step.decision == "undo"), "")
    ways = {planned.undoes for planned in run.plan.of("rollback")}
    first = f"{number.rpartition('.')[0]}.1"
    return first if number and number not in ways and first in ways else number


def targets_of(run: Run, planned: PlannedStep) -> tuple[str, ...]:
    """The targets of a step; of one that undoes another those where that was done."""
    if not planned.undoes:
        return planned.targets
    undone = run.step(planned.undoes)
    if undone is None:
        return ()
    if undone.state == "done" or undone.decision == "undo":
        return planned.targets
    done = {attempt.target for attempt in undone.attempts if attempt.is_ok and attempt.purpose != "when"}
    if undone.decision == "roll-back":  # of a step in doubt: what may have been done is taken back
        done |= {attempt.target for attempt in undone.attempts if attempt.outcome == "lost"}
    return tuple(target for target in planned.targets if target in done and undone.state in ("failed", "waiting"))


def end(step: RunStep, state: events.StepState, why: str = "", *, undoes: str = "", is_seen: bool = True) -> Moves:
    """The end of a step."""
    return Moves(record=(events.step_ended(step.number, state, why, is_seen=is_seen, undoes=undoes),))


def until(step: RunStep, due: datetime, why: str, now: datetime) -> Moves:
    """Waits for a time, which is recorded first."""
    if step.not_before == due:
        return Moves(wait=Wait("time", step.number, None, why, due))
    return Moves(record=(events.retry_due(step.number, due, why),))


def _asked(run: Run, _planned: PlannedStep, step: RunStep, now: datetime) -> Moves | None:
    """A question that was asked is waited for; an approval until it is given, or its time is over."""
    asked = step.asked
    if asked is None:
        return None
    if asked.question == "approval":
        return _gate(run, _planned, step, now)
    return Moves(wait=Wait("person", step.number, asked.question, asked.words, asked.until))


def _settled_by_hand(_run: Run, planned: PlannedStep, step: RunStep, _now: datetime) -> Moves | None:
    """Who says yes to a step that failed has done it by hand."""
    if "failed" not in step.answers:
        return None
    return end(step, "done", step.why or "It failed, and a person did it by hand.", undoes=planned.undoes)


def _undone(run: Run, planned: PlannedStep, step: RunStep, _now: datetime) -> Moves | None:
    """A way back is only gone where there was a way: what was not done is not undone."""
    alone = undone_alone(run)
    if planned.phase == "rollback" and alone and planned.undoes != alone:
        return end(step, "skipped", f"Only step {alone} is undone.")
    if not planned.undoes or targets_of(run, planned):
        return None
    return end(step, "skipped", f"Step {planned.undoes} was not done.")


def _compared(run: Run, planned: PlannedStep, step: RunStep, _now: datetime) -> Moves | None:
    when = planned.when
    if when is None or when.kind == "command":
        return None
    if when.parameter in run.secret_names or any(
        each.name == when.parameter and each.secret is not None for each in run.plan.parameters
    ):
        return end(step, "failed", f"`${when.parameter}` is a secret, and a condition cannot ask for its value.")
    value = value_of(run, when.parameter)
    is_among = value in when.values
    if is_among == (when.kind in ("is", "in")):
        return None
    return end(step, "skipped", f"`${when.parameter}` is `{value}`.")


def value_of(run: Run, name: str) -> str:
    """The value of a parameter or of what was captured; empty where there is none."""
    if name in run.captured:
        return run.captured[name]
    return run.plan.values.get(name, (run.plan.environment or "") if name == "ENVIRONMENT" else "")


def _dry(run: Run, planned: PlannedStep, step: RunStep, _now: datetime) -> Moves | None:
    if not run.is_dry or (planned.kind == "command" and planned.dry_run is not None):
        return None
    return end(step, "skipped", "A dry run.")


def _danger(run: Run, planned: PlannedStep, step: RunStep, _now: datetime) -> Moves | None:
    """What is dangerous is asked for by its word, also under --yes. Only an approval stands in for it, and only where
    nobody is there to type."""
    if run.is_dry or "danger" in step.answers:
        return None
    words = [run.plan.danger] if run.plan.danger and step.number == _danger_step(run) else []
    words += [planned.danger] if planned.danger else []
    if not words or (not run.is_interactive and _is_approved(run)):
        return None
    return _ask(run, step, "danger", " ".join(words))


def _danger_step(run: Run) -> str:
    """Where the danger of the whole procedure is asked about: at first, or where nobody is there, behind the approvals
    that it begins with."""
    steps = [step for step in run.plan.steps if run.is_interactive or step.kind != "approval"]
    return steps[0].number if steps else ""


def _is_approved(run: Run) -> bool:
    return any(
        planned.kind == "approval" and step.state == "done" and step.approvals
        for planned, step in zip(run.plan.steps, run.steps, strict=True)
    )


def _check(run: Run, planned: PlannedStep, step: RunStep, _now: datetime) -> Moves | None:
    """A command in a line of prose is run where a person is there, or the procedure is trusted."""
    script = planned.script
    command = planned.when.command if planned.when is not None else ""
    if script is not None and script.is_inline and not command:
        command = script.text
    if run.is_interactive or run.is_trusted or run.is_dry or not command or "check" in step.answers:
        return None
    return _ask(run, step, "check", f"May `{command}` be run? {planned.text}")


def _condition(_run: Run, planned: PlannedStep, step: RunStep, now: datetime) -> Moves | None:
    """The command of When for what no machine does; a command step asks it on each of its targets."""
    if planned.kind == "command":
        return None
    target = planned.targets[0]
    if step.open_attempts:
        return Moves(attend=tuple((step.number, attempt) for attempt in step.open_attempts))
    said = condition(planned, [attempt for attempt in step.attempts if attempt.number > step.earlier])
    if said is None:
        return None
    if said.state == "todo" and said.due and said.due > now:
        return until(step, said.due, said.why, now)
    if said.state == "todo":
        return Moves(start=(Start(step.number, target, "when"),))
    return end(step, "skipped" if said.state == "skipped" else "failed", said.why)


def _stepwise(run: Run, planned: PlannedStep, step: RunStep, _now: datetime) -> Moves | None:
    """Who goes step by step says of each command that it may be run, once; so does whoever takes the run over."""
    if not run.is_stepwise or planned.kind != "command" or run.is_dry or step.answers or step.decision is not None:
        return None
    return _ask(run, step, "confirm", f"May this be run? {planned.text}")


def _ask_values(run: Run, planned: PlannedStep, step: RunStep, _now: datetime) -> Moves | None:
    if not planned.ask or "ask" in step.answers:
        return None
    return _ask(run, step, "ask", planned.text)


def _manual(run: Run, planned: PlannedStep, step: RunStep, _now: datetime) -> Moves | None:
    if planned.kind != "manual":
        return None
    if "confirm" in step.answers or "ask" in step.answers:
        return end(step, "done", undoes=planned.undoes, is_seen=step.is_seen)
    if not run.assumes_yes:
        return _ask(run, step, "confirm", planned.text)
    unseen = "Confirmed unseen, by --yes."
    answered = events.step_answered(step.number, why=unseen, is_seen=False)
    ended = events.step_ended(step.number, "done", unseen, is_seen=False, undoes=planned.undoes)
    return Moves(record=(answered, ended))


def _gate(run: Run, planned: PlannedStep, step: RunStep, now: datetime) -> Moves | None:
    gate, asked = planned.gate, step.asked
    if planned.kind != "approval" or gate is None:
        return None
    if asked is None:
        until = None if gate.within_s is None else now + timedelta(seconds=gate.within_s)
        words, digest = f"{planned.text} {step.why}".strip(), approval_digest(run, until)
        return replace(_ask(run, step, "approval", words, until=until, digest=digest), gate=step.number)
    given = approvers(run, step)
    if len(given) >= gate.count:
        return replace(end(step, "done", f"Approved by {', '.join(given)}."), gate=step.number)
    if asked.until is not None and now >= asked.until:
        return end(step, "failed", f"It was not approved in time: {gate.as_written}.")
    return Moves(wait=Wait("person", step.number, "approval", asked.words, asked.until))


Hurdle = Callable[[Run, PlannedStep, RunStep, datetime], Moves | None]
HURDLES: tuple[Hurdle, ...] = (
    _asked, _settled_by_hand, _undone, _compared, _dry, _danger, _check, _condition, _ask_values, _stepwise, _manual,
    _gate,
)  # fmt: skip


def _ask(
    run: Run, step: RunStep, question: Question, words: str, *, until: datetime | None = None, digest: str = ""
) -> Moves:
    """Asks; where nobody is looking, or somebody else is wanted, people are owed a word."""
    asked = events.person_asked(step.number, question, words, until=until, digest=digest)
    planned = run.plan.step(step.number)
    if question == "approval" and planned is not None and planned.gate is not None:
        return Moves(record=(asked, owed(run, planned.gate.people, f"Approval wanted: {run.plan.title}", words)))
    if not run.is_interactive:
        return Moves(record=(asked, owed(run, (run.actor,), f"{run.plan.title} waits at step {step.number}", words)))
    return Moves(record=(asked,))


def owed(run: Run, to: tuple[str, ...], subject: str, why: str) -> Draft:
    """That people are to be told of a run."""
    return events.notification_owed(to, f"{subject} (run {run.id})", why)

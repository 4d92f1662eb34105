"""What people say to a run, as drafts of events, or why they may not: confirm, skip, fail, decide, roll back. Pure.

Each looks at the run as it is now; whoever records what it gives does so behind exactly that.
"""

from __future__ import annotations

from collections.abc import Mapping

from opsbook.book.plan import PlannedStep
from opsbook.book.planner import Known, mismatch
from opsbook.ground.errors import NotPermitted, Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import run_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.run import Run, RunStep
from opsbook.ledger.run_approval import names_of
from opsbook.ledger.run_events import Decision

_FAILED = frozenset({"failed", "rollback-failed"})
UNPROVEN = "terminal:"  # what the name of somebody at a terminal begins with, which no account's can
_NONE: frozenset[str] = frozenset()
_APPROVE = "'opsbook runs approve' gives one."
_DECIDE = "'opsbook runs decide' does that."
_DECISIONS = ("done", "again", "failed", "undo", "roll-back", "abort")


def step_of(run: Run, number: str) -> tuple[PlannedStep, RunStep]:
    """A step of a run; raises Usage, with a guess, where there is none of that number."""
    planned, step = run.plan.step(number), run.step(number)
    if planned is not None and step is not None:
        return planned, step
    below = [each.number for each in run.steps if each.number.startswith(number + ".")] if number else []
    if below:
        raise Usage(f"Step {number} of run {run.id} is {', '.join(below[:12])}. Say which.")
    near = closest(number, [each.number for each in run.steps]) if number else None
    guess = f" Did you mean '{near}'?" if near else ""
    raise Usage(f"Run {run.id} has no step '{number[:40]}'.{guess}")


def confirmed(
    run: Run, number: str, *, values: Mapping[str, str], why: str, typed: str, is_seen: bool, known: Known
) -> list[Draft]:
    """Yes, at a step that waits."""
    planned, step = step_of(run, number)
    _going(run)
    asked = step.asked
    if asked is None or step.state not in ("waiting", "unknown"):
        raise Refusal(f"Step {number} of run {run.id} waits for nobody: it is {step.state}.")
    if asked.question == "approval" or planned.kind == "approval":
        raise Refusal(f"Step {number} waits for an approval, which no confirmation stands for.", at_terminal=_APPROVE)
    if asked.question == "unknown":
        raise Refusal(f"What became of step {number} is not known. Settle it first.", at_terminal=_DECIDE)
    if asked.question == "danger":
        _check_word(run, number, typed)
    if asked.question == "failed" and not why.strip():
        raise Usage(f"Step {number} has failed. To go on as if it were done, say why.")
    given = _asked_values(planned, values, known) if asked.question == "ask" else {}
    if values and asked.question != "ask":
        raise Usage(f"Step {number} asks for no values.")
    return [events.step_answered(number, values=given, why=why.strip(), is_seen=is_seen)]


def _check_word(run: Run, number: str, typed: str) -> None:
    word = run.plan.danger_word
    if typed.strip() != word or not word:
        said = "nothing was typed" if not typed.strip() else "something else was typed"
        raise Refusal(f"Step {number} is dangerous, and goes on only once '{word}' is typed; {said}.")


def _asked_values(planned: PlannedStep, values: Mapping[str, str], known: Known) -> dict[str, str]:
    """The values that a step asks for; raises Usage for all that are missing, unknown or of another type."""
    wanted = {ask.name: ask.type for ask in planned.ask}
    wrong = []
    for name in values:
        if name not in wanted:
            near = closest(name, list(wanted))
            guess = f" Did you mean '{near}'?" if near else ""
            wrong.append(f"Step {planned.number} does not ask for '{name[:80]}'.{guess}")
    for name, kind in wanted.items():
        if name not in values:
            wrong.append(f"Step {planned.number} asks for {name}.")
            continue
        why = mismatch(kind, values[name], known)
        if why:
            wrong.append(f"{name} cannot be that: {why}.")
    if wrong:
        raise Usage("\n".join(wrong))
    return {name: values[name] for name in wanted}


def skipped(run: Run, number: str, why: str) -> list[Draft]:
    """A step that waits or has failed is left out."""
    planned, step = step_of(run, number)
    _going(run, reopened=_FAILED if step.state == "failed" else _NONE)
    reason = _reason(why, f"skip step {number}")
    if planned.kind == "approval":
        raise Refusal(f"Step {number} is an approval, and nobody skips one. Cancel the run, or have it approved.")
    if step.state == "unknown":
        raise Refusal(f"What became of step {number} is not known. Settle it first.", at_terminal=_DECIDE)
    if step.state not in ("waiting", "failed"):
        raise Refusal(f"Only a step that waits or has failed is skipped; step {number} is {step.state}.")
    return [events.step_ended(number, "skipped", reason)]


def failed(run: Run, number: str, why: str) -> list[Draft]:
    """A step that waits did not work out."""
    _, step = step_of(run, number)
    _going(run)
    reason = _reason(why, f"fail step {number}")
    if step.state == "unknown":
        raise Refusal(f"What became of step {number} is not known. Settle it first.", at_terminal=_DECIDE)
    if step.state != "waiting":
        raise Refusal(f"Only a step that waits is told as failed; step {number} is {step.state}.")
    return [events.step_ended(number, "failed", reason)]


def decided(
    run: Run, number: str, decision: Decision, *, by: str, why: str, aliases: tuple[str, ...] = ()
) -> list[Draft]:
    """A step in doubt, or one that failed, is settled; `aliases` are the other names of whoever does so."""
    planned, step = step_of(run, number)
    if decision not in _DECISIONS:
        raise Usage(f"'{decision}' is no decision. Write one of {', '.join(_DECISIONS)}.")
    has_failed = step.state == "failed" or (step.asked is not None and step.asked.question == "failed")
    if step.state != "unknown" and not has_failed:
        raise Refusal(f"Step {number} is {step.state}: only one that is unknown or has failed is decided about.")
    _going(run, reopened=_FAILED if has_failed and decision not in ("failed", "abort") else _NONE)
    reason = _reason(why, f"decide about step {number}")
    if decision == "done" and planned.kind == "approval":
        raise Refusal(f"Step {number} is an approval: nobody decides that it was given. Say 'again' to ask once more.")
    if decision == "again" and planned.repeat.mode == "never":
        _check_second(run, number, by, aliases)
    if decision == "undo" and not any(each.undoes == number for each in run.plan.of("rollback")):
        raise Refusal(f"Step {number} has no Undo.")
    if decision == "roll-back":
        _check_rollback(run)
    return [events.step_decided(number, decision, reason)]


def _check_second(run: Run, number: str, by: str, aliases: tuple[str, ...]) -> None:
    """A second person is somebody else, by none of their names who started it, and proves to be that."""
    never = f"Step {number} must never be repeated: a second person has to say 'again'"
    if by.startswith(UNPROVEN):
        raise NotPermitted(
            f"{never}, and to prove who that is. Put a token of their account that is for 'run' into OPSBOOK_TOKEN, or"
            " have it said on the web."
        )
    if names_of(by, *aliases) & names_of(run.actor, *run.aliases):
        raise NotPermitted(f"{never}, not who started it.")


def _check_rollback(run: Run) -> None:
    if not run.plan.of("rollback"):
        raise Refusal(f"'{run.plan.title}' says nothing about how to roll back.")
    if run.aims == "rollback":
        raise Refusal(f"The rollback of run {run.id} has begun already.")


def cancelled(run: Run, why: str) -> list[Draft]:
    """The run is to end now; said again it changes nothing."""
    if run.wants_cancel and not run.has_ended:
        return []
    _going(run)
    return [events.cancel_asked(why.strip() or "A person cancelled it.")]


def rolled_back(run: Run, why: str) -> list[Draft]:
    """The rollback of a run that waits or has failed."""
    doubt = next((step.number for step in run.steps if step.state == "unknown"), None)
    if doubt is not None:
        raise Refusal(f"What became of step {doubt} is not known, so it cannot be undone yet. Settle it first.")
    if run.state == "succeeded":
        raise Refusal(
            f"Run {run.id} has succeeded. To take it back, start '{run.plan.path}#{run.plan.anchor}/rollback'."
        )
    _going(run, reopened=frozenset({"failed", "cancelled"}))
    _check_rollback(run)
    if run.is_dry:
        raise Refusal(f"Run {run.id} is a dry run: there is nothing to take back.")
    working = next((step.number for step in run.steps if step.open_attempts), None)
    if working is not None:
        raise Refusal(f"Step {working} of run {run.id} is being done. Pause or cancel the run, then roll it back.")
    begun = events.phase_begun("rollback", _reason(why, "roll back"))
    return [events.run_resumed(why.strip()), begun] if run.is_paused else [begun]


def paused(run: Run, why: str) -> list[Draft]:
    """The run stops before its next step; said again it changes nothing."""
    _going(run)
    return [] if run.is_paused else [events.run_paused(why.strip() or "A person paused it.")]


def resumed(run: Run, why: str) -> list[Draft]:
    """A paused run goes on; so does one that waits because its page changed. One that goes on anyhow is left alone."""
    _going(run)
    changed = [step.number for step in run.steps if step.asked is not None and step.asked.question == "changed"]
    found = [events.step_answered(number, why=why.strip()) for number in changed]
    return [events.run_resumed(why.strip()), *found] if run.is_paused else found


def _going(run: Run, *, reopened: frozenset[str] = _NONE) -> None:
    """Raises Refusal for a run that has ended, unless it ended so that a person may take it up again."""
    if run.wants_cancel and not run.has_ended:
        raise Refusal(f"Run {run.id} is being cancelled.")
    if run.has_ended and run.state not in reopened:
        raise Refusal(f"Run {run.id} has ended: it is {run.state}.")


def _reason(why: str, what: str) -> str:
    if not why.strip():
        raise Usage(f"To {what}, say why.")
    return why.strip()

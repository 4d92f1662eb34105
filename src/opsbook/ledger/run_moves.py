"""What a run does next, from its fold and the time alone. Everything that moves a run is decided here; does nothing.

A run that goes on passes its steps through HURDLES, one after the other, and then to their targets. What follows the
end of a phase stands in AFTER, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from opsbook.book.plan import Phase, PlannedStep
from opsbook.ledger import run_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.hurdles import HURDLES, end, owed, targets_of, undone_alone, until
from opsbook.ledger.move import Moves, Start, Wait
from opsbook.ledger.run import Attempt, Run, RunStep
from opsbook.ledger.run_events import State
from opsbook.ledger.run_targets import Standing, standing

__all__ = ["Moves", "Start", "Wait", "doubted", "failing", "next_moves", "rolls_back_by_itself"]
SETTLED = frozenset({"done", "skipped", "rolled-back"})


def next_moves(run: Run, now: datetime) -> Moves:
    """What to do next; nothing when the run has ended. What it left in the background is stopped before it ends."""
    moves = _next(run, now)
    is_end = any(draft.kind == events.RUN_ENDED for draft in moves.record)
    behind = tuple((number, attempt) for number, attempt in _in_the_world(run) if attempt.is_ok) if is_end else ()
    return replace(moves, stop=behind) if behind else moves


def _next(run: Run, now: datetime) -> Moves:
    if run.has_ended:
        return Moves()
    if run.wants_cancel:
        return Moves(stop=_in_the_world(run))
    is_open = tuple((step.number, attempt) for step in run.steps for attempt in step.open_attempts)
    doubt = next((step for step in run.steps if step.state == "unknown"), None)
    if doubt is not None:  # it comes before everything else, whatever phase it is of
        return Moves(attend=is_open, wait=Wait("person", doubt.number, "unknown", doubt.why))
    if run.is_paused:
        return Moves(attend=is_open, wait=Wait("person", words=f"It is paused: {run.why or 'no reason was given'}."))
    if run.aims != "rollback" and any(step.decision in ("roll-back", "undo") for step in run.steps):
        return Moves(record=(events.phase_begun("rollback", _decided_why(run)),))
    for planned, step in zip(run.plan.steps, run.steps, strict=True):
        if planned.phase == run.aims and step.state not in SETTLED:
            moves = _step_failed(run, step) if step.state == "failed" else _of_step(run, planned, step, now)
            return replace(moves, attend=is_open) if moves.wait is not None and is_open else moves
    return Moves(record=(AFTER[run.aims, "done"](run, ""),))


def rolls_back_by_itself(run: Run) -> bool:
    """Whether a failed verification starts a rollback."""
    return not run.plan.rollback_on_request and bool(run.plan.of("rollback"))


def _in_the_world(run: Run) -> tuple[tuple[str, Attempt], ...]:
    """What a cancelled run may still have running: open attempts, lost ones, and what was left in the background."""
    found = []
    for step in run.steps:
        planned = run.plan.step(step.number)
        is_background = planned is not None and planned.script is not None and planned.script.background
        for attempt in step.attempts:
            if attempt.ended_at is None or attempt.outcome == "lost" or (is_background and attempt.is_ok):
                found.append((step.number, attempt))
    return tuple(found)


# -- what follows a phase ------------------------------------------------------------------------------------


def _verified(run: Run, _why: str) -> Draft:
    if run.plan.of("verification"):
        return events.phase_begun("verification", "")
    return _succeeded(run, _why)


def _succeeded(run: Run, _why: str) -> Draft:
    return events.run_ended("succeeded", "A dry run: nothing was changed." if run.is_dry else "")


def _unverified(run: Run, why: str) -> Draft:
    if rolls_back_by_itself(run):
        return events.phase_begun("rollback", f"The verification failed: {why}")
    return events.run_ended("failed", f"The verification failed: {why}")


def _rolled_back(run: Run, _why: str) -> Draft:
    alone = undone_alone(run)
    undone = run.step(alone)
    if alone:
        told = "was undone" if undone is not None and undone.state == "rolled-back" else "could not be undone"
        return events.run_ended("failed", f"Step {alone} {told}, and the run stopped there.")
    return events.run_ended("rolled-back", run.why)


def _ending(state: State) -> Callable[[Run, str], Draft]:
    return lambda _run, why: events.run_ended(state, why)


AFTER: dict[tuple[Phase, str], Callable[[Run, str], Draft]] = {
    ("steps", "done"): _verified,
    ("steps", "failed"): _ending("failed"),  # a way back is only taken on request: who knows what was switched yet
    ("verification", "done"): _succeeded,
    ("verification", "failed"): _unverified,
    ("rollback", "done"): _rolled_back,
    ("rollback", "failed"): _ending("rollback-failed"),
}


def _step_failed(run: Run, step: RunStep) -> Moves:
    why = f"Step {step.number} failed: {step.why or 'no reason was given.'}"
    return Moves(record=(AFTER[run.aims, "failed"](run, why),))


def _decided_why(run: Run) -> str:
    step = next(step for step in run.steps if step.decision in ("roll-back", "undo"))
    return f"A person decided so at step {step.number}: {step.why}"


# -- a step on its targets --------------------------------------------------------------------------------


def _of_step(run: Run, planned: PlannedStep, step: RunStep, now: datetime) -> Moves:
    for hurdle in HURDLES:
        moves = hurdle(run, planned, step, now)
        if moves is not None:
            return moves
    return _of_targets(run, planned, step, now)


def _of_targets(run: Run, planned: PlannedStep, step: RunStep, now: datetime) -> Moves:
    targets = targets_of(run, planned)
    each = {target: standing(planned, step, target, is_dry=run.is_dry) for target in targets}
    failed = [target for target, at in each.items() if at.state == "failed"]
    doubts = [target for target, at in each.items() if at.state == "doubt"]
    is_open = tuple((step.number, attempt) for attempt in step.open_attempts)
    waiting = [(at.due, target) for target, at in each.items() if at.state == "todo" and at.due and at.due > now]
    if len(failed) < planned.stop_after and not doubts:
        ready = [t for t, at in each.items() if at.state == "todo" and not (at.due and at.due > now)]
        room = max(planned.at_once - len(is_open), 0)
        starts = tuple(Start(step.number, target, each[target].purpose) for target in ready[:room])
        if starts or is_open:
            return Moves(start=starts, attend=is_open)
        if waiting:
            return until(step, min(due for due, _ in waiting), each[min(waiting)[1]].why, now)
    if is_open:
        return Moves(attend=is_open)
    if doubts:
        why = _told({target: each[target].why for target in doubts}, planned)
        return Moves(record=doubted(run, step.number, why))
    if failed:
        return failing(run, planned, step, _told({target: each[target].why for target in failed}, planned))
    return _completed(planned, step, each)


def doubted(run: Run, step: str, why: str) -> tuple[Draft, ...]:
    """Says that nobody can tell what became of a step, and that people are to be told so."""
    subject = f"{run.plan.title}: what became of step {step} is not known"
    return (events.step_unknown(step, why), owed(run, (run.actor,), subject, why))


def _completed(planned: PlannedStep, step: RunStep, each: dict[str, Standing]) -> Moves:
    if any(at.state == "done" for at in each.values()):
        return end(step, "done", undoes=planned.undoes)
    return end(step, "skipped", next((at.why for at in each.values()), "It has no target."))


def failing(run: Run, planned: PlannedStep, step: RunStep, why: str) -> Moves:
    """A step that came to nothing: a person who is there chooses what then, unless a way back begins by itself."""
    is_rolled_back = planned.phase == "verification" and rolls_back_by_itself(run)
    if run.is_interactive and not run.assumes_yes and not is_rolled_back:
        return Moves(record=(events.person_asked(step.number, "failed", why),))
    ended = events.step_ended(step.number, "failed", why)
    if run.is_interactive:
        return Moves(record=(ended,))
    return Moves(record=(ended, owed(run, (run.actor,), f"{run.plan.title} failed at step {step.number}", why)))


def _told(whys: dict[str, str], planned: PlannedStep) -> str:
    if len(planned.targets) == 1:
        return next(iter(whys.values()))
    return " ".join(f"{target}: {why}" for target, why in whys.items())

"""A run as its page shows it: each step with what was planned and what became of it, and what may be done now.

Which buttons stand there is said here; whether one may be pressed is decided anew by the verb.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from opsbook.book.plan import PlannedStep
from opsbook.ledger.run import Attempt, Run, RunStep
from opsbook.usecases.runs import History

# State → what it is called, and its tone.
STATES: dict[str, tuple[str, str]] = {
    "running": ("Running", "note"),
    "waiting": ("Waiting", "warn"),
    "verifying": ("Verifying", "note"),
    "rolling-back": ("Rolling back", "warn"),
    "succeeded": ("Succeeded", "good"),
    "failed": ("Failed", "bad"),
    "rolled-back": ("Rolled back", "warn"),
    "rollback-failed": ("Rollback failed", "bad"),
    "cancelled": ("Cancelled", "quiet"),
    "unknown": ("Unknown: did it run?", "unknown"),
}
STEP_STATES: dict[str, tuple[str, str]] = {
    "pending": ("To do", "quiet"),
    "running": ("Running", "note"),
    "waiting": ("Waits for you", "warn"),
    "done": ("Done", "good"),
    "skipped": ("Skipped", "quiet"),
    "failed": ("Failed", "bad"),
    "unknown": ("Unknown", "unknown"),
    "rolled-back": ("Taken back", "warn"),
}
PHASES = (("steps", "Steps"), ("verification", "Verification"), ("rollback", "Rollback"))
ENDINGS = {
    "finished": "finished", "timed-out": "took longer than its time limit", "killed": "was ended",
    "lost": "was lost sight of", "never-started": "was never started",
}  # fmt: skip
# What may be answered at a step by what it waits for: the verb, the words on its button, and how much it is wanted.
_ANSWERS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "confirm": (("confirm", "Done", "chief"), ("skip", "Skip", ""), ("fail", "It did not work", "danger")),
    "ask": (("confirm", "Done", "chief"), ("skip", "Skip", ""), ("fail", "It did not work", "danger")),
    "check": (("confirm", "It is so", "chief"), ("fail", "It is not so", "danger")),
    "danger": (("confirm", "Go on", "danger"), ("skip", "Skip", "")),
    "failed": (("again", "Run it again", "chief"), ("done", "It is done", ""), ("skip", "Skip", ""),
               ("failed", "Leave it failed", "danger")),
    "unknown": (("done", "It was done", ""), ("again", "It was not done: run it", ""),
                ("failed", "It failed", ""), ("undo", "Undo it and stop", ""),
                ("roll-back", "Roll back the run", ""), ("abort", "Abort", "danger")),
    "ended": (("again", "Run it again", ""), ("done", "It is done, go on", ""), ("skip", "Skip it, go on", ""),
              ("undo", "Undo it and stop", "")),
    "changed": (("resume", "Go on as it was planned", "chief"),),
    "approval": (),
}  # fmt: skip
NEEDS_REASON = frozenset({"skip", "fail", "done", "again", "failed", "undo", "roll-back", "abort"})


class StepView(Struct, frozen=True):
    """One step: as planned, where it is, in words too, how long it took and usually takes, what it can be answered."""

    planned: PlannedStep
    now: RunStep
    took_s: float | None
    usual_s: float | None
    answers: tuple[tuple[str, str, str], ...]
    words: str
    tone: str

    @property
    def anchor(self) -> str:
        """The id of the step on the page."""
        return "step-" + self.planned.number.replace(".", "-")


class RunView(Struct, frozen=True):
    """A run with its steps by phase, and what may be done with the whole of it."""

    run: Run
    phases: tuple[tuple[str, str, tuple[StepView, ...]], ...]
    waits: tuple[StepView, ...]  # those that a person is waited for
    acts: tuple[str, ...]
    took_s: float
    digest: str = ""


def run_view(run: Run, past: History | None, now: datetime) -> RunView:
    """What the page shows of a run at `now`, beside what earlier ones took."""
    usual = past.step_usual_s if past else {}
    steps = {planned.number: _step(run, planned, usual.get(planned.number), now) for planned in run.plan.steps}
    phases = tuple(
        (phase, words, tuple(steps[planned.number] for planned in run.plan.of(phase)))  # type: ignore[arg-type]
        for phase, words in PHASES
    )
    waits = tuple(step for step in steps.values() if step.now.asked is not None and not run.has_ended)
    took = ((run.ended_at or now) - run.started_at).total_seconds()
    return RunView(run, tuple(each for each in phases if each[2]), waits, _acts(run), took)


def _step(run: Run, planned: PlannedStep, usual_s: float | None, now: datetime) -> StepView:
    step = run.step(planned.number) or RunStep(planned.number)
    took = None
    if step.began_at is not None:
        took = ((step.ended_at or run.ended_at or now) - step.began_at).total_seconds()
    return StepView(planned, step, took, usual_s, _answers(run, planned, step), *_step_words(run, step))


def _step_words(run: Run, step: RunStep) -> tuple[str, str]:
    """Where a step is; what a run has not come to by its end is nothing to do any more."""
    words, tone = STEP_STATES[step.state]
    if step.state == "pending" and run.has_ended:
        return ("Not needed" if run.state == "succeeded" else "Not reached"), tone
    if step.state == "pending" and step.answered:
        return "Confirmed", tone
    if step.state == "waiting" and step.asked is not None and step.asked.question == "approval":
        return "Waits for an approval", tone
    return words, tone


def _answers(run: Run, planned: PlannedStep, step: RunStep) -> tuple[tuple[str, str, str], ...]:
    if run.has_ended and not (step.state == "failed" and run.state in ("failed", "rollback-failed")):
        return ()
    question = "ended" if run.has_ended else step.asked.question if step.asked is not None else None
    if question is None or run.wants_cancel:
        return ()
    without = {"done", "skip"} if planned.kind == "approval" else set()
    if not any(each.undoes == planned.number for each in run.plan.steps):
        without.add("undo")
    if not can_roll_back(run):
        without.add("roll-back")
    return tuple(each for each in _ANSWERS[question] if each[0] not in without)


def can_roll_back(run: Run) -> bool:
    """Whether there is a way back that is not being gone already."""
    return bool(run.plan.of("rollback")) and run.aims != "rollback" and not run.is_dry


def _acts(run: Run) -> tuple[str, ...]:
    found = []
    if run.is_paused:
        found.append("resume")
    elif not run.has_ended and not run.wants_cancel and run.state != "unknown":
        found.append("pause")
    if can_roll_back(run) and run.state in ("waiting", "failed", "cancelled") and not run.wants_cancel:
        found.append("roll-back")
    if not run.has_ended and not run.wants_cancel:
        found.append("cancel")
    return tuple(found)


def state_words(run: Run) -> tuple[str, str]:
    """The state in words, and its tone; a run that is to end is cancelling until it is proven to have ended."""
    if run.wants_cancel and not run.has_ended:
        return "Cancelling", "warn"
    return STATES[run.state]


def attempt_words(attempt: Attempt, now: datetime) -> str:
    """What became of an attempt, in a few words."""
    if attempt.ended_at is None:
        return "running"
    if attempt.outcome == "finished" and attempt.exit is not None:
        return f"exit {attempt.exit}"
    return ENDINGS.get(attempt.outcome or "", "ended")


def seconds_of(attempt: Attempt, now: datetime) -> float:
    """How long an attempt took, or takes so far."""
    return ((attempt.ended_at or now) - (attempt.started_at or attempt.intended_at)).total_seconds()

"""The answers of whoever said --yes when they took a run up: those that a run begun with it would not have asked for.

Never an approval, never the word of a danger, never a value, and nothing that was in doubt.
"""

from __future__ import annotations

from opsbook.book.plan import PlannedStep
from opsbook.entrypoints.run_questions import After
from opsbook.ground.errors import Conflict
from opsbook.ledger.run import Run, RunStep
from opsbook.usecases.runs import Runs

_UNSEEN = "Confirmed unseen, by --yes."


class Assumed:
    """Answers as `who`. A step that had failed before `run` was taken up waits for a person still."""

    def __init__(self, runs: Runs, run: Run, who: str) -> None:
        self._runs, self._who = runs, who
        self._failed_before = {
            step.number for step in run.steps if step.asked is not None and step.asked.question == "failed"
        }

    def ask(self, run: Run, planned: PlannedStep, step: RunStep) -> After:
        """Answers the question of a step that waits, or leaves it."""
        asked = step.asked
        try:
            if asked is None:
                return "goes-on"
            if asked.question == "failed" and step.number not in self._failed_before:
                self._runs.fail(run.id, step.number, self._who, asked.words or "It failed.")
            elif asked.question in ("confirm", "check") and planned.kind == "command":
                self._runs.confirm(run.id, step.number, self._who)  # how it ends is seen by the machine
            elif asked.question == "confirm":
                self._runs.confirm(run.id, step.number, self._who, why=_UNSEEN, is_seen=False)
            else:
                return "left"
        except Conflict:
            return "goes-on"  # somebody else was quicker; the run as it is now is looked at again
        return "goes-on"

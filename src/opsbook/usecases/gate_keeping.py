"""At an approval, where the runner has secrets and people at hand: whether both are still what was signed.

The fold counts approvals by what is recorded; what was changed since is looked at here, and recorded for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from opsbook.ground.errors import Failure, Refusal
from opsbook.ledger import run_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.run import Run
from opsbook.ledger.run_moves import failing
from opsbook.usecases.attempting import World
from opsbook.usecases.run_environment import marks_of


def found_changed(world: World, run: Run, number: str, typed: Mapping[str, str]) -> tuple[Draft, ...]:
    """What is to be recorded before an approval is asked for or used; nothing where all is as it was signed."""
    planned, step = run.plan.step(number), run.step(number)
    assert planned is not None and step is not None and planned.gate is not None, "only an approval is looked at"
    try:
        marks = marks_of(run.plan, world.secrets, typed)
    except (Refusal, Failure) as wrong:
        return failing(run, planned, step, f"An approval signs the secrets too. {wrong}").record
    if marks != run.secret_marks:
        return (events.secrets_marked(marks),)
    gone = tuple(each.by for each in step.approvals if not world.may_approve(planned.gate, each))
    if step.asked is None or not gone:
        return ()
    told = f"The approval of {', '.join(gone)} does not count any more: who gave it may not approve this now."
    return (events.approval_voided(number, gone, told),)

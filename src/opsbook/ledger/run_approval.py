"""What an approval signs, and whose approvals count. Asks nobody."""

from __future__ import annotations

from datetime import datetime

from opsbook.book.plan import plan_digest
from opsbook.ledger.run import Run, RunStep


def approval_digest(run: Run, until: datetime | None) -> str:
    """What an approval of this run is bound to: its document, plan, secrets, and until when it may be used."""
    return plan_digest(run.plan, run.blob, run.secret_marks, until.isoformat() if until else "")


def approvers(run: Run, step: RunStep) -> tuple[str, ...]:
    """The people whose approvals count, each once: of exactly what is asked, in time, and neither who started the run
    nor who changed the page last."""
    asked = step.asked
    if asked is None:
        return ()
    barred = {run.actor, *run.aliases, run.editor}
    given = (
        each.by for each in step.approvals
        if each.digest == asked.digest and each.by not in barred and (asked.until is None or each.at <= asked.until)
    )  # fmt: skip
    return tuple(dict.fromkeys(given))

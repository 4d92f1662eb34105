"""The escalation that the pages of a drill follow: whoever joined, at the times of the real one, divided by its speed.

Whoever routes asks it. Nobody else is ever paged: no level of a policy of the book, and no catch-all, is taken over.
"""

from __future__ import annotations

from opsbook.ledger.drill import DRILL_VIEW, Drill, drill_of, stream_of
from opsbook.ledger.page_events import FrozenPolicy, PlannedLevel
from opsbook.usecases.ledger_ports import EngineLedger

NAME = "drill"
REPEAT = 2  # they are asked three times, as anybody who is named
EVERY_S = 300.0


def drill_policy(drill: Drill) -> tuple[FrozenPolicy | None, str]:
    """It, and why it is that; None where nobody is to be paged, and why."""
    if drill.state != "running":
        return None, f"It is an alert of drill {drill.id}, which is {drill.state}, so nobody is paged."
    if not drill.volunteers:
        return None, f"It is an alert of drill {drill.id}, and nobody takes part."
    targets = tuple(f"@{each.lstrip('@')}" for each in drill.people)
    told = "takes part in the drill"
    levels = tuple(
        PlannedLevel(number, each.after_s / drill.speed, targets, told)
        for number, each in enumerate(drill.scene.levels, 1)
    )
    why = f"It is drill {drill.id}: those alone who joined it are paged."
    every_s = EVERY_S / drill.speed
    return FrozenPolicy(NAME, drill.scene.source, 0, drill.scene.commit, levels, REPEAT, every_s, why=why), why


def policy_of(ledger: EngineLedger, id: str) -> tuple[FrozenPolicy | None, str]:
    """That of a drill by its id, which its alerts carry as a label."""
    kept = ledger.row(DRILL_VIEW.name, stream_of(id)) if id else None
    if kept is None:
        return None, f"It says that it is of drill '{id[:40]}', and there is none of that name."
    return drill_policy(drill_of(kept))

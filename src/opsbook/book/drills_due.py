"""When what is to be practised is due: its last practice, and how often it is wanted. Reminds nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal

from msgspec import Struct

from opsbook.book.drill_plan import PlannedDrill
from opsbook.book.lint import Outline
from opsbook.book.service_operations import practised_on
from opsbook.ground.durations import after

DueState = Literal["planned", "due", "overdue"]
NEVER = "never"


class DueDrill(Struct, frozen=True):
    """A procedure that is to be practised again on the day `due`; that is None where it was never practised, and then
    it is due."""

    plan: PlannedDrill
    path: str
    anchor: str
    practised: date | None
    due: date | None
    state: DueState

    @property
    def where(self) -> str:
        """PATH#ANCHOR of the procedure."""
        return f"{self.path}#{self.anchor}"

    @property
    def key(self) -> str:
        """What its due date is called: something is done once for each."""
        return self.due.isoformat() if self.due is not None else NEVER

    @property
    def words(self) -> str:
        """Its state in a few words."""
        if self.due is None:
            return "due: never practised"
        if self.state == "overdue":
            return f"overdue since {self.due.isoformat()}"
        return "due today" if self.state == "due" else f"due on {self.due.isoformat()}"


def due_drills(outlines: Iterable[Outline], practised: Mapping[str, date], today: date) -> tuple[DueDrill, ...]:
    """Those that can be made out, the longest overdue first; each procedure once, as often as the strictest says."""
    by_path = {outline.path: outline for outline in outlines}
    found: dict[str, DueDrill] = {}
    for outline in by_path.values():
        for plan in outline.drills:
            anchor = procedure_of(plan, by_path)
            if plan.fault or anchor is None:
                continue
            last = practised_on(by_path, practised, plan.path, anchor)
            due = after(last, plan.every) if last is not None else None
            if last is not None and due is None:
                continue  # beyond the calendar
            state: DueState = "due" if due is None or due == today else "overdue" if due < today else "planned"
            made = DueDrill(plan, plan.path, anchor, last, due, state)
            known = found.get(made.where)
            if known is None or (due or date.min) < (known.due or date.min):
                found[made.where] = made
    return tuple(sorted(found.values(), key=_order))


def procedure_of(plan: PlannedDrill, by_path: Mapping[str, Outline]) -> str | None:
    """The anchor of the procedure that is meant; None where there is none, or a page with several is named alone."""
    outline = by_path.get(plan.path)
    if outline is None:
        return None
    if plan.anchor in outline.procedures:
        return plan.anchor
    return outline.procedures[0] if not plan.anchor and len(outline.procedures) == 1 else None


def _order(each: DueDrill) -> tuple[int, date, str]:
    return {"overdue": 0, "due": 1, "planned": 2}[each.state], each.due or date.min, each.where

"""What became of procedures that were due to be practised, as a fold over their events: whom they were reminded of, the
run that began by itself, or why none did. Decides nothing.

`drill-due/HASH` holds that of one procedure, by its due dates.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger.event import Draft, Event

DUE = "drill-due/"
REMINDED = "DrillReminded"
BEGUN = "DrillRunBegun"
NOT_BEGUN = "DrillRunNotBegun"


class DueTold(Struct, frozen=True):
    """What was done about the last due date of a procedure; `number` is that of the last event."""

    due: str = ""
    reminded: tuple[str, ...] = ()
    run: str = ""
    on: str = ""
    why_not: str = ""
    at: datetime | None = None
    number: int = 0

    def of(self, due: str) -> DueTold:
        """It, where it is about that due date; else that nothing was done about that yet."""
        return self if self.due == due else DueTold(due, number=self.number)


def stream_of(where: str) -> str:
    """The stream of a procedure, by its PATH#ANCHOR."""
    return DUE + sha256(where.encode()).hexdigest()[:16]


def reminded(where: str, due: str, person: str, page: str) -> Draft:
    """Somebody is reminded, by that page, that a procedure is due."""
    return Draft(REMINDED, {"where": where, "due": due, "person": person, "page": page})


def begun(where: str, due: str, run: str, on: str) -> Draft:
    """It is practised by a run that nobody started, on that target."""
    return Draft(BEGUN, {"where": where, "due": due, "run": run, "on": on})


def not_begun(where: str, due: str, on: str, why: str) -> Draft:
    """It could not begin by itself, and why."""
    return Draft(NOT_BEGUN, {"where": where, "due": due, "on": on, "why": why})


def folded(events: Iterable[Event], before: DueTold | None = None) -> DueTold:
    """What was done about the last due date after these events."""
    told = before or DueTold()
    for event in events:
        facts = event.facts
        told = told.of(facts["due"])
        if event.kind == REMINDED:
            told = replace(told, reminded=(*told.reminded, facts["person"]))
        elif event.kind == BEGUN:
            told = replace(told, run=facts["run"], on=facts["on"], why_not="")
        elif event.kind == NOT_BEGUN:
            told = replace(told, on=facts["on"], why_not=facts["why"])
        told = replace(told, at=event.at, number=event.number)
    return told

"""When people are to be told next, kept in the same record as what moves it: a declaration, a severity, a state."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from opsbook.ledger import incident_events as events
from opsbook.ledger.incident import Incident
from opsbook.usecases.ledger_ports import Timer, Write
from opsbook.usecases.library import Book
from opsbook.usecases.update_rules import cadence_for, due_next, told_last

DUE = "update-due"  # the timer on `incident/ID`
_MOVE_IT = frozenset({events.DECLARED, events.RATED, events.MOVED})


def with_due(book: Book, after: Incident, write: Write) -> Write:
    """What is recorded of an incident, with when the next update is due where that is another time by it; `after` is
    the incident once that is recorded. A book that is not read yet says nothing."""
    if not any(draft.kind in _MOVE_IT for draft in write.drafts) or not (book.is_whole or book.facts):
        return write
    due = due_next(book, after)
    if due is None:
        write = replace(write, clear_timers=(*write.clear_timers, DUE))
    if due == after.update_due_at:
        return write
    timers = (Timer(write.stream, DUE, due),) if due is not None else ()
    drafts = (*write.drafts, events.update_due(due, why_due(book, after, due)))
    return replace(write, drafts=drafts, set_timers=(*write.set_timers, *timers))


def why_due(book: Book, incident: Incident, due: datetime | None) -> str:
    """The words of the policy page from which it follows."""
    cadence = cadence_for(book, incident)
    said = cadence.words if cadence.is_told else f"{cadence.words}, as nothing else is told"
    if due is None:
        return f"{incident.severity}: {said}."
    return f"{incident.severity}: {said}{'' if told_last(book, incident) else '; nobody was told yet'}."

"""Whoever acknowledges a page takes care of its incident too: what is recorded of that with it. Records nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from opsbook.book.incident_roles import COMMANDER
from opsbook.ledger import incident_events as events
from opsbook.ledger import page_events
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import INCIDENT_VIEW, incident_of, stream_of
from opsbook.ledger.page import Page
from opsbook.ledger.page import stream_of as page_stream
from opsbook.usecases.ledger_ports import EngineLedger, Write


class Answer(NamedTuple):
    """Who acknowledged something of the incident of that number, by what means and why."""

    number: int
    by: str
    via: str
    why: str = ""


def answers_in(writes: Iterable[Write], pages: Iterable[Page]) -> Iterator[Answer]:
    """Who acknowledges pages that belong to an incident, by what is about to be recorded of those pages."""
    of = {page_stream(page.id): page.incident for page in pages if page.incident is not None}
    if not of:
        return
    for write in writes:
        number = of.get(write.stream)
        for draft in write.drafts if number is not None else ():
            if draft.kind == page_events.PAGE_ACKNOWLEDGED and number is not None:
                facts = draft.facts
                yield Answer(number, facts["by"], facts["via"], facts["why"])


def answering(ledger: EngineLedger, answers: Iterable[Answer], *, takes_command: bool = True) -> Iterator[Write]:
    """What is recorded of the incidents: the first answer alone, and who leads it where nobody does."""
    seen: set[int] = set()
    for answer in answers:
        if answer.number in seen:
            continue
        seen.add(answer.number)
        kept = ledger.latest(INCIDENT_VIEW.name, [str(answer.number)]).get(str(answer.number))
        incident = incident_of(kept) if kept is not None else None
        if incident is None or not incident.is_live or incident.acknowledged_at is not None:
            continue
        drafts: list[Draft] = [events.acknowledged(answer.by, answer.via, answer.why)]
        if takes_command and not incident.holders(COMMANDER):
            drafts.append(events.role_given(COMMANDER, answer.by, why="Whoever acknowledges it leads it."))
        yield Write(stream_of(incident.id), tuple(drafts), incident.version)

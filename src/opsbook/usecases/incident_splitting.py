"""An incident that turns out to be two: a part of it becomes one of its own. Ends neither."""

from __future__ import annotations

from collections.abc import Sequence

from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger import incident_events as events
from opsbook.ledger.incident import Incident, stream_of
from opsbook.ledger.incident_events import Members
from opsbook.usecases.incident_changing import Desk, line, write
from opsbook.usecases.incident_declaring import declare
from opsbook.usecases.incident_members import known_members
from opsbook.usecases.incident_said import Declaration
from opsbook.usecases.incident_writes import both, is_none, of, without
from opsbook.usecases.ledger_ports import Write


def split(desk: Desk, named: str | int, by: str, members: Members, *, title: str, why: str) -> Incident:
    """A new incident of a part of what belongs to it, as grave as it is; gives the new one."""
    why = line(why, "A reason", is_needed=False)
    incident = desk.find(named)
    wanted = known_members(desk, members)
    if is_none(wanted):
        raise Usage("Name an alert, a page, a run or a service that is to belong to the new one.")
    if not incident.is_live:
        raise Refusal(f"{incident.name} is {incident.state}. Reopen it, or declare another incident.")
    strange = without(wanted, of(incident))
    if not is_none(strange):
        names = [*strange.alerts, *strange.pages, *strange.runs, *strange.services]
        raise Refusal(f"{', '.join(names[:5])} does not belong to {incident.name}, so it cannot be split from it.")
    told = f"As {incident.name}, from which it is split."

    def further(id: str, number: int) -> Sequence[Write]:
        now = desk.find(incident.id)
        parted = both(Members(services=wanted.services), of(now))
        drafts = [events.related("split into", number, why)]
        drafts += [] if is_none(parted) else [events.detached(parted, f"It belongs to INC-{number} now.")]
        return [Write(stream_of(id), (events.related("split from", now.number, why),)), *write(now, *drafts)]

    said = Declaration(
        title=title, severity=incident.severity, severity_why=told, members=wanted,
        started_at=None if wanted.alerts else incident.started_at, is_drill=incident.is_drill,
    )  # fmt: skip
    return declare(desk, said, by, further=further)

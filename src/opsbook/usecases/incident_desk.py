"""The verbs of incidents that doors hand to, in one place. Builds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from opsbook.usecases.action_marking import ActionItems
    from opsbook.usecases.incident_acts import Incidents
    from opsbook.usecases.incident_cases import Cases
    from opsbook.usecases.incident_reports import Reports
    from opsbook.usecases.incident_timeline import Timelines
    from opsbook.usecases.proposals import Proposals
    from opsbook.usecases.similar_incidents import Likeness
    from opsbook.usecases.status_updates import StatusUpdates
    from opsbook.usecases.subscriptions import Subscriptions


class IncidentDesk(Struct, frozen=True):
    """What a served book holds for incidents; see each."""

    incidents: Incidents
    timelines: Timelines
    updates: StatusUpdates
    proposals: Proposals
    reports: Reports
    subscriptions: Subscriptions
    cases: Cases
    likeness: Likeness
    actions: ActionItems

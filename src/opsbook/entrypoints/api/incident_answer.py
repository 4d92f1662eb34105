"""What the API of incidents answers, as types, and the answers themselves: as `usecases.incident_shown` has them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from opsbook.book.typed_text import editable_text
from opsbook.entrypoints.api.incident_models import IncidentsQuery, TimelineQuery
from opsbook.entrypoints.api.operation import Asks
from opsbook.entrypoints.web.answering import desk_of
from opsbook.ground.errors import Usage
from opsbook.ledger.incident import Incident
from opsbook.usecases.incident_list import Wanted, listed
from opsbook.usecases.incident_reports import Patch
from opsbook.usecases.incident_shown import entry_model, incident_model
from opsbook.usecases.incident_timeline import KINDS
from opsbook.usecases.incidents import incidents, incidents_model
from opsbook.usecases.ports import Unreadable
from opsbook.usecases.proposals import Proposal

Named = dict[str, Any]
Severity = Literal["P0", "P1", "P2", "P3"]
Status = Literal["Investigating", "Mitigating", "Resolved"]


class ImpactModel(Struct):
    """What is declared of the impact; null is what nobody has said."""

    users_pct: float | None
    functions: list[str]
    data: str | None
    security: bool | None
    workaround: str | None
    regions: list[str]
    users: str
    business: str


class FileModel(Struct):
    """A file of an entry."""

    name: str
    media_type: str
    size_bytes: int
    digest: str


class SaidModel(Struct):
    """What an entry said before it was corrected."""

    text: str
    why: str
    by: str


class EntryModel(Struct):
    """An entry of the timeline: when it happened and when it was recorded; `key` names it for ever."""

    at: datetime
    recorded_at: datetime
    kind: str
    actor: str
    text: str
    key: str
    link: str | None
    is_pinned: bool
    is_struck: bool
    files: list[FileModel]
    said: list[SaidModel]


class SaidInChat(Struct):
    """One message of a chat; `line` is where it begins, counted from 1."""

    at: datetime
    who: str
    text: str
    line: int


class LeftOut(Struct):
    """A line of a chat of which nothing could be made."""

    line: int
    text: str


class ChatAnswer(Struct):
    """What was read of a chat, and how many entries of it were `added`."""

    messages: list[SaidInChat]
    left_out: list[LeftOut]
    is_cut: bool
    added: int
    version: int


class TimelineModel(Struct):
    """Entries, the newest first."""

    entries: list[EntryModel]


class BriefModel(Struct, kw_only=True):
    """An incident in a list. `started_at` is when it was declared as long as nobody knows better."""

    id: str
    number: int
    name: str
    title: str
    severity: Severity
    severity_why: str
    status: Status
    state: str
    is_live: bool
    is_drill: bool
    started_at: datetime
    declared_at: datetime
    resolved_at: datetime | None
    changed_at: datetime
    services: list[str]
    roles: dict[str, list[str]]
    update_due_at: datetime | None
    open_tasks: int
    report: str | None
    version: int


class IncidentModel(BriefModel, kw_only=True):
    """An incident as a whole. `alerts`, `pages` and `runs` are ids; `roles` who has each role now."""

    summary: str
    origin: Literal["person", "alerts", "run", "health"]
    declared_by: str
    rated: str | None
    is_overridden: bool
    is_start_known: bool
    detected_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    identified_at: datetime | None
    mitigated_at: datetime | None
    closed_at: datetime | None
    regressions: int
    impact: ImpactModel
    roles_held: list[Named]
    alerts: list[str]
    pages: list[str]
    runs: list[str]
    called: list[Named]
    tasks: list[Named]
    next: list[Named]
    timeline: list[EntryModel]
    updates: list[Named]
    updates_missed: int
    action_items: list[Named]
    post_mortem: Named | None
    writings: list[Named]
    relations: list[Named]
    former_numbers: list[int]
    war_room: str | None
    cause: str | None
    root_cause: str | None
    resolution: str | None
    lessons: str | None
    factors: list[str]
    went_well: list[str]
    went_badly: list[str]
    lucky: list[str]
    tags: list[str]
    policy: str | None
    commit: str | None
    warnings: list[str]


class IncidentList(Struct):
    """Incidents of the ledger, live ones first; then those that only the book has. One of the ledger has what
    `BriefModel` names, one with a page in the book (`path`) what that says; `number` is null where the ledger has none.
    `open` is how many are not over, `policies` what the pages say of how incidents are answered."""

    incidents: list[Named]
    open: int
    policies: list[Named]


class PatchList(Struct):
    """What runbooks might say better."""

    patches: list[Patch]


class ProposalList(Struct):
    """Proposals, the newest first."""

    proposals: list[Proposal]


class ProposalModel(Struct):
    """A page as it is proposed; `before` is the page as it is now, null where there is none."""

    proposal: Proposal
    content: str
    before: str | None


def answer(request: Asks, incident: Incident) -> dict[str, Any]:
    """An incident as it is now, with its timeline, and what whoever changed it should know."""
    desk = desk_of(request).incident_desk
    model = incident_model(incident, desk.timelines.entries(incident), desk.incidents.due(incident))
    return {**model, "warnings": warnings_of(request, incident)}


def warnings_of(request: Asks, incident: Incident) -> list[str]:
    """What is not as it seems, in sentences: services that no page knows, an update that went to nobody, and of one
    that is over what still fires or is not healthy."""
    desk = desk_of(request).incident_desk
    told = [] if incident.is_live else desk.incidents.still_wrong(incident.id)
    told += desk.incidents.unknown_services(incident.services)
    told += [desk.updates.unheard(incident, each.id) for each in incident.updates[-1:] if each.state == "published"]
    return [each for each in told if each]


def list_answer(request: Asks, query: IncidentsQuery) -> dict[str, Any]:
    """The incidents that a query asks for: of the ledger at most as many as it wants, and the book's reports unless it
    asks for a stretch of time or goes on behind a number."""
    desk = desk_of(request)
    report = incidents(desk.library.snapshot(), desk.now().date())
    rows = listed(desk.incident_desk, report, Wanted(
        is_live=query.live, statuses=(query.status,) if query.status else (),
        severities=(query.severity,) if query.severity else (), service=query.service, words=query.q,
        with_drills=query.drills, since=query.since, until=query.until, before=query.before, limit=query.limit,
    ))  # fmt: skip
    return {
        "incidents": [each.model for each in rows], "open": sum(each.is_open for each in rows),
        "policies": incidents_model(report)["policies"],
    }  # fmt: skip


def timeline_answer(request: Asks, incident: Incident, query: TimelineQuery) -> dict[str, Any]:
    """Entries of an incident that a query asks for; raises Usage for a kind that there is not."""
    kinds = [each.strip() for each in query.kinds.split(",") if each.strip()]
    for kind in kinds:
        if kind not in KINDS:
            raise Usage(f"There is no kind of entry '{kind[:40]}'; there are {', '.join(KINDS)}.")
    found = desk_of(request).incident_desk.timelines.select(
        incident, kinds=kinds, words=query.q, only_pinned=query.pinned, before=query.before, after=query.after,
        limit=query.limit,
    )  # fmt: skip
    return {"entries": [entry_model(each) for each in found]}


def proposal_answer(request: Asks, proposal: Proposal) -> dict[str, Any]:
    """A proposal with the page as it would be and as it is."""
    desk = desk_of(request)
    before = desk.library.read(proposal.path) if proposal.path in desk.library.snapshot().files else None
    return {
        "proposal": proposal,
        "content": editable_text(desk.incident_desk.proposals.content(proposal)),
        "before": None if before is None or isinstance(before, Unreadable) else editable_text(before),
    }

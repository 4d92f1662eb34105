"""What the API of alerts takes and answers, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Status = Literal["firing", "acknowledged", "suppressed", "resolved", "stale"]
Severity = Literal["P0", "P1", "P2", "P3"]
Note = Annotated[str, Meta(max_length=2000, description="What is to be said of it.")]
Names = Annotated[list[str], Meta(min_length=1, max_length=5000, description="Ids of alerts, of pages, or groups.")]
Length = Annotated[float, Meta(gt=0, le=30 * 86_400, description="For how many seconds.")]


class SectionModel(Struct):
    """The section that an alert leads to, at the commit at which it was matched. `score` is below 1 where a search, or
    the likeness of words, found it."""

    path: str
    anchor: str
    title: str
    commit: str | None
    why: str
    kind: Literal["url", "named", "heading", "label", "service", "search"]
    score: float


class AlertModel(Struct):
    """An alert: one episode of what a sender tells of. `position` is what `before` takes."""

    id: str
    status: Status
    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    fingerprint: str
    source: str
    starts_at: datetime
    ends_at: datetime | None
    severity: Severity
    severity_why: str
    service: str | None
    section: SectionModel | None
    incident: int | None
    group: str
    page: str | None
    acknowledged_by: str | None
    acknowledged_until: datetime | None
    suppressed_by: list[str]
    ended_how: str | None
    ended_by: str | None
    why: str
    why_not_paged: str | None
    episodes: int
    first_at: datetime
    changed_at: datetime
    generator: str | None
    is_drill: bool
    position: int


class AlertList(Struct):
    """Alerts, those that are open first, of these the last that began."""

    alerts: list[AlertModel]


class LinkModel(Struct):
    """An address that the sender gave."""

    title: str
    href: str


class NoteModel(Struct):
    """What somebody wrote."""

    at: datetime
    by: str
    text: str


class HappeningModel(Struct):
    """What happened, in a sentence."""

    at: datetime
    actor: str
    text: str
    why: str | None


class EventModel(Struct):
    """An event as it is recorded."""

    number: int
    at: datetime
    actor: str
    kind: str
    facts: dict[str, Any]


class NoiseModel(Struct):
    """How often it fired, was answered by a person, and was over by itself."""

    fired: int
    answered: int
    by_itself: int


class EpisodeModel(Struct):
    """An earlier episode of the same alert."""

    id: str
    status: Status
    starts_at: datetime
    ends_at: datetime | None
    ended_how: str | None


class AlertWhole(AlertModel):
    """An alert with its section's first steps, what happened to it, and how it behaved before."""

    links: list[LinkModel]
    notes: list[NoteModel]
    first_steps: list[str]
    history: list[HappeningModel]
    events: list[EventModel]
    noise: NoiseModel
    episodes_before: list[EpisodeModel]


class GroupModel(Struct):
    """Open alerts that wake people together: the gravest severity and status of them."""

    group: str
    status: Status
    severity: Severity
    newest_at: datetime
    page: str | None
    alerts: list[str]


class GroupList(Struct):
    """Groups, those that need somebody first."""

    groups: list[GroupModel]


class AlertsQuery(Struct, forbid_unknown_fields=True):
    """Which alerts are asked for; `match` and `status` may be given several times."""

    match: Annotated[str, Meta(max_length=4_000, description="Matchers as Alertmanager writes them.")] = ""
    status: Annotated[str, Meta(max_length=200, description="Of these alone; several are parted by commas.")] = ""
    before: Annotated[int, Meta(ge=1, description="Those that began before this position.")] | None = None
    limit: Annotated[int, Meta(ge=1, le=10_000, description="How many; else all that is open.")] | None = None


class AnswerBody(Struct, forbid_unknown_fields=True):
    """Why something is done with an alert."""

    why: Note = ""


class AcknowledgeBody(Struct, forbid_unknown_fields=True):
    """Why, and for how long somebody takes care of it; as long as is configured where that is not told."""

    why: Note = ""
    for_s: Length | None = None


class NoteBody(Struct, forbid_unknown_fields=True):
    """What is to be written to an alert."""

    text: Annotated[str, Meta(min_length=1, max_length=10_000)]


class ManyBody(Struct, forbid_unknown_fields=True):
    """What is to be done with several alerts at once, all or none; `all_of_name` says that a name means all open alerts
    of that name, where else one of several is refused."""

    alerts: Names
    do: Literal["acknowledge", "unacknowledge", "resolve", "reopen"]
    why: Note = ""
    for_s: Length | None = None
    all_of_name: bool = False

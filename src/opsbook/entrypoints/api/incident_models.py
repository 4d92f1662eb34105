"""What the API of incidents takes, as types."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from opsbook.book.impact import Impact

Why = Annotated[str, Meta(max_length=2000, description="The reason.")]
Text = Annotated[str, Meta(min_length=1, max_length=20_000)]
Title = Annotated[str, Meta(min_length=1, max_length=300)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Severity = Annotated[str, Meta(max_length=40, description="P0 to P3, or a word of the team for it.")]
Ids = Annotated[list[Name], Meta(max_length=5000)]
Expected = Annotated[
    int | None, Meta(description="The `version` on which this is based: refused where the same field changed since.")
]
Instant = Annotated[datetime, Meta(tz=True)]
Status = Annotated[str, Meta(max_length=40, description="Investigating, Mitigating, Resolved, or a finer state.")]


class IncidentsQuery(Struct, forbid_unknown_fields=True):
    """Which incidents."""

    live: bool | None = None
    status: Literal["Investigating", "Mitigating", "Resolved"] | None = None
    severity: Literal["P0", "P1", "P2", "P3"] | None = None
    service: str = ""
    q: str = ""
    drills: bool = True
    since: Instant | None = None
    until: Instant | None = None
    before: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class MembersBody(Struct, forbid_unknown_fields=True):
    """What belongs to an incident."""

    alerts: Ids = []
    pages: Ids = []
    runs: Ids = []
    services: Ids = []
    why: Why = ""


class DeclareBody(Struct, forbid_unknown_fields=True):
    """A new incident. Without a severity it is what the impact comes to by the matrix of the policy page."""

    title: Title
    severity: Severity = ""
    severity_why: Why = ""
    impact: Impact = Impact()
    summary: Annotated[str, Meta(max_length=20_000)] = ""
    alerts: Ids = []
    pages: Ids = []
    runs: Ids = []
    services: Ids = []
    started_at: Instant | None = None
    is_drill: bool = False
    is_triage: bool = False
    war_room: Annotated[str, Meta(max_length=2000)] = ""
    key: Annotated[str, Meta(max_length=200, description="What is sent again with the same one makes no other.")] = ""


class WhyBody(Struct, forbid_unknown_fields=True):
    """A reason, where there is one."""

    why: Why = ""


class NoteBody(Struct, forbid_unknown_fields=True):
    """An entry of the timeline; one with a `key` that is there already is not added again."""

    text: Text
    kind: Literal["note", "decision", "command", "deploy", "change", "chat"] = "note"
    happened_at: Instant | None = None
    link: Annotated[str, Meta(max_length=2000)] = ""
    key: Annotated[str, Meta(max_length=200)] = ""


class FileQuery(Struct, forbid_unknown_fields=True):
    """What a file is called, and what is said of it."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    text: Annotated[str, Meta(max_length=2000)] = ""


class CorrectBody(Struct, forbid_unknown_fields=True):
    """How an entry should read, by its key."""

    entry: Name
    why: Annotated[str, Meta(min_length=1, max_length=2000)]
    text: Annotated[str, Meta(max_length=20_000)] | None = None
    happened_at: Instant | None = None
    is_struck: bool = False


class EntryQuery(Struct, forbid_unknown_fields=True):
    """Which entry, by its key."""

    key: Name


class ChatBody(Struct, forbid_unknown_fields=True):
    """A chat as it was copied. Times without a day are of `day`, else of that on which the incident began, by the clock
    of `time_zone`. With `only_look` nothing is written down."""

    text: Annotated[str, Meta(min_length=1, max_length=1_000_000)]
    day: date | None = None
    time_zone: Annotated[str, Meta(max_length=100)] = "UTC"
    only_look: bool = False


class PinBody(Struct, forbid_unknown_fields=True):
    """Whether an entry stands on top."""

    entry: Name
    is_pinned: bool = True


class RateBody(Struct, forbid_unknown_fields=True):
    """How grave it is: by its impact, or against the matrix with a reason."""

    severity: Severity = ""
    impact: Impact | None = None
    why: Why = ""
    expected: Expected = None


class StatusBody(Struct, forbid_unknown_fields=True):
    """Another state."""

    status: Status
    why: Why = ""
    happened_at: Instant | None = None
    expected: Expected = None


class ResolveBody(Struct, forbid_unknown_fields=True):
    """That it is over."""

    why: Why = ""
    happened_at: Instant | None = None


class FieldBody(Struct, forbid_unknown_fields=True):
    """Another value of a field."""

    field: Name
    value: str | list[str] | None
    why: Why = ""
    expected: Expected = None


class RoleBody(Struct, forbid_unknown_fields=True):
    """Who has a role."""

    role: Name
    person: Name
    why: Why = ""


class TaskBody(Struct, forbid_unknown_fields=True):
    """One more thing to do."""

    text: Text
    role: Annotated[str, Meta(max_length=200)] = ""
    owner: Annotated[str, Meta(max_length=200)] = ""


class TaskStateBody(Struct, forbid_unknown_fields=True):
    """What became of a task."""

    state: Literal["open", "done", "dropped"]
    owner: Annotated[str, Meta(max_length=200)] = ""
    why: Why = ""


class CallBody(Struct, forbid_unknown_fields=True):
    """Who is called in, and why."""

    person: Name
    why: Why = ""


class IntoBody(Struct, forbid_unknown_fields=True):
    """Another incident, by number."""

    incident: int
    why: Why = ""


class SplitBody(Struct, forbid_unknown_fields=True):
    """What becomes an incident of its own."""

    title: Title
    alerts: Ids = []
    pages: Ids = []
    runs: Ids = []
    services: Ids = []
    why: Why = ""


class ActionBody(Struct, forbid_unknown_fields=True):
    """Something to be done so that it does not happen again."""

    text: Text
    owner: Annotated[str, Meta(max_length=200)] = ""
    due: Annotated[str, Meta(max_length=40, description="A day, YYYY-MM-DD.")] = ""
    kind: Literal["", "prevent", "detect", "mitigate", "process", "document"] = ""
    proof: Annotated[str, Meta(max_length=2000, description="What proves it done: an address or a command.")] = ""


class ActionStateBody(Struct, forbid_unknown_fields=True):
    """What became of an action item."""

    state: Literal["open", "in progress", "done", "verified", "dropped"]
    why: Why = ""
    owner: Annotated[str, Meta(max_length=200)] | None = None
    due: Annotated[str, Meta(max_length=40)] | None = None


class TimelineQuery(Struct, forbid_unknown_fields=True):
    """Which entries: `kinds` with commas between, `before` and `after` are keys."""

    kinds: str = ""
    q: str = ""
    pinned: bool = False
    before: str = ""
    after: str = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 200


class AudienceQuery(Struct, forbid_unknown_fields=True):
    """Who is to be told."""

    audience: Annotated[str, Meta(min_length=1, max_length=100)]
    corrects: Annotated[int, Meta(ge=0, description="The number of the update that is put right.")] = 0


class UpdateBody(Struct, forbid_unknown_fields=True):
    """A status update as it is to be told: a new draft, or with `update` what that one is to be."""

    audience: Annotated[str, Meta(min_length=1, max_length=100)]
    body: Text
    channels: Ids = []
    components: dict[str, str] = {}
    next_due: Instant | None = None
    update: int = 0
    corrects: int = 0


class PublishBody(Struct, forbid_unknown_fields=True):
    """That slots which nobody filled are meant so; what customers get has none."""

    may_have_slots: bool = False


class ReviewBody(Struct, forbid_unknown_fields=True):
    """How far the post-mortem is."""

    state: Literal["due", "draft", "in review", "reviewed", "waived"]
    why: Why = ""
    owner: Annotated[str, Meta(max_length=200)] = ""
    due: date | None = None


class PatchBody(Struct, forbid_unknown_fields=True):
    """The page for which a patch is to be proposed."""

    path: Name


class ProposalsQuery(Struct, forbid_unknown_fields=True):
    """Which proposals."""

    open: bool | None = True
    incident: int | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class AcceptBody(Struct, forbid_unknown_fields=True):
    """The page as it is to be accepted, where it is not as it was proposed."""

    text: str | None = None


class DeclineBody(Struct, forbid_unknown_fields=True):
    """Why it is not taken."""

    why: Annotated[str, Meta(min_length=1, max_length=2000)]

"""An incident as values: its states in the user's words, its roles, tasks, updates, promises. Folds nothing.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from opsbook.book.impact import Impact
from opsbook.ledger.incident_events import IncidentState, Origin

# The user's three words for the finer states (the status line of the Incident Response Template).
STATUS: dict[IncidentState, str] = {
    "triage": "Investigating", "investigating": "Investigating", "identified": "Investigating",
    "mitigating": "Mitigating", "monitoring": "Mitigating", "resolved": "Resolved", "closed": "Resolved",
    "dismissed": "Resolved", "merged": "Resolved",
}  # fmt: skip
LIVE: frozenset[IncidentState] = frozenset({"triage", "investigating", "identified", "mitigating", "monitoring"})
# The time that a state sets.
TIME_OF: dict[IncidentState, str] = {
    "identified": "identified_at", "monitoring": "mitigated_at", "resolved": "resolved_at", "dismissed": "resolved_at",
    "merged": "resolved_at",
}  # fmt: skip
# Fields that people may change, which have no event of their own.
EDITABLE = (
    "title", "summary", "started_at", "detected_at", "identified_at", "mitigated_at", "resolved_at", "war_room",
    "cause", "root_cause", "resolution", "tags", "lessons", "factors", "went_well", "went_badly", "lucky",
)  # fmt: skip


class RoleHeld(Struct, frozen=True):
    """Who had a role from when to when; `until` is None while they have it."""

    role: str
    person: str
    since: datetime
    until: datetime | None = None


class Task(Struct, frozen=True):
    """Something to do during the incident: `state` is open, done or dropped; `origin` is where a page says it."""

    id: int
    text: str
    state: str
    role: str = ""
    owner: str = ""
    origin: str = ""
    changed_by: str = ""
    changed_at: datetime | None = None


class StatusUpdate(Struct, frozen=True):
    """What an audience is told: `state` is draft, approved, published, corrected (by a later one) or withdrawn;
    `during` is the state that the incident was in when it was published."""

    id: int
    audience: str
    body: str
    state: str
    author: str
    drafted_at: datetime
    channels: tuple[str, ...] = ()
    template: str = ""
    components: dict[str, str] = {}
    next_due: datetime | None = None
    corrects: int = 0
    approved_by: str = ""
    published_at: datetime | None = None
    deliveries: tuple[str, ...] = ()
    why: str = ""
    during: str = ""


class Promise(Struct, frozen=True):
    """An action item that is not in a page of the book yet, or began here; see `incident_events.action_set`."""

    id: int
    text: str
    state: str
    owner: str = ""
    due: str = ""
    kind: str = ""
    proof: str = ""
    by: str = ""


class Relation(Struct, frozen=True):
    """That it belongs together with another incident, by number."""

    how: str
    other: int
    why: str = ""


class Writing(Struct, frozen=True):
    """A page of the book that is proposed for it."""

    what: str
    path: str
    proposal: str
    at: datetime


class PostMortemDue(Struct, frozen=True):
    """How far the post-mortem is: due, draft, in review, reviewed or waived; `due` is a day."""

    state: str
    owner: str = ""
    due: str = ""
    why: str = ""


class Incident(Struct, frozen=True):
    """An incident. Of its times `started_at` is since when people were hindered, as far as is known; `declared_at` when
    somebody said so. `regressions` counts how often it was worse again. `rated` is the severity by the matrix, where
    `is_overridden` a person says otherwise. `number` is the short one that people say, `version` the number of the last
    event. `alerts`, `pages` and `runs` are ids; `called` are who was called in, with their pages. `state_since`
    is when it came into its state; `edited_by` who changed a field last, with the number of that event."""

    id: str
    number: int
    title: str
    state: IncidentState
    severity: str
    declared_at: datetime
    changed_at: datetime
    severity_why: str = ""
    rated: str = ""
    is_overridden: bool = False
    impact: Impact = Impact()
    services: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    origin: Origin = "person"
    declared_by: str = ""
    is_drill: bool = False
    policy: str = ""
    commit: str | None = None
    summary: str = ""
    war_room: str = ""
    cause: str = ""
    root_cause: str = ""
    resolution: str = ""
    lessons: str = ""
    factors: tuple[str, ...] = ()
    went_well: tuple[str, ...] = ()
    went_badly: tuple[str, ...] = ()
    lucky: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    started_at: datetime | None = None
    detected_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    identified_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    state_since: datetime | None = None
    regressions: int = 0
    roles: tuple[RoleHeld, ...] = ()
    tasks: tuple[Task, ...] = ()
    called: tuple[tuple[str, str], ...] = ()
    relations: tuple[Relation, ...] = ()
    updates: tuple[StatusUpdate, ...] = ()
    update_due_at: datetime | None = None
    updates_missed: int = 0
    actions: tuple[Promise, ...] = ()
    writings: tuple[Writing, ...] = ()
    post_mortem: PostMortemDue | None = None
    pins: tuple[str, ...] = ()
    former_numbers: tuple[int, ...] = ()
    edited_by: dict[str, tuple[str, int]] = {}
    entries: int = 0
    version: int = 0

    @property
    def status(self) -> str:
        """Investigating, Mitigating or Resolved."""
        return STATUS[self.state]

    @property
    def is_live(self) -> bool:
        """Whether it is not over."""
        return self.state in LIVE

    @property
    def name(self) -> str:
        """What people call it: `INC-14`."""
        return f"INC-{self.number}"

    def holders(self, role: str) -> tuple[str, ...]:
        """Who has a role now."""
        return tuple(held.person for held in self.roles if held.role == role and held.until is None)

"""What people say of incidents to the verbs: a declaration; and what came between two people. Does nothing."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from opsbook.book.impact import Impact
from opsbook.ground.errors import Conflict
from opsbook.ledger.incident_events import Members, Origin


class FieldConflict(Conflict):
    """Somebody changed the same field since: `by` whom, what is there `now`, and what `mine` would have been."""

    def __init__(self, message: str, *, field: str, by: str, now: object, mine: object) -> None:
        super().__init__(message)
        self.field, self.by, self.now, self.mine = field, by, now, mine


class Declaration(Struct, frozen=True):
    """What whoever declares an incident says. Without `severity` it is what the impact comes to by the matrix of the
    policy page, else P2; with both the severity is an override, and needs `severity_why`. `is_triage`: nobody is sure
    yet that it is one. `key` is what its sender calls it: declared once more under it, by whomever, it is the same."""

    title: str
    severity: str = ""
    severity_why: str = ""
    impact: Impact = Impact()
    members: Members = Members()
    summary: str = ""
    started_at: datetime | None = None
    origin: Origin = "person"
    is_drill: bool = False
    is_triage: bool = False
    war_room: str = ""
    key: str = ""

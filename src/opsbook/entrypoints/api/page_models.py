"""What the API of pages and notifications takes and answers, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from opsbook.ledger.page_events import NotificationState, PageState

Why = Annotated[str, Meta(max_length=2000, description="The reason, which is kept.")]


class AttemptMade(Struct):
    """One try to hand a message over."""

    at: datetime
    state: str
    reason: str | None
    latency_ms: float | None
    is_duplicate: bool


class NotificationModel(Struct):
    """A message that somebody is to get, or got; `why` says why this person, `settled_why` why it was not sent."""

    id: str
    subject: str
    person: str
    channel: str
    level: int
    state: NotificationState
    why: str
    owed_at: datetime
    attempts: list[AttemptMade]
    page: str
    contact: str
    purpose: str
    due: datetime
    settled_why: str | None
    waits_for: str | None


class NotificationList(Struct):
    """Notifications, the last owed first."""

    notifications: list[NotificationModel]


class PageBrief(Struct):
    """A page in a list: one run of an escalation."""

    id: str
    state: PageState
    subject: str
    severity: str
    service: str | None
    group: str
    opened_at: datetime
    ended_at: datetime | None
    ended_how: str | None
    why: str | None
    alerts: list[str]
    is_drill: bool
    asked_by: str | None
    incident: int | None
    acknowledged_by: list[str]
    acknowledged_until: datetime | None
    needs: int


class PageList(Struct):
    """Pages, the last begun first."""

    pages: list[PageBrief]


class LevelReached(Struct):
    """A level whose turn came; -1 is the catch-all."""

    level: int
    loop: int
    at: datetime
    why: str


class Answered(Struct):
    """Somebody's acknowledgement."""

    by: str
    via: str
    at: datetime
    why: str


class PageModel(PageBrief):
    """A page with all that was done for it."""

    gone: list[str]
    level: int
    loop: int
    policy: dict[str, Any]
    section: dict[str, Any] | None
    levels: list[LevelReached]
    acknowledged: list[Answered]
    notifications: list[NotificationModel]


class PagesQuery(Struct, forbid_unknown_fields=True):
    """Which pages are asked for."""

    open: Annotated[bool, Meta(description="Only those that are open (true), or are over (false).")] | None = None
    group: Annotated[str, Meta(max_length=4096, description="Only those of one group.")] | None = None
    limit: Annotated[int, Meta(ge=1, le=500, description="How many at most.")] = 50


class NotificationsQuery(Struct, forbid_unknown_fields=True):
    """Which notifications are asked for."""

    person: Annotated[str, Meta(max_length=200, description="Only those of one person, by name or handle.")] | None = (
        None
    )
    page: Annotated[str, Meta(max_length=100, description="Only those of one page.")] | None = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 200


class AckBody(Struct, forbid_unknown_fields=True):
    """An acknowledgement."""

    why: Why = ""
    for_s: Annotated[float, Meta(ge=60, le=604_800, description="After how long people are woken again.")] | None = None


class PassOnBody(Struct, forbid_unknown_fields=True):
    """With the reason, if one is told."""

    why: Why = ""


class CancelBody(Struct, forbid_unknown_fields=True):
    """Why nobody is to be woken any more."""

    why: Annotated[str, Meta(min_length=1, max_length=2000, description="The reason, which is kept.")]


class SendBody(Struct, forbid_unknown_fields=True):
    """Whom to wake, and for what."""

    subject: Annotated[str, Meta(min_length=1, max_length=300, description="What they are woken for.")]
    to: Annotated[list[str], Meta(max_length=20, description="People, teams, schedules or #channels.")] = []
    service: Annotated[str, Meta(max_length=200, description="Whose people, where nobody is named.")] | None = None
    severity: Literal["P0", "P1", "P2", "P3"] = "P1"

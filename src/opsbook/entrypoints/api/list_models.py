"""What the API answers where it lists, as types. The entries themselves are told by the verbs' own documents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

Entries = list[dict[str, Any]]


class NowModel(Struct):
    """How every service is."""

    at: datetime
    total: int
    counts: dict[str, int]
    services: Entries
    without_check: list[str]
    unasked: Entries
    findings: dict[str, int]
    stale: Entries
    hints: Entries
    is_whole: bool


class ActivityModel(Struct):
    """What happened lately, the newest first."""

    activity: Entries


class Coverage(Struct):
    """Services × expected sections, alerts × pages; and what was practised."""

    services: Entries
    alerts: Entries
    summary: dict[str, int]
    practice: dict[str, Any]


class CoverageMapModel(Struct):
    """The map of sections: each cell with its state and its line."""

    slots: list[str]
    services: Entries
    alerts: Entries
    alert_summary: dict[str, int]
    by_owner: Entries
    by_rule: Entries
    summary: dict[str, int]
    without_runbook: Entries
    practice: dict[str, Any]


class Discovered(Struct):
    """What is deployed, against the runbooks: each service once; `undeployed` are services of the book that nothing
    which was read deploys."""

    services: Entries
    undeployed: Entries
    findings: Entries
    files: int


class ProceduresModel(Struct):
    """The procedures of services, and those of all."""

    services: Entries
    shared: Entries


class MonitoringModel(Struct):
    """What the pages tell of monitoring."""

    metrics: Entries
    alerts: Entries
    dashboards: Entries
    logs: Entries
    pages: Entries


class GraphsModel(Struct):
    """Graphs over a span. `away` says why there are none now; `is_configured` whether a Prometheus is."""

    range: str
    start: datetime
    end: datetime
    step_s: float
    is_configured: bool
    away: str
    graphs: Entries
    more: int
    alerts: Entries


class OnCallModel(Struct):
    """Who is on call at an instant; `known` is everybody whom the pages tell how to reach."""

    at: datetime
    service: str | None
    schedule: str | None
    team: str | None
    people: Entries
    next: Entries
    why_not: str | None
    schedules: Entries
    escalations: Entries
    known: Entries


class PagePlanModel(Struct):
    """Who would be paged, in the order of time, and by which escalation."""

    at: datetime
    service: str | None
    severity: str
    policy: dict[str, Any] | None
    steps: Entries
    why_nobody: str | None


class CalendarsModel(Struct):
    """Calendars that have a secret address."""

    calendars: Entries


class NewCalendarModel(Struct):
    """A calendar that has a secret address now."""

    id: str
    of: str
    name: str | None
    by: str
    at: datetime
    address: str


class ContactsModel(Struct):
    """The contacts of a page, and whom they reach."""

    contacts: Entries


class PagingReportModel(Struct):
    """How paging goes; lengths of time are in seconds, latencies in milliseconds."""

    since: datetime
    until: datetime
    alerts: int
    answered: dict[str, Any]
    services: Entries
    people: Entries
    noise: Entries
    delivery: Entries
    days: Entries

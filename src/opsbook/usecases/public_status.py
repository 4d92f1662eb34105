"""What everybody may know, as one value: components, incidents as customers were told of them, planned work, uptime.

Nothing else of the ledger or the book is in it: no internal title, no name of a person, host, service or page, no id
that is used inside. What is not in these values cannot be shown by mistake.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

ComponentState = Literal["operational", "degraded", "partial_outage", "major_outage", "maintenance", "unknown"]
PublicPhase = Literal["investigating", "identified", "monitoring", "resolved"]
Gravity = Literal["none", "minor", "major", "critical", "maintenance"]

# The graver one wins, where several say something of a component at once.
GRAVITY: dict[ComponentState, int] = {
    "operational": 0, "unknown": 1, "maintenance": 2, "degraded": 3, "partial_outage": 4, "major_outage": 5,
}  # fmt: skip
IMPACT: dict[ComponentState, Gravity] = {
    "operational": "none", "unknown": "none", "maintenance": "maintenance", "degraded": "minor",
    "partial_outage": "major", "major_outage": "critical",
}  # fmt: skip
_SPELLINGS: dict[str, ComponentState] = {
    "degraded_performance": "degraded", "under_maintenance": "maintenance", "ok": "operational", "up": "operational",
    "outage": "major_outage", "down": "major_outage", "partial": "partial_outage", "major": "major_outage",
}  # fmt: skip
SHOWN_DAYS = 90


class UptimeDay(Struct, frozen=True, gc=False):
    """How many readings of a component's health checks were as expected on a day in UTC, and how many were not."""

    day: date
    ok: int = 0
    failed: int = 0

    @property
    def share(self) -> float | None:
        """The share that was as expected; None where nothing was read."""
        read = self.ok + self.failed
        return self.ok / read if read else None


class PublicComponent(Struct, frozen=True):
    """A component: `since` when it is as it is, where that is known; `days` are empty for one that nothing measures."""

    id: str
    name: str
    description: str
    group: str
    state: ComponentState
    since: datetime | None = None
    days: tuple[UptimeDay, ...] = ()

    @property
    def uptime(self) -> float | None:
        """The share of all readings that was as expected."""
        ok, failed = sum(each.ok for each in self.days), sum(each.failed for each in self.days)
        return ok / (ok + failed) if ok + failed else None


class Affected(Struct, frozen=True, gc=False):
    """That an update says how a component is, and how the one before said it was."""

    id: str
    name: str
    before: ComponentState
    after: ComponentState


class PublicUpdate(Struct, frozen=True):
    """What customers were told: `at` when first, `corrected_at` when it was put right."""

    id: str
    at: datetime
    phase: PublicPhase
    body: str
    affected: tuple[Affected, ...] = ()
    corrected_at: datetime | None = None

    @property
    def changed_at(self) -> datetime:
        """When it was last another."""
        return self.corrected_at or self.at


class PublicIncident(Struct, frozen=True):
    """An incident as customers know it, the newest update first. `began` is when they were first told."""

    id: str
    title: str
    phase: PublicPhase
    impact: Gravity
    began: datetime
    changed_at: datetime
    updates: tuple[PublicUpdate, ...]
    components: tuple[str, ...] = ()
    monitoring_at: datetime | None = None
    resolved_at: datetime | None = None


class PublicMaintenance(Struct, frozen=True):
    """Planned work that somebody announced."""

    id: str
    title: str
    body: str
    phase: Literal["scheduled", "in_progress", "completed"]
    starts_at: datetime
    ends_at: datetime
    announced_at: datetime
    changed_at: datetime
    components: tuple[str, ...] = ()


class PublicStatus(Struct, frozen=True):
    """The public page as it was at `at`. `incidents` are not over, `past` were within the days shown; each the newest
    first. `is_set_up` where somebody said what is shown."""

    at: datetime
    title: str
    introduction: str
    contact: str
    state: ComponentState
    components: tuple[PublicComponent, ...] = ()
    incidents: tuple[PublicIncident, ...] = ()
    past: tuple[PublicIncident, ...] = ()
    maintenances: tuple[PublicMaintenance, ...] = ()
    past_maintenances: tuple[PublicMaintenance, ...] = ()
    changed_at: datetime | None = None
    is_set_up: bool = True

    @property
    def all_incidents(self) -> tuple[PublicIncident, ...]:
        """Those that are not over, and those that are."""
        return (*self.incidents, *self.past)

    @property
    def all_maintenances(self) -> tuple[PublicMaintenance, ...]:
        """Those to come and under way, and those that are over."""
        return (*self.maintenances, *self.past_maintenances)


def state_of_word(word: str) -> ComponentState | None:
    """The state of a component that a word means, as updates and Statuspage spell it."""
    plain = "_".join(word.lower().replace("-", " ").replace("_", " ").split())
    return plain if plain in GRAVITY else _SPELLINGS.get(plain)


def gravest(states: Iterable[ComponentState]) -> ComponentState:
    """The gravest of these; operational where there are none."""
    worst: ComponentState = "operational"
    for state in states:
        worst = state if GRAVITY[state] > GRAVITY[worst] else worst
    return worst

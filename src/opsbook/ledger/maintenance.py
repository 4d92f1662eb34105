"""Planned work that customers are told of: its events, and what they come to. Pure; knows no clock.

Each announcement has a stream of its own, `maintenance/ID`. Who is woken meanwhile is another matter: that is a
silence's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger.event import Draft, Event
from opsbook.ledger.view import Kept, Row, View

MAINTENANCES = "maintenance/"
ANNOUNCED = "MaintenanceAnnounced"
ENDED = "MaintenanceEnded"

MaintenanceState = Literal["scheduled", "in_progress", "completed", "cancelled"]


class Maintenance(Struct, frozen=True):
    """Planned work as customers read it: `components` are names of the status page's table. `ended_at` is when somebody
    said that it is over, before its time or behind it; `is_cancelled` where it never took place. `by` is never shown to
    customers, nor is the id of the `silence` that it was announced from."""

    id: str
    title: str
    starts_at: datetime
    ends_at: datetime
    announced_at: datetime
    changed_at: datetime
    body: str = ""
    components: tuple[str, ...] = ()
    by: str = ""
    silence: str = ""
    ended_at: datetime | None = None
    is_cancelled: bool = False
    number: int = 0

    def state(self, at: datetime) -> MaintenanceState:
        """How far it is at an instant."""
        if self.is_cancelled:
            return "cancelled"
        if self.ended_at is not None or at >= self.ends_at:
            return "completed"
        return "in_progress" if at >= self.starts_at else "scheduled"

    @property
    def over_at(self) -> datetime:
        """When it was or will be over."""
        return self.ended_at or self.ends_at


def announced(
    *, title: str, body: str, starts_at: datetime, ends_at: datetime, components: tuple[str, ...], silence: str = "",
) -> Draft:  # fmt: skip
    """Customers are told of it, or told otherwise than before."""
    return Draft(ANNOUNCED, {
        "title": title, "body": body, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat(),
        "components": list(components), "silence": silence,
    })  # fmt: skip


def ended(*, is_cancelled: bool) -> Draft:
    """It is over, or does not take place."""
    return Draft(ENDED, {"is_cancelled": is_cancelled})


def after(found: Maintenance | None, event: Event) -> Maintenance | None:
    """The announcement after one more event of its stream; None before its first."""
    if event.kind == ANNOUNCED:
        known: dict[str, Any] = {
            "id": event.stream.removeprefix(MAINTENANCES), "changed_at": event.at, "by": event.actor,
            "announced_at": found.announced_at if found is not None else event.at, "number": event.number,
        }  # fmt: skip
        return msgspec.convert({**event.facts, **known}, Maintenance)
    if found is None:
        return None
    if event.kind == ENDED:
        return replace(
            found, ended_at=event.at, is_cancelled=event.facts["is_cancelled"], changed_at=event.at,
            number=event.number,
        )  # fmt: skip
    return replace(found, number=event.number)


def maintenance_of(kept: Kept) -> Maintenance:
    """The announcement that a row of the view holds."""
    return msgspec.convert(kept.row.document, Maintenance)


def _row(row: Row | None, event: Event) -> Row | None:
    found = after(row.document if row is not None else None, event)
    return Row(found.ended_at is None, "", found) if found is not None else None


MAINTENANCE_VIEW = View("maintenances", 1, MAINTENANCES, _row, Maintenance)

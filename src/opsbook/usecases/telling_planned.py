"""Planned work as its subscribers are told of it: to whom it is owed, recorded with the announcement, and its words.
Sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from msgspec.structs import replace

from opsbook.ledger import telling_events as events
from opsbook.ledger.maintenance import MAINTENANCE_VIEW, MAINTENANCES, Maintenance, maintenance_of
from opsbook.ledger.telling import stream_of
from opsbook.usecases.ledger_ports import EngineLedger, Timer, Write
from opsbook.usecases.telling_owed import DUE, telling_id

OwedPlanned = Callable[[Maintenance, Maintenance | None, datetime], list[Write]]
Subscribers = Callable[[tuple[str, ...]], Iterable[tuple[str, str]]]  # by components: ids, as people see them


def planned_owed_to(subscribers: Subscribers) -> OwedPlanned:
    """What gives the writes for planned work that was announced, changed or ended: one for each subscriber of what it
    is about, or was about before, who would else wait for it. None where nothing changed that customers read."""

    def owed(maintenance: Maintenance, before: Maintenance | None, at: datetime) -> list[Write]:
        if before is not None and _read(before) == _read(maintenance):
            return []
        about = dict.fromkeys((*maintenance.components, *(before.components if before is not None else ())))
        return [_write(maintenance, id, shown, at) for id, shown in dict(subscribers(tuple(about))).items()]

    return owed


def nobody(maintenance: Maintenance, before: Maintenance | None, at: datetime) -> list[Write]:
    """Nobody is told."""
    return []


def planned_of(ledger: EngineLedger) -> Callable[[str], Maintenance | None]:
    """What finds planned work by its id, as it is now."""

    def find(id: str) -> Maintenance | None:
        kept = ledger.row(MAINTENANCE_VIEW.name, MAINTENANCES + id)
        return maintenance_of(kept) if kept is not None else None

    return find


def planned_title(maintenance: Maintenance) -> str:
    """What a message about it is called."""
    is_changed = maintenance.announced_at != maintenance.changed_at
    what = "cancelled" if maintenance.is_cancelled else "is over" if maintenance.ended_at else ""
    what = what or ("changed" if is_changed else "")
    return f"Planned work{' ' if what else ''}{what}: {maintenance.title}"[:200]


def planned_body(maintenance: Maintenance) -> str:
    """What is said of it: when, what it touches, and what was announced."""
    about = f"It concerns: {', '.join(maintenance.components)}." if maintenance.components else ""
    if maintenance.is_cancelled:
        said = f"It does not take place. It was planned for {_span(maintenance)}."
    elif maintenance.ended_at is not None:
        said = f"It is over since {_time(maintenance.ended_at)}."
    else:
        said = f"From {_span(maintenance)}."
        about = f"{about}\n\n{maintenance.body}".strip()
    return "\n".join(filter(None, (said, about)))


def planned_facts(maintenance: Maintenance) -> dict[str, object]:
    """The same for machines, and nothing of what is only ours."""
    return {
        "id": maintenance.id, "title": maintenance.title, "body": maintenance.body,
        "starts_at": maintenance.starts_at.astimezone(UTC).isoformat(),
        "ends_at": maintenance.ends_at.astimezone(UTC).isoformat(),
        "ended_at": maintenance.ended_at.astimezone(UTC).isoformat() if maintenance.ended_at else None,
        "is_cancelled": maintenance.is_cancelled, "components": list(maintenance.components),
    }  # fmt: skip


def _write(maintenance: Maintenance, id: str, shown: str, at: datetime) -> Write:
    stream = stream_of(telling_id(maintenance.id, maintenance.number, "subscription", id))
    draft = events.owed(
        incident="", update=maintenance.number, to="subscription", name=id, shown=shown, purpose="planned",
        audience="customers", maintenance=maintenance.id,
    )  # fmt: skip
    return Write(stream, (draft,), 0, (Timer(stream, DUE, at),))


def _read(maintenance: Maintenance) -> Maintenance:
    """What customers read of it, and nothing else."""
    return replace(maintenance, number=0, changed_at=maintenance.announced_at, by="", silence="")


def _span(maintenance: Maintenance) -> str:
    begins, ends = (each.astimezone(UTC) for each in (maintenance.starts_at, maintenance.ends_at))
    until = f"{ends:%H:%M} UTC" if begins.date() == ends.date() else _time(ends)
    return f"{begins:%A %Y-%m-%d %H:%M} to {until}"


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%A %Y-%m-%d %H:%M} UTC"

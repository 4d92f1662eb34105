"""An entry of the timeline of an incident, as a value, and the kinds there are. Composes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from opsbook.ledger.event import Event
from opsbook.ledger.incident_brought import BROUGHT
from opsbook.ledger.incident_events import KeptFile
from opsbook.ledger.incident_times import bounded

KINDS = ("declared", "status", "severity", "role", "task", "note", "decision", "command", "alert", "page", "ack", "run",
         "step", "health", "deploy", "change", "update", "action", "file", "chat", "relation", "report")  # fmt: skip


class TimelineEntry(Struct, frozen=True, gc=False):
    """What happened `at`, which was recorded at `recorded_at`. `key` names it for ever (`stream:number`); `link` is an
    address of ours, such as `/runs/…`. `said` are what it said before it was corrected, the oldest first, with why.
    `changed` is the position of the last event that made it what it is."""

    key: str
    at: datetime
    recorded_at: datetime
    kind: str
    actor: str
    text: str
    link: str = ""
    files: tuple[KeptFile, ...] = ()
    is_pinned: bool = False
    is_struck: bool = False
    said: tuple[tuple[str, str, str], ...] = ()  # text before, why, who corrected it
    position: int = 0
    changed: int = 0


class Told(Struct, frozen=True, gc=False):
    """What a teller makes of an event: `at` where it happened at another time than it was recorded."""

    kind: str
    text: str
    link: str = ""
    at: datetime | None = None
    files: tuple[KeptFile, ...] = ()


def key_of(event: Event) -> str:
    """What the entry of an event is named by."""
    return f"{event.stream}:{event.number}"


def entry_of(event: Event, told: Told) -> TimelineEntry:
    """The entry of an event."""
    brought = event.facts.get(BROUGHT)
    written = time_in(brought.get("at")) if isinstance(brought, dict) else None  # in a file, while the ledger was away
    return TimelineEntry(
        f"{event.stream}:{event.number}", told.at or written or event.at, event.at, told.kind, event.actor, told.text,
        told.link, told.files, position=event.position, changed=event.position,
    )  # fmt: skip


def time_in(value: Any) -> datetime | None:
    """A time of the facts of an event; None for what is none. One without a zone is taken for UTC."""
    if not isinstance(value, str) or not value:
        return None
    try:
        return bounded(datetime.fromisoformat(value))
    except ValueError:
        return None


def sentence(*parts: object) -> str:
    """Parts with a space between them, those that are empty left out."""
    return " ".join(text for text in (str(part or "").strip() for part in parts) if text)


def because(words: str, why: object) -> str:
    """A clause with its reason: `Mitigating: the primary was restarted`; with a full stop where there is none."""
    reason = str(why or "").strip()
    return f"{words}: {reason}" if reason else f"{words}."


def counted(count: int, one: str, several: str = "") -> str:
    """`1 alert`, `3 alerts`."""
    return f"{count} {one if count == 1 else several or one + 's'}"

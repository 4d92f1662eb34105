"""The timeline of an incident: what is recorded of it, of its alerts, pages and runs, of health, in one order.

Nothing is copied: an entry is an event, in whatever stream it was recorded. What was read is kept, so that one more
event costs one entry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_events import KeptFile
from opsbook.usecases.ledger_ports import EngineLedger

KINDS = ("declared", "status", "severity", "role", "task", "note", "decision", "command", "alert", "page", "ack", "run",
         "step", "health", "deploy", "change", "update", "action", "file", "chat", "relation", "report")  # fmt: skip


class TimelineEntry(Struct, frozen=True):
    """What happened `at`, which was recorded at `recorded_at`. `key` names it for ever (`stream:number`); `link` is an
    address of ours, such as `/runs/…`. `said` are what it said before it was corrected, the oldest first, with why."""

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


class Timelines:
    """The timelines of a ledger; safe to ask from several threads."""

    def __init__(self, ledger: EngineLedger, *, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._now = now

    def entries(self, incident: Incident) -> Sequence[TimelineEntry]:
        """All entries in the order in which things happened."""
        raise NotImplementedError

    def select(
        self, incident: Incident, *, kinds: Sequence[str] = (), words: str = "", only_pinned: bool = False,
        before: str = "", after: str = "", limit: int = 200,
    ) -> list[TimelineEntry]:  # fmt: skip
        """Entries of these kinds that hold these words, the newest first: at most `limit` of those before or after the
        entry of a key."""
        raise NotImplementedError

    def concerns(self, stream: str) -> int | None:
        """The number of the live incident to which events of a stream belong, None where to none."""
        raise NotImplementedError

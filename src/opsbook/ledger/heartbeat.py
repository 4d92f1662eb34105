"""Heartbeats as folds over their events: how often something is to call, and whether it is late. Pure; knows no clock.

Each heartbeat has a stream of its own, `heartbeat/NAME`, with a timer LATE. Calls are sightings of that name, not
events: an event is only what changed. Everything that changes one lives in FOLDS, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger.event import Draft, Event
from opsbook.ledger.signal import Batch, Signal, Source
from opsbook.ledger.view import Row, View

HEARTBEATS = "heartbeat/"
LATE = "late"  # the timer
HEARTBEAT_PUT = "HeartbeatPut"
HEARTBEAT_BEGUN = "HeartbeatBegun"
HEARTBEAT_MISSED = "HeartbeatMissed"
HEARTBEAT_BACK = "HeartbeatBack"
HEARTBEAT_PAUSED = "HeartbeatPaused"
HEARTBEAT_RESUMED = "HeartbeatResumed"
HEARTBEAT_REMOVED = "HeartbeatRemoved"
SOURCE = Source("heartbeat", "heartbeat", "heartbeat")
State = Literal["new", "healthy", "late", "paused"]


class KeptHeartbeat(Struct, frozen=True):
    """A heartbeat as its events left it; `missed_at` is since when it is late."""

    name: str
    every_s: float
    grace_s: float
    severity: str
    service: str | None
    runbook: str
    state: State = "new"
    missed_at: datetime | None = None

    @property
    def patience(self) -> timedelta:
        """How long after a call the next one is late."""
        return timedelta(seconds=self.every_s + self.grace_s)


def put(*, every_s: float, grace_s: float, severity: str, service: str | None, runbook: str) -> Draft:
    """Something is to call from now on, or in another way than before."""
    return Draft(HEARTBEAT_PUT, {
        "every_s": every_s, "grace_s": grace_s, "severity": severity, "service": service, "runbook": runbook,
    })  # fmt: skip


def missed(since: datetime) -> Draft:
    """It did not call in time."""
    return Draft(HEARTBEAT_MISSED, {"since": since.isoformat()})


def folded(heartbeat: KeptHeartbeat | None, event: Event) -> KeptHeartbeat | None:
    """The heartbeat after one more event of its stream; None before it was put and after it was removed."""
    facts = event.facts
    if event.kind == HEARTBEAT_PUT:
        name = event.stream.removeprefix(HEARTBEATS)
        before = heartbeat or KeptHeartbeat(name, 0, 0, "P1", None, "")
        return replace(before, **facts)
    if heartbeat is None or event.kind == HEARTBEAT_REMOVED:
        return None
    fold = FOLDS.get(event.kind)
    return fold(heartbeat, facts) if fold is not None else heartbeat


FOLDS: dict[str, Callable[[KeptHeartbeat, dict[str, Any]], KeptHeartbeat]] = {
    HEARTBEAT_BEGUN: lambda heartbeat, _facts: replace(heartbeat, state="healthy"),
    HEARTBEAT_MISSED: lambda heartbeat, facts: replace(
        heartbeat, state="late", missed_at=datetime.fromisoformat(facts["since"])
    ),
    HEARTBEAT_BACK: lambda heartbeat, _facts: replace(heartbeat, state="healthy", missed_at=None),
    HEARTBEAT_PAUSED: lambda heartbeat, _facts: replace(heartbeat, state="paused", missed_at=None),
    HEARTBEAT_RESUMED: lambda heartbeat, _facts: replace(heartbeat, state="healthy"),
}


def silence_of(heartbeat: KeptHeartbeat, since: datetime, last_at: datetime | None) -> Batch:
    """What is told when it is late since then."""
    told = f"It called last at {last_at:%Y-%m-%d %H:%M:%S} UTC" if last_at else "It has not called"
    summary = f"Heartbeat '{heartbeat.name}' is late"
    described = f"{told}, and is to call every {heartbeat.every_s:g} s, with {heartbeat.grace_s:g} s of grace."
    annotations = {"summary": summary, "description": described}
    if heartbeat.runbook:
        annotations["runbook_url"] = heartbeat.runbook
    return Batch("heartbeat", (Signal(heartbeat.name, "firing", _labels(heartbeat), annotations, since),))


def return_of(heartbeat: KeptHeartbeat, at: datetime, *, why: str) -> Batch:
    """What is told when it is late no more."""
    annotations = {"summary": f"Heartbeat '{heartbeat.name}' {why}"}
    labels = _labels(heartbeat)
    signal = Signal(heartbeat.name, "resolved", labels, annotations, heartbeat.missed_at, at)
    return Batch("heartbeat", (signal,))


def _labels(heartbeat: KeptHeartbeat) -> dict[str, str]:
    labels = {"alertname": "HeartbeatLate", "heartbeat": heartbeat.name, "severity": heartbeat.severity}
    return {**labels, "service": heartbeat.service} if heartbeat.service else labels


def heartbeat_of(row: Row) -> KeptHeartbeat:
    """The heartbeat of a row of the view."""
    return msgspec.convert(row.document, KeptHeartbeat)


def _row(row: Row | None, event: Event) -> Row | None:
    heartbeat = folded(heartbeat_of(row) if row is not None else None, event)
    return Row(True, heartbeat.state, msgspec.to_builtins(heartbeat)) if heartbeat is not None else None


HEARTBEAT_VIEW = View("heartbeats", 1, HEARTBEATS, _row)

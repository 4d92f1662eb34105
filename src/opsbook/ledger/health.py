"""Health out of several readings: how a probe's state moves, and why, in words. Pure; asks no endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger.event import Draft, Event

HEALTH_CHANGED = "HealthChanged"
HEALTH_ATTACHED = "HealthAttached"

State = Literal["unknown", "healthy", "unhealthy"]
Outcome = Literal[
    "ok", "dns", "refused", "unreachable", "timeout", "tls", "redirect", "status", "body", "slow", "protocol",
    "forbidden",
]  # fmt: skip


class Reading(Struct, frozen=True, gc=False):
    """One answer of a probed endpoint. `why` is a whole sentence for people; `latency_ms` is to the whole answer;
    `certificate_ends` is until when the server's certificate is good, where one was shown."""

    probe: str
    at: datetime
    outcome: Outcome
    why: str
    latency_ms: float
    status: int | None = None
    certificate_ends: datetime | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the answer was as expected."""
        return self.outcome == "ok"


class Health(Struct, frozen=True):
    """What several readings say of a probe: `since` when it is so, `why` in words, true of the last reading too, how
    many readings in a row say other than the state, the last reading, and `settled`, the words of the change."""

    probe: str
    state: State = "unknown"
    since: datetime | None = None
    why: str = "It has not been asked yet."
    streak: int = 0
    last: Reading | None = None
    settled: str = ""


def judge(health: Health, reading: Reading, *, failures: int, successes: int) -> Health:
    """The health after one more reading.

    It becomes unhealthy when `failures` readings in a row failed, and healthy again when `successes` in a row were as
    expected; one reading that says otherwise begins the count anew, so that what flaps keeps its state. Before anything
    is known, the first reading that is as expected says healthy at once: a server that starts need not wait.
    """
    state = health.state
    if reading.is_ok == (state == "healthy") and state != "unknown":
        return replace(health, streak=0, why=_still(health, reading), last=reading)
    streak = health.streak + 1
    needed = (1 if state == "unknown" else successes) if reading.is_ok else failures
    if streak >= needed:
        now: State = "healthy" if reading.is_ok else "unhealthy"
        why = _recovered(health, streak) if reading.is_ok else _failed(streak, reading)
        return Health(health.probe, now, reading.at, why, 0, reading, why)
    why = _not_yet(streak, failures, reading) if state == "unknown" else _other(streak, successes, reading)
    return replace(health, streak=streak, why=why, last=reading)


def _failed(streak: int, reading: Reading) -> str:
    counted = "The last reading failed" if streak == 1 else f"{streak} readings in a row failed"
    return f"{counted}: {_clause(reading.why)}"


def _recovered(health: Health, streak: int) -> str:
    if health.state == "unknown":
        return "It answers as expected."
    counted = "a reading" if streak == 1 else f"{streak} readings in a row"
    return f"It answers as expected again, {counted}."


def _not_yet(streak: int, failures: int, reading: Reading) -> str:
    return f"Not known yet: {streak} of {failures} readings that it takes failed: {_clause(reading.why)}"


def _still(health: Health, reading: Reading) -> str:
    """What a reading that agrees with the state says: the words of the change, unless it fails in another way now."""
    if reading.is_ok:
        return health.settled or "It answers as expected."
    if health.settled.endswith(_clause(reading.why)):
        return health.settled
    return f"Unhealthy still; the last reading failed: {_clause(reading.why)}"


def _other(streak: int, successes: int, reading: Reading) -> str:
    if reading.is_ok:
        counted = "the last reading was" if streak == 1 else f"the last {streak} readings were"
        return f"Unhealthy; {counted} as expected, and {successes} in a row are needed."
    counted = "the last reading failed" if streak == 1 else f"the last {streak} readings failed"
    return f"Healthy so far; {counted}: {_clause(reading.why)}"


def _clause(why: str) -> str:
    """A sentence as the end of another one: `It` and `Nothing` lose their capital, names and addresses keep it."""
    first = why.partition(" ")[0]
    return why[:1].lower() + why[1:] if first in _LEADS else why


_LEADS = frozenset(("It", "The", "Nothing", "No", "Nobody", "There", "This", "Its", "A", "An"))


def change(before: Health, after: Health, facts: dict[str, Any]) -> Draft | None:
    """The event that tells of a change of state, with these facts of the probe besides; None where there was none."""
    if after.state == before.state or after.since is None:
        return None
    last = after.last
    told = {
        **facts,
        "from": before.state,
        "to": after.state,
        "why": after.why,
        "outcome": last.outcome if last else None,
        "status": last.status if last else None,
        "latency_ms": last.latency_ms if last else None,
    }
    return Draft(HEALTH_CHANGED, told)


def attached(incident: int, why: str = "") -> Draft:
    """That it is unhealthy opened the incident of that number, or made it worse."""
    return Draft(HEALTH_ATTACHED, {"incident": incident, "why": why})


def fold(probe: str, events: Iterable[Event]) -> Health:
    """The health of a probe as its stored changes leave it. What has been read since the last is not in them."""
    health = Health(probe)
    for event in events:
        if event.kind == HEALTH_CHANGED and event.facts.get("to") in ("healthy", "unhealthy"):
            why = str(event.facts.get("why") or "")
            health = Health(probe, event.facts["to"], event.at, why, settled=why)
    return health


def resumed(health: Health, last: Reading | None) -> Health:
    """A health as it was left, before anything was asked anew: the state stays, and the words say how old it is."""
    at = last.at if last else health.since
    if at is None:
        return health
    known = "last asked" if health.state == "unknown" else f"{health.state} when last known,"
    cause = f": {_clause(health.settled)}" if health.state == "unhealthy" and health.settled else "."
    why = f"Not asked since Opsbook started to watch it; {known} {_minute(at)}{cause}"
    return replace(health, last=last, why=why)


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

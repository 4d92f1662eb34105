"""Health out of several readings: how a probe's state moves, and why, in words. Pure; asks no endpoint."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

State = Literal["unknown", "healthy", "unhealthy"]
Outcome = Literal[
    "ok", "dns", "refused", "unreachable", "timeout", "tls", "redirect", "status", "body", "slow", "protocol",
    "forbidden",
]  # fmt: skip


class Reading(Struct, frozen=True, gc=False):
    """One answer of a probed endpoint. `why` is a whole sentence for people; `latency_ms` is to the whole answer."""

    probe: str
    at: datetime
    outcome: Outcome
    why: str
    latency_ms: float
    status: int | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the answer was as expected."""
        return self.outcome == "ok"


class Health(Struct, frozen=True):
    """What several readings say of a probe: `since` when it is so, `why` in words, how many readings in a row say other
    than the state, and the last reading."""

    probe: str
    state: State = "unknown"
    since: datetime | None = None
    why: str = "It has not been asked yet."
    streak: int = 0
    last: Reading | None = None

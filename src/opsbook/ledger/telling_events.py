"""The events of handing one status update to one receiver: their kinds, and a draft of each. Folds nothing.

Each has a stream of its own, `telling/ID`, that is recorded with the publication. No event holds an address: a channel
is a name of the policy page, a subscriber the id of a subscription, whose address lies beside the events.
"""

from __future__ import annotations

from typing import Literal

from opsbook.ledger.event import Draft

TELLINGS = "telling/"

OWED = "TellingOwed"
BEGUN = "TellingAttempted"
ENDED = "TellingAttemptEnded"
SETTLED = "TellingSettled"

To = Literal["channel", "subscription"]
Purpose = Literal["update", "confirm", "planned"]


def owed(
    *, incident: str, update: int, to: To, name: str, shown: str, purpose: Purpose = "update", audience: str = "",
    maintenance: str = "",
) -> Draft:  # fmt: skip
    """An update of an incident is to be handed to a channel, or to a subscription by its id; `shown` is what people may
    see of where it goes. `confirm`: a subscription is to be confirmed, by whoever reads it; then there is no
    incident. `planned`: it tells of planned work, as its event of the number `update` has it."""
    return Draft(OWED, {"incident": incident, "update": update, "to": to, "name": name, "shown": shown,
                        "purpose": purpose, "audience": audience,
                        **({"maintenance": maintenance} if maintenance else {})})  # fmt: skip


def begun(attempt: int, is_duplicate: bool = False) -> Draft:
    """It is about to be handed over; `is_duplicate` where an earlier attempt may have come through unseen."""
    return Draft(BEGUN, {"attempt": attempt, "is_duplicate": is_duplicate})


def ended(
    attempt: int, state: str, *, reason: str = "", latency_ms: float | None = None,
    retry_after_s: float | None = None,
) -> Draft:  # fmt: skip
    """What became of an attempt: accepted, delivered, failed for good, retrying later, lost (nobody knows)."""
    return Draft(ENDED, {"attempt": attempt, "state": state, "reason": reason, "latency_ms": latency_ms,
                         "retry_after_s": retry_after_s})  # fmt: skip


def settled(state: Literal["failed", "dropped"], why: str) -> Draft:
    """It is given up, or need not be handed over any more."""
    return Draft(SETTLED, {"state": state, "why": why})

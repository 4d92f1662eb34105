"""The words by which senders say that something is wrong, or over. Knows no format."""

from __future__ import annotations

import re
from typing import Any

from opsbook.ledger.inbound import loose
from opsbook.ledger.signal import Action

RESOLVED = frozenset(
    "resolved resolve ok okay up recovered recovery recover normal closed close success successful succeeded passed"
    " green healthy inactive cleared clear fixed completed operational online back good".split()
)
FIRING = frozenset(
    "firing fire alerting alert triggered trigger problem down critical crit warning warn error err failed failure fail"
    " failing active open opened new created red unhealthy degraded outage offline bad pending nodata no_data".split()
)
_OF_PEOPLE: dict[str, Action] = {
    "acknowledged": "acknowledged", "acknowledge": "acknowledged", "ack": "acknowledged", "acked": "acknowledged",
    "unacknowledged": "unacknowledged", "unacknowledge": "unacknowledged",
}  # fmt: skip
_WORD = re.compile(r"[a-z_]+")


def action_of(status: Any) -> tuple[Action, str]:
    """What a status says, and a sentence where that is not known: then it is taken for firing, because to drop it would
    wake nobody. True is firing, and so is a status that is not told."""
    if status is None or status == "" or isinstance(status, bool):
        return ("resolved" if status is False else "firing"), ""
    text = loose.as_text(status)
    found = action_in(text)
    if found is not None:
        return found, ""
    return "firing", f"'{text[:40]}' is no status that is known, such as firing or resolved; it was taken for firing."


def action_in(text: str) -> Action | None:
    """What the first telling word of a short text says; None where it has none."""
    for word in _WORD.findall(text.lower()[:200]):
        if word in _OF_PEOPLE:
            return _OF_PEOPLE[word]
        if word in RESOLVED:
            return "resolved"
        if word in FIRING:
            return "firing"
    return None

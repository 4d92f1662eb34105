"""How an incident may move: everything that decides it is in MOVES, and nowhere else. Records nothing.

The finer states stand behind the user's three words (Investigating, Mitigating, Resolved). Skipping forward is allowed:
mitigated and resolved at once is how most incidents end. Going back from Mitigating or Resolved counts as a regression.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.incident_events import IncidentState
from opsbook.ledger.incident_values import Incident

_ON: frozenset[IncidentState] = frozenset({"investigating", "identified", "mitigating", "monitoring", "resolved"})
MOVES: dict[IncidentState, frozenset[IncidentState]] = {
    "triage": _ON | {"dismissed", "merged"},
    "investigating": (_ON - {"investigating"}) | {"dismissed", "merged"},
    "identified": (_ON - {"identified"}) | {"merged"},
    "mitigating": (_ON - {"mitigating"}) | {"merged"},
    "monitoring": (_ON - {"monitoring"}) | {"merged"},
    "resolved": frozenset({"investigating", "identified", "mitigating", "closed"}),
    "closed": frozenset({"investigating"}),
    "dismissed": frozenset({"investigating"}),
    "merged": frozenset({"investigating"}),
}
# What people may call a state, besides its own name: the user's three words, and those of other tools.
WORDS: dict[str, IncidentState] = {
    "investigating": "investigating", "mitigating": "mitigating", "resolved": "resolved", "triage": "triage",
    "identified": "identified", "monitoring": "monitoring", "mitigated": "monitoring", "watching": "monitoring",
    "closed": "closed", "dismissed": "dismissed", "cancelled": "dismissed", "canceled": "dismissed",
    "fixing": "mitigating", "live": "investigating", "open": "investigating", "declared": "investigating",
    "fixed": "resolved",
}  # fmt: skip
AHEAD = timedelta(minutes=1)  # by how much a clock may be ahead of ours


def check_move(incident: Incident, state: IncidentState, happened_at: datetime, now: datetime) -> None:
    """Raises Refusal where it cannot move there from where it is, Usage where the time cannot be: before what happened
    before it, or in the future."""
    if state not in MOVES[incident.state]:
        there = ", ".join(sorted(MOVES[incident.state]))
        raise Refusal(f"{incident.name} is {incident.state}; from there it can become {there}, and not {state}.")
    if happened_at > now + AHEAD:
        raise Usage(f"{_told(happened_at)} is in the future: it is {_told(now)}.")
    last_name, last = latest(incident)
    if happened_at < last:
        raise Usage(
            f"{incident.name} cannot have been {state} at {_told(happened_at)}: that is before it {last_name}"
            f" ({_told(last)}). Correct that time first, or give a later one."
        )


def latest(incident: Incident) -> tuple[str, datetime]:
    """The last thing that is known to have happened to it, in words, and when: nothing can have happened before."""
    known = [("was declared", incident.declared_at)] if incident.started_at is None else []
    for name, at in (
        ("began", incident.started_at), ("was identified", incident.identified_at),
        ("was mitigated", incident.mitigated_at), ("was resolved", incident.resolved_at),
        ("was closed", incident.closed_at),
    ):  # fmt: skip
        if at is not None:
            known.append((name, at))
    return max(known, key=lambda each: each[1])


def _told(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"

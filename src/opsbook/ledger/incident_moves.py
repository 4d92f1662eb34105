"""How an incident may move: everything that decides it is in MOVES, and nowhere else. Records nothing.

The finer states stand behind the user's three words (Investigating, Mitigating, Resolved). Skipping forward is allowed:
mitigated and resolved at once is how most incidents end. Going back from Mitigating or Resolved counts as a regression.
"""

from __future__ import annotations

from datetime import datetime

from opsbook.ground.errors import Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger.incident_events import IncidentState
from opsbook.ledger.incident_times import passed
from opsbook.ledger.incident_values import Incident

_ON: frozenset[IncidentState] = frozenset({"investigating", "identified", "mitigating", "monitoring", "resolved"})
MOVES: dict[IncidentState, frozenset[IncidentState]] = {
    "triage": _ON | {"dismissed", "merged"},
    "investigating": (_ON - {"investigating"}) | {"dismissed", "merged"},
    "identified": (_ON - {"identified"}) | {"merged", "dismissed"},
    "mitigating": (_ON - {"mitigating"}) | {"merged", "dismissed"},
    "monitoring": (_ON - {"monitoring"}) | {"merged", "dismissed"},
    "resolved": frozenset({"investigating", "identified", "mitigating", "closed", "merged"}),
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
    "fixed": "resolved", "merged": "merged",
}  # fmt: skip
# The times of an incident in the order in which they happen, with what each says of it.
TIMES: tuple[tuple[str, str], ...] = (
    ("started_at", "began"), ("detected_at", "was detected"), ("identified_at", "was identified"),
    ("mitigated_at", "was mitigated"), ("resolved_at", "was resolved"), ("closed_at", "was closed"),
)  # fmt: skip


def state_of(words: str) -> IncidentState:
    """The state that people mean; raises Usage, with a guess."""
    plain = words.strip().lower()
    state = WORDS.get(plain)
    if state is None:
        near = closest(plain, WORDS)
        told = f" Did you mean '{near}'?" if near else ""
        raise Usage(f"'{words[:80]}' is no state of an incident.{told} There are {', '.join(MOVES)}.")
    return state


def check_move(incident: Incident, state: IncidentState, happened_at: datetime, now: datetime) -> None:
    """Raises Refusal where it cannot move there from where it is, Usage where the time cannot be: before what happened
    before it, or in the future."""
    if state not in MOVES[incident.state]:
        there = ", ".join(sorted(MOVES[incident.state]))
        raise Refusal(f"{incident.name} is {incident.state}; from there it can become {there}, and not {state}.")
    passed(happened_at, now, incident.declared_at)
    last_name, last = latest(incident)
    if happened_at < last:
        raise Usage(
            f"{incident.name} cannot have been {state} at {_told(happened_at)}: that is before it {last_name}"
            f" ({_told(last)}). Correct that time first, or give a later one."
        )


def check_time(incident: Incident, field: str, at: datetime | None, now: datetime) -> None:
    """Raises Usage where one of its times cannot be that: in the future, before one that comes before it, behind one
    that comes after it. None: nobody knows it."""
    if at is None:
        return
    passed(at, now, incident.declared_at)
    names = [name for name, _ in TIMES]
    here = names.index(field)
    for index, (name, words) in enumerate(TIMES):
        other: datetime | None = getattr(incident, name)
        if other is None or index == here or ("detected_at" in (name, field) and {name, field} != _BEGINNING):
            continue  # when it was noticed may be after people had mended it
        if (index < here and other > at) or (index > here and other < at):
            side = "before" if index < here else "after"
            raise Usage(
                f"{incident.name} cannot have {_words(field)} at {_told(at)}: that is {side} it {words}"
                f" ({_told(other)}). Correct that time first, or give another."
            )


_BEGINNING = {"started_at", "detected_at"}


def missing_times(incident: Incident) -> tuple[tuple[str, str], ...]:
    """Which times nobody told yet that have passed, each as the field and a question."""
    asked: list[tuple[str, str]] = []
    if incident.started_at is None:
        asked.append(("started_at", "Since when were people hindered?"))
    if incident.identified_at is None and incident.state in ("mitigating", "monitoring", "resolved", "closed"):
        asked.append(("identified_at", "When was it known what is wrong?"))
    if incident.state in ("resolved", "closed") and incident.mitigated_at == incident.resolved_at:
        asked.append(("mitigated_at", "When was nobody hindered any more?"))
    return tuple(asked)


def latest(incident: Incident) -> tuple[str, datetime]:
    """The last thing that is known to have happened to it, in words, and when: nothing can have happened before."""
    known = [("was declared", incident.declared_at)] if incident.started_at is None else []
    since = incident.state_since
    if since is not None and (incident.version > 1 and "state" in incident.edited_by):
        known.append((f"became {incident.state}", since))
    for name, words in TIMES:
        at = getattr(incident, name)
        if at is not None and name != "detected_at":
            known.append((words, at))
    return max(known, key=lambda each: each[1])


def _words(field: str) -> str:
    return {"started_at": "begun", "detected_at": "been detected"}.get(field, f"been {field.removesuffix('_at')}")


def _told(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"

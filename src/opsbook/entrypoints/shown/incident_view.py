"""How incidents are told on web pages: words and tones of their states, which moves are offered. Decides nothing."""

from __future__ import annotations

from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_events import IncidentState
from opsbook.ledger.incident_moves import MOVES

# The words and the tone of each state; the finer word stands behind the user's own one where it says more.
STATES: dict[str, tuple[str, str, str]] = {
    "triage": ("Investigating", "in triage", "warn"),
    "investigating": ("Investigating", "", "bad"),
    "identified": ("Investigating", "the cause is known", "bad"),
    "mitigating": ("Mitigating", "", "warn"),
    "monitoring": ("Mitigating", "mitigated, being watched", "note"),
    "resolved": ("Resolved", "", "good"),
    "closed": ("Resolved", "closed", "good"),
    "dismissed": ("Resolved", "dismissed", "quiet"),
    "merged": ("Resolved", "merged into another", "quiet"),
}
# What a move is called where one is chosen, under the user's word that it belongs to.
CHOICES: tuple[tuple[str, tuple[tuple[IncidentState, str], ...]], ...] = (
    ("Investigating", (("investigating", "Investigating"), ("identified", "Identified: the cause is known"))),
    ("Mitigating", (("mitigating", "Mitigating"), ("monitoring", "Monitoring: mitigated, being watched"))),
    ("Resolved", (
        ("resolved", "Resolved"), ("closed", "Closed: learned from"), ("dismissed", "Dismissed: it was none"),
    )),
)  # fmt: skip
# The one step that usually comes next.
_NEXT: dict[str, tuple[IncidentState, str]] = {
    "triage": ("investigating", "It is an incident"),
    "investigating": ("mitigating", "Mitigating"),
    "identified": ("mitigating", "Mitigating"),
    "mitigating": ("monitoring", "Mitigated, watching"),
}
TASK_STATES = ("open", "done", "dropped")
ACTION_STATES = ("open", "in progress", "done", "verified", "dropped")


def state_words(incident: Incident) -> tuple[str, str, str]:
    """The user's word for where it is, the finer one, and the tone."""
    return STATES[incident.state]


def moves_of(incident: Incident) -> list[tuple[str, list[tuple[IncidentState, str]]]]:
    """The states that it may become, under the user's three words."""
    may = MOVES[incident.state]
    found = [(word, [(state, words) for state, words in group if state in may]) for word, group in CHOICES]
    return [(word, group) for word, group in found if group]


def next_move(incident: Incident) -> tuple[str, str] | None:
    """The move that one press makes, and its words; None where none is the usual one."""
    coming = _NEXT.get(incident.state)
    return coming if coming is not None and coming[0] in MOVES[incident.state] else None

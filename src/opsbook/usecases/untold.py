"""Who was last told something that holds no longer, once an incident is over or goes on again. Tells nobody."""

from __future__ import annotations

from typing import NamedTuple

from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import STATUS

_WHOM = {"team": "the team", "executives": "the executives", "customers": "the customers"}
_STATES = {str(state): status for state, status in STATUS.items()}


class Untold(NamedTuple):
    """An audience that has to hear once more: what it was told last, and the sentence that asks for it."""

    audience: str
    told: str
    words: str


def untold(incident: Incident) -> list[Untold]:
    """The audiences that were told that it goes on, of one that is over; or that it is over, of one that goes on."""
    last: dict[str, str] = {}
    for update in incident.updates:
        if update.state == "published" and (update.deliveries or update.channels or update.audience == "customers"):
            last[update.audience] = _STATES.get(update.during, "Investigating")
    is_over = not incident.is_live
    more = "that it is over" if is_over else "that it goes on again"
    return [
        Untold(audience, told, f"{_WHOM[audience][:1].upper()}{_WHOM[audience][1:]}"
               f" {'was' if audience == 'team' else 'were'} last told {told}: tell them {more}.")
        for audience, told in sorted(last.items()) if audience in _WHOM and (told == "Resolved") != is_over
    ]  # fmt: skip

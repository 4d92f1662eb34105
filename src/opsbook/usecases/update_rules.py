"""Who may approve what is told, and when the next is due, by the policy page that an incident follows. Records nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from opsbook.book.update_cadence import Cadence, cadence_of, next_due
from opsbook.ground.errors import NotPermitted
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import StatusUpdate
from opsbook.usecases.library import Book
from opsbook.usecases.update_policy import policy_of as policy_of
from opsbook.usecases.update_reach import public_names as public_names
from opsbook.usecases.update_reach import went_to_somebody

_COMMANDS = ("commander", "incident manager", "incident lead", "ic")
_SPEAKS = ("communication", "comms", "liaison", "spokes")


def leads(incident: Incident) -> tuple[str, ...]:
    """Who leads an incident now or speaks for it: the commanders, then the communications leads."""
    held = [each for each in incident.roles if each.until is None]
    found = [each.person for words in (_COMMANDS, _SPEAKS) for each in held if _is_role(each.role, words)]
    return tuple(dict.fromkeys(found))


def everybody(incident: Incident) -> tuple[str, ...]:
    """Everybody who has a role, those who lead first; else who acknowledged it, declared it, was called in."""
    found = dict.fromkeys((*leads(incident), *(each.person for each in incident.roles if each.until is None)))
    others = (incident.acknowledged_by, *(person for person, _ in incident.called))
    return tuple(found) or tuple(dict.fromkeys(each for each in others if each))


def check_may_approve(incident: Incident, by: str, audience: str, *, is_admin: bool) -> None:
    """Raises NotPermitted where somebody may not approve an update. This is the one place that decides it: what goes to
    customers is approved by the commander, the communications lead, or an admin; the rest by whoever may respond."""
    named = _plain(by)
    if audience != "customers" or is_admin or named in {_plain(each) for each in leads(incident)}:
        return
    who = " or ".join(leads(incident)) or "nobody yet"
    raise NotPermitted(
        f"{by} may not approve what customers are told of {incident.name}: the incident commander, the communications "
        f"lead or an admin may ({who}). Ask them; what was written is kept as a draft."
    )


def _is_role(role: str, words: Sequence[str]) -> bool:
    lowered = role.lower()
    return any(word == lowered or (len(word) > 2 and word in lowered) for word in words) and "deputy" not in lowered


def _plain(name: str) -> str:
    return name.strip().lstrip("@").casefold()


def cadence_for(book: Book, incident: Incident) -> Cadence:
    """How often people are told of an incident of its severity."""
    policy = policy_of(book, incident)[1]
    return cadence_of(policy.severities if policy is not None else (), incident.severity)


def told_last(book: Book, incident: Incident) -> datetime | None:
    """When somebody was told of it last; None for not yet. What went to nobody told nobody."""
    return max((each.published_at for each in _told(book, incident) if each.published_at), default=None)


def _told(book: Book, incident: Incident) -> list[StatusUpdate]:
    return [each for each in incident.updates if each.published_at and went_to_somebody(book, incident, each)]


def due_next(book: Book, incident: Incident) -> datetime | None:
    """When people are to be told of it next: as was promised with the last update, but not later than the cadence of
    its severity says; None where nothing is due."""
    if not incident.is_live or incident.state == "triage":
        return None
    told = told_last(book, incident)
    due = next_due(cadence_for(book, incident), incident.declared_at, told)
    last = max((each for each in _told(book, incident) if each.published_at == told), key=lambda each: each.id,
               default=None)  # fmt: skip
    promised = last.next_due if last is not None and told is not None else None
    if promised is not None and told is not None and promised > told:
        return min(promised, due) if due is not None else promised
    return due

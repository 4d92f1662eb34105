"""Who may approve what is told, and when the next is due, by the policy page that an incident follows. Records nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from opsbook.book.incident_policy import Policy
from opsbook.book.update_cadence import Cadence, cadence_of, next_due
from opsbook.ground.errors import NotPermitted
from opsbook.ledger.incident import Incident
from opsbook.usecases.library import Book
from opsbook.usecases.update_facts import components_of

_COMMANDS = ("commander", "incident manager", "incident lead", "ic")
_SPEAKS = ("communication", "comms", "liaison", "spokes")


def policy_of(book: Book, incident: Incident | None = None) -> tuple[str, Policy | None]:
    """The policy page that an incident follows, else the first of the book that tells templates or severities; None
    where there is none."""
    named = book.facts.get(incident.policy) if incident is not None and incident.policy else None
    if named is not None and named.policy is not None:
        return named.path, named.policy
    for path, facts in sorted(book.facts.items()):
        if facts.policy is not None and (facts.policy.templates or facts.policy.severities):
            return path, facts.policy
    return "", None


def public_names(book: Book, incident: Incident) -> tuple[str, ...]:
    """What customers call what an incident hinders."""
    pages = [facts.policy.status_page for _, facts in sorted(book.facts.items()) if facts.policy is not None]
    return components_of(pages, incident.services)


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
        f"lead or an admin may ({who}). Take one of these roles, or ask them."
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


def told_last(incident: Incident) -> datetime | None:
    """When somebody was told of it last; None for not yet."""
    times = [each.published_at for each in incident.updates if each.published_at is not None]
    return max(times, default=None)


def due_next(book: Book, incident: Incident) -> datetime | None:
    """When people are to be told of it next: as was promised with the last update, but not later than the cadence of
    its severity says; None where nothing is due."""
    if not incident.is_live or incident.state == "triage":
        return None
    told = told_last(incident)
    due = next_due(cadence_for(book, incident), incident.declared_at, told)
    last = max((each for each in incident.updates if each.published_at == told), key=lambda each: each.id, default=None)
    promised = last.next_due if last is not None and told is not None else None
    if promised is not None and told is not None and promised > told:
        return min(promised, due) if due is not None else promised
    return due

"""Which policy page an incident follows for what people are told of it. Decides nothing else."""

from __future__ import annotations

from opsbook.book.incident_policy import Policy
from opsbook.ledger.incident import Incident
from opsbook.usecases.library import Book


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

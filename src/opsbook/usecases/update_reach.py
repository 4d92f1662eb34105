"""Whether a status update reaches anybody: what is told to nobody is not told. Sends nothing."""

from __future__ import annotations

from opsbook.book.update_templates import audience_of
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import StatusUpdate
from opsbook.usecases.library import Book
from opsbook.usecases.update_facts import components_of
from opsbook.usecases.update_policy import policy_of


def went_to_somebody(book: Book, incident: Incident, update: StatusUpdate) -> bool:
    """Whether what was published was handed to anybody: a channel, a subscriber, or the readers of the status page."""
    return bool(update.deliveries or update.channels) or (
        update.audience == "customers" and bool(update.components or public_names(book, incident))
    )


def why_nobody(book: Book, incident: Incident, update: StatusUpdate) -> str:
    """Why what was published went to nobody, and where to mend that; empty where it went to somebody."""
    if update.published_at is None or went_to_somebody(book, incident, update):
        return ""
    path, policy = policy_of(book, incident)
    known = policy.templates if policy is not None else ()
    template = next((each for each in known if audience_of(each) == update.audience), None)
    if template is not None:
        missing = f"{path}:{template.line} names no channel for the {update.audience} (write '- **Channels:** #ops')"
    elif path:
        missing = f"{path} has no template for the {update.audience} with a line '- **Channels:** #ops'"
    else:
        missing = f"no policy page names a channel for the {update.audience}"
    return f"Update {update.id} went to nobody: {missing}, and nobody subscribed. It does not count as told."


def public_names(book: Book, incident: Incident) -> tuple[str, ...]:
    """What customers call what an incident hinders."""
    pages = [facts.policy.status_page for _, facts in sorted(book.facts.items()) if facts.policy is not None]
    return components_of(pages, incident.services)

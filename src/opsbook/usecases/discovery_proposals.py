"""Changes of runbooks that discovery suggests, as proposals that people review. Changes no page."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.ledger.proposal import Proposal
from opsbook.usecases.discovery import Discovered, Discovery
from opsbook.usecases.proposals import Proposals


def proposed(proposals: Proposals, found: Discovery, *, by: str, author: tuple[str, str]) -> Iterator[Proposal]:
    """A proposal for each page that would change; the one that is open where it says the same. Raises Refusal where
    people changed what was proposed before in the same lines."""
    for each in found.services:
        if each.would_change:
            name = each.path.rpartition("/")[2]
            yield proposals.propose(
                "discovery", each.path, each.after, title=f"{name}: as it is deployed", why=why(each), by=by,
                author=author, reasons=reasons(each),
            )  # fmt: skip


def why(each: Discovered) -> str:
    """In a sentence, where the change comes from."""
    place = each.found.place
    return f"{each.found.name} is deployed by {place.path}:{place.line}."


def reasons(each: Discovered) -> tuple[str, ...]:
    """What is added and what is brought up to date, and what stays though it is deployed otherwise."""
    added = [f"Added: {name}" for name in each.compared.lacks]
    changed = [f"Changed where it is deployed: {name}" for name in each.compared.changed]
    kept = [f"Left as it is, though deployed otherwise: {d.what} ({d.page}; deployed: {d.found})"
            for d in each.compared.differs]  # fmt: skip
    return (*added, *changed, *kept)

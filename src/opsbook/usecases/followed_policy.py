"""The policy page that incidents are answered by: which it is where the book has several. Reads no disk."""

from __future__ import annotations

from msgspec import Struct

from opsbook.book.incident_policy import Policy
from opsbook.book.roster.values import Roster
from opsbook.usecases.library import Book


class Followed(Struct, frozen=True):
    """The policy with the page that says it, at the commit that is read; an empty `path` is what is built in."""

    path: str = ""
    title: str = ""
    commit: str | None = None
    policy: Policy = Policy(Roster())


def followed(book: Book) -> Followed:
    """The policy page that says most of how incidents are answered; that of the usual name where two say as much."""
    found = [
        (_weight(facts.policy), path.endswith("incident-response.md"), path, facts)
        for path, facts in sorted(book.facts.items()) if facts.policy is not None and _weight(facts.policy)
    ]  # fmt: skip
    if not found:
        return Followed(commit=book.commit)
    _, _, path, facts = max(found, key=lambda each: each[:2])
    assert facts.policy is not None
    return Followed(path, facts.title, book.commit, facts.policy)


def _weight(policy: Policy) -> int:
    return sum(map(bool, (policy.severities, policy.roles, policy.templates, policy.channels, policy.criteria)))

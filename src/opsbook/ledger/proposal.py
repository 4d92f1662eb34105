"""A proposal as a fold over its events, and the view of all of them. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger import proposal_events as kinds
from opsbook.ledger.event import Event
from opsbook.ledger.proposal_events import ProposalKind
from opsbook.ledger.view import Kept, Row, View

ProposalState = Literal["open", "accepted", "declined", "superseded"]


class Proposal(Struct, frozen=True):
    """A page as it is proposed. `base` is the digest of the bytes that it was made from, None for a new page; `digest`
    that of what was proposed. `branch` and `commit` are None outside of git, where it is kept in the ledger alone until
    it is accepted; `trouble` says why where git refused. `accepting` is the digest that the page is about to have while
    somebody accepts it. `is_branched` and `is_tidy` say that what is to be done in git is done."""

    id: str
    kind: ProposalKind
    path: str
    title: str
    why: str
    state: ProposalState
    by: str
    at: datetime
    incident: int | None = None
    base: str | None = None
    branch: str | None = None
    commit: str | None = None
    number: int = 0
    digest: str = ""
    reasons: tuple[str, ...] = ()
    author: tuple[str, str] = ("", "")
    trouble: str = ""
    accepting: str = ""
    accepting_by: str = ""
    ended_by: str = ""
    ended_at: datetime | None = None
    ended_why: str = ""
    taken: str | None = None  # the commit of the book that has it
    superseded_by: str = ""
    is_branched: bool = False
    is_tidy: bool = False

    @property
    def is_open(self) -> bool:
        """Whether somebody may still accept it."""
        return self.state == "open"


def stream_of(proposal: str) -> str:
    """The stream of a proposal; also the name of the attachment that holds what is proposed."""
    return kinds.PROPOSALS + proposal


def origin_of(proposal: str) -> str:
    """The name of the attachment that holds what it was made from."""
    return kinds.BASES + proposal


def group_of(path: str, incident: int | None) -> str:
    """What proposals that supersede one another share."""
    return f"{incident or 0}:{path}"


def folded(events: Iterable[Event], before: Proposal | None = None) -> Proposal | None:
    """The proposal after these events, None before its first."""
    proposal = before
    for event in events:
        proposal = after(proposal, event)
    return proposal


def after(proposal: Proposal | None, event: Event) -> Proposal | None:
    """The proposal after one more event; an event that is not known changes only its number."""
    facts = event.facts
    if event.kind == kinds.PROPOSED:
        known = {"id": event.stream.removeprefix(kinds.PROPOSALS), "state": "open", "by": event.actor, "at": event.at,
                 "number": event.number}  # fmt: skip
        return msgspec.convert({**facts, **known}, Proposal)
    if proposal is None:
        return None
    return replace(proposal, number=event.number, **_changes(event, facts))


def _changes(event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    if event.kind == kinds.BRANCHED:
        return {"branch": facts["branch"], "commit": facts["commit"], "trouble": facts["why"], "is_branched": True}
    if event.kind == kinds.SUPERSEDED:
        return {"state": "superseded", "superseded_by": facts["by"], "ended_at": event.at, "is_tidy": True}
    if event.kind == kinds.ACCEPT_BEGUN:
        return {"accepting": facts["digest"], "accepting_by": facts["by"]}
    if event.kind == kinds.ACCEPTED:
        return {"state": "accepted", "taken": facts["commit"], "ended_why": facts["how"], "ended_by": facts["by"],
                "ended_at": event.at, "accepting": ""}  # fmt: skip
    if event.kind == kinds.DECLINED:
        return {"state": "declined", "ended_by": facts["by"], "ended_why": facts["why"], "ended_at": event.at}
    if event.kind == kinds.TIDIED:
        return {"is_tidy": True, "trouble": facts["why"]}
    return {}


def proposal_of(kept: Kept) -> Proposal:
    """The proposal that a row of the view holds."""
    return msgspec.convert(kept.row.document, Proposal)


def _row(row: Row | None, event: Event) -> Row | None:
    proposal = after(row.document if row is not None else None, event)
    if proposal is None:
        return None
    is_unfinished = proposal.is_open or not proposal.is_tidy
    return Row(is_unfinished, group_of(proposal.path, proposal.incident), proposal)


PROPOSAL_VIEW = View("proposals", 1, kinds.PROPOSALS, _row, Proposal)

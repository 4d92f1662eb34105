"""Proposals: pages of the book that the ledger's events suggest, as commits on branches of their own, for people to
review: reports, post-mortems, patches to runbooks. None changes a page until somebody accepts it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from opsbook.usecases.edit import Editing
from opsbook.usecases.ledger_ports import EngineLedger

Kind = Literal["report", "post-mortem", "patch", "action"]


class Proposal(Struct, frozen=True):
    """A page as it is proposed. `base` is the digest of the bytes that it was made from, None for a new page. `branch`
    and `commit` are None outside of git, where it is kept in the ledger alone until it is accepted."""

    id: str
    kind: Kind
    path: str
    title: str
    why: str
    state: Literal["open", "accepted", "declined", "superseded"]
    by: str
    at: datetime
    incident: int | None = None
    base: str | None = None
    branch: str | None = None
    commit: str | None = None
    number: int = 0


class Branches(Protocol):
    """Commits beside the branch that is checked out."""

    def propose(
        self, branch: str, path: str, content: bytes, *, author: tuple[str, str], message: str
    ) -> str | None:
        """Commits a page, on top of the branch where it exists, else of what is checked out; touches neither the
        working tree nor the index. None outside of git. Raises Failure where git refuses."""
        ...

    def read(self, branch: str, path: str) -> bytes | None:
        """The page as it is on that branch now, with what people committed to it since."""
        ...

    def forget(self, branch: str) -> None:
        """Deletes the branch, once it is accepted or declined."""
        ...


class Proposals:
    """The proposals of a book."""

    def __init__(
        self, ledger: EngineLedger, editing: Editing, branches: Branches, *, now: Callable[[], datetime],
        chance: Callable[[int], bytes],
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._editing = editing
        self._branches = branches
        self._now = now
        self._chance = chance

    def propose(
        self, kind: Kind, path: str, content: bytes, *, title: str, why: str, by: str, author: tuple[str, str],
        incident: int | None = None,
    ) -> Proposal:  # fmt: skip
        """Proposes a page; one that is open for the same path and incident is superseded, its branch goes on."""
        raise NotImplementedError

    def find(self, proposal: str) -> Proposal:
        """The proposal of that id; raises Usage."""
        raise NotImplementedError

    def select(self, *, is_open: bool | None = True, incident: int | None = None, limit: int = 100) -> list[Proposal]:
        """Proposals, the newest first."""
        raise NotImplementedError

    def content(self, proposal: Proposal) -> bytes:
        """The page as it is proposed now."""
        raise NotImplementedError

    def accept(self, proposal: str, by: str, author: tuple[str, str], *, text: str | None = None) -> Proposal:
        """The page becomes a commit of the book, as it is proposed or as `text` says. Raises PageConflict where the
        page has changed since and both touch the same lines."""
        raise NotImplementedError

    def decline(self, proposal: str, by: str, why: str) -> Proposal:
        """It is not taken; its branch is deleted, its content kept in the ledger."""
        raise NotImplementedError

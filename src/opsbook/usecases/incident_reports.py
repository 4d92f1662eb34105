"""What was learned, written down: the report in the words of the book's template, the post-mortem, the patch to a
runbook. Everything is proposed (see `proposals`); nothing is committed to what is checked out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from opsbook.ledger.incident import Incident
from opsbook.usecases.edit import Editing
from opsbook.usecases.incident_timeline import Timelines
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.proposals import Proposal, Proposals


class Patch(Struct, frozen=True):
    """A change to a runbook out of what was really run: which page, the text before and after, and why each change."""

    path: str
    before: str
    after: str
    reasons: tuple[str, ...]
    run: str


class Reports:
    """Reports, post-mortems and patches of incidents."""

    def __init__(
        self, ledger: EngineLedger, editing: Editing, proposals: Proposals, timelines: Timelines, *,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._editing = editing
        self._proposals = proposals
        self._timelines = timelines
        self._now = now

    def report(self, incident: Incident, by: str, author: tuple[str, str]) -> Proposal:
        """The report on a branch, in the book's Incident Response template word for word, times and services filled."""
        raise NotImplementedError

    def post_mortem(self, incident: Incident, by: str, author: tuple[str, str]) -> Proposal:
        """The post-mortem from the book's template, with the timeline, its due day and owner."""
        raise NotImplementedError

    def patches(self, incident: Incident) -> list[Patch]:
        """What the runbooks might say better, out of the runs of the incident; empty where nothing was learned."""
        raise NotImplementedError

    def propose_patch(self, incident: Incident, path: str, by: str, author: tuple[str, str]) -> Proposal:
        """The patch to a page, proposed."""
        raise NotImplementedError

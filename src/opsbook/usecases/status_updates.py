"""The verbs of status updates: draft from the page's templates and the facts, approve, publish, correct, withdraw.

What is published is handed over by `telling`; here it is recorded that it is owed, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from opsbook.ledger.incident import Incident
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book

AUDIENCES = ("team", "executives", "customers")


class DraftText(Struct, frozen=True):
    """An update as it might be told: `unfilled` are the slots of the template that nobody knows yet."""

    audience: str
    body: str
    template: str
    channels: tuple[str, ...]
    unfilled: tuple[str, ...]
    next_due: datetime | None


class StatusUpdates:
    """The status updates of incidents."""

    def __init__(
        self, ledger: EngineLedger, book: Callable[[], Book], *, now: Callable[[], datetime],
        chance: Callable[[int], bytes], nudge: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._book = book
        self._now = now
        self._chance = chance
        self._nudge = nudge

    def compose(self, incident: Incident, audience: str) -> DraftText:
        """What might be told an audience now, by the template of the page for it, filled with what is known."""
        raise NotImplementedError

    def draft(
        self, incident: Incident, by: str, *, audience: str, body: str, channels: Sequence[str] = (),
        components: dict[str, str] | None = None, next_due: datetime | None = None, update: int = 0, corrects: int = 0,
    ) -> Incident:  # fmt: skip
        """Keeps a draft, or changes the one of that id; what was approved has to be approved again."""
        raise NotImplementedError

    def approve(self, incident: Incident, by: str, update: int) -> Incident:
        """It may be sent. Customers are told only what the commander or the communications lead approved."""
        raise NotImplementedError

    def publish(self, incident: Incident, by: str, update: int) -> Incident:
        """It is told: on the status page, to its channels, to who subscribed. Raises Refusal where nobody approved."""
        raise NotImplementedError

    def withdraw(self, incident: Incident, by: str, update: int, why: str) -> Incident:
        """A draft is thrown away, or what was published is shown no more."""
        raise NotImplementedError

"""The verbs of alerts: list, show, acknowledge, resolve, note. They record what people want; routing is another's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from opsbook.ledger.alert import Alert
from opsbook.ledger.silence import Matcher
from opsbook.usecases.ledger_ports import EngineLedger


class Alerts:
    """The alerts of a ledger. Verbs raise Usage where there is no such alert, Refusal where it may not be done now."""

    def __init__(self, ledger: EngineLedger, *, now: Callable[[], datetime], ack_timeout_s: float) -> None:
        self._ledger = ledger
        self._now = now
        self._ack_timeout_s = ack_timeout_s

    def select(
        self, *, matchers: Sequence[Matcher] = (), status: Sequence[str] = (), is_open: bool | None = True,
        before: int | None = None, limit: int = 100,
    ) -> list[Alert]:  # fmt: skip
        """Alerts, those that began last first."""
        raise NotImplementedError

    def find(self, alert: str) -> Alert:
        """The alert of that id, or of the only id that begins so, or the newest of that name or fingerprint."""
        raise NotImplementedError

    def acknowledge(
        self, alerts: Sequence[str], by: str, *, via: str, why: str = "", for_s: float | None = None
    ) -> list[Alert]:
        """Somebody takes care of these, and of the pages for them: those are acknowledged too. Gives them after it."""
        raise NotImplementedError

    def unacknowledge(self, alerts: Sequence[str], by: str, why: str = "") -> list[Alert]:
        """Nobody takes care of them any more; their pages wake people again."""
        raise NotImplementedError

    def resolve(self, alerts: Sequence[str], by: str, why: str = "") -> list[Alert]:
        """A person says that they are over. Where a sender says otherwise later they open again, with that reason."""
        raise NotImplementedError

    def note(self, alert: str, by: str, text: str) -> Alert:
        """Writes something to an alert."""
        raise NotImplementedError

"""The verbs of silences: add, change, expire, list; and which alerts they hold. Suppresses nothing by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from opsbook.ledger.silence import Matcher, Silence
from opsbook.usecases.ledger_ports import EngineLedger


class Silences:
    """The silences of a ledger. Their timers (`start`, `end`, `remind` on `silence/ID`) are set by these verbs, and
    what follows of them is the router's: it looks again at the alerts that match."""

    def __init__(self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes]) -> None:
        self._ledger = ledger
        self._now = now
        self._chance = chance

    def add(
        self, matchers: Sequence[Matcher], *, starts_at: datetime, ends_at: datetime, by: str, comment: str,
        rule: str = "", time_zone: str = "UTC", kind: str = "silence", remind_at: datetime | None = None,
        id: str = "", annotations: dict[str, str] | None = None,
    ) -> Silence:  # fmt: skip
        """A new silence, or another state of the one with that `id`. Raises Usage where it cannot be: no matcher, one
        that matches everything, an end before its beginning, no reason."""
        raise NotImplementedError

    def expire(self, silence: str, by: str) -> Silence:
        """Ends one now."""
        raise NotImplementedError

    def select(
        self, *, matchers: Sequence[Matcher] = (), states: Sequence[str] = ("active", "pending")
    ) -> list[Silence]:
        """Silences, the last changed first; `states` are active, pending, expired."""
        raise NotImplementedError

    def find(self, silence: str) -> Silence:
        """The silence of that id, or of the only id that begins so; raises Usage."""
        raise NotImplementedError

    def holding(self, labels: dict[str, str], at: datetime) -> list[Silence]:
        """Those that are active at an instant and match; kept in memory, cheap to ask for each of many alerts."""
        raise NotImplementedError

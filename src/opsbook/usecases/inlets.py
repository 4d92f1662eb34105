"""The verbs of inlets: which senders there are, their tokens and mappings, what they sent. Reads no body."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from opsbook.ledger.signal import Source
from opsbook.usecases.ledger_ports import EngineLedger


class Inlet(Struct, frozen=True):
    """A sender: its kind (alertmanager, alertmanager-api, grafana, pagerduty, opsgenie, cloudevents, generic, email),
    the group that its keys are one identity in, for kind generic how its JSON is read (name of a field → JMESPath), and
    how many tokens it has (two while one is being replaced)."""

    name: str
    kind: str
    group: str
    mapping: dict[str, str] = {}
    tokens: tuple[str, ...] = ()  # public ids, never the tokens
    is_paused: bool = False
    last_seen_at: datetime | None = None
    received: int = 0


class Inlets:
    """The inlets of a ledger, each in a stream `inlet/NAME`."""

    def __init__(self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes]) -> None:
        self._ledger = ledger
        self._now = now
        self._chance = chance

    def add(
        self, name: str, kind: str, by: str, *, group: str = "", mapping: dict[str, str] | None = None
    ) -> tuple[Inlet, str]:
        """A new inlet with its first token, which is told this once. Raises Usage, with the place, for a mapping that
        cannot be read."""
        raise NotImplementedError

    def rotate(self, name: str, by: str) -> str:
        """A further token, told once; the one before it goes on to count until it is revoked."""
        raise NotImplementedError

    def revoke(self, name: str, token_id: str, by: str) -> Inlet:
        """A token that does not count any more."""
        raise NotImplementedError

    def all(self) -> list[Inlet]:
        """All, by name."""
        raise NotImplementedError

    def find(self, name: str) -> Inlet:
        """The inlet of that name; raises Usage, with a guess."""
        raise NotImplementedError

    def source_for(self, kind: str, token: str, *, name: str = "", is_open: bool) -> Source | None:
        """Which source a token shows, quick enough for every request; None where it shows none and tokens are needed.
        Where `is_open` (this machine itself), an unknown or absent token means the kind's own source: its group is
        the kind, or the kind and a digest of a token that was shown."""
        raise NotImplementedError

"""Senders that were refused for want of a token: who, since when, how often. Told once each, so that nobody waits for
alerts that are turned away. Decides nothing, and keeps nothing over a restart.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import click
from msgspec import Struct
from msgspec.structs import replace

MOST = 50  # senders that are told apart; anybody may knock


class RefusedSender(Struct, frozen=True):
    """A sender of a kind at an address that is refused. `has_token`: it showed one, which is not good."""

    kind: str
    address: str
    since: datetime
    last_at: datetime
    count: int = 1
    has_token: bool = False

    @property
    def words(self) -> str:
        """What is wrong, and how it is mended."""
        why = "its token is not known here" if self.has_token else "it shows no token"
        return f"What {self.address} sends to the inlet '{self.kind}' is refused: {why}."


class RefusedSenders:
    """Those that were refused and were not heard since. Any thread may call anything."""

    def __init__(self, tell: Callable[[str], None] = lambda words: click.echo(words, err=True)) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], RefusedSender] = {}

    def refused(self, kind: str, address: str, at: datetime, *, has_token: bool) -> None:
        """Keeps that one was refused, and tells it in the log when it is the first time."""
        with self._lock:
            known = self._known.get((kind, address))
            if known is not None:
                self._known[kind, address] = replace(known, last_at=at, count=known.count + 1, has_token=has_token)
                return
            if len(self._known) >= MOST:
                return
            found = self._known[kind, address] = RefusedSender(kind, address, at, at, has_token=has_token)
        self._tell(f"opsbook: {found.words} 'opsbook inlet add NAME --kind {kind}' makes one for it; /inlets shows it.")

    def heard(self, kind: str, address: str) -> None:
        """Forgets that one was refused, for it is heard now."""
        if self._known:
            with self._lock:
                self._known.pop((kind, address), None)

    def all(self) -> list[RefusedSender]:
        """Those that are refused, the latest first."""
        with self._lock:
            return sorted(self._known.values(), key=lambda each: each.last_at, reverse=True)

"""Secrets between the form that asked for them and the page that shows them: in memory, each for one session."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

LASTS = timedelta(minutes=5)
MOST = 1_000


class _Kept(NamedTuple):
    name: str
    secret: str
    until: datetime


class ShownOnce:
    """What was issued and not shown yet, by the session that asked for it. Any thread may call anything."""

    def __init__(self) -> None:
        self.kept: dict[str, _Kept] = {}

    def keep(self, session: str, name: str, secret: str, at: datetime) -> None:
        """Keeps a secret, in the place of an earlier one of that session; the oldest are forgotten first."""
        for other, each in list(self.kept.items()):
            if each.until <= at or len(self.kept) >= MOST:
                self.kept.pop(other, None)
        self.kept[session] = _Kept(name, secret, at + LASTS)

    def take(self, session: str, name: str, at: datetime) -> str:
        """The secret, this once; empty for any other session or name, and when it was shown or waited for too long."""
        known = self.kept.get(session)
        if known is None or known.name != name:
            return ""
        taken = self.kept.pop(session, None)  # of two that ask at once one gets it
        return taken.secret if taken is not None and taken.name == name and taken.until > at else ""

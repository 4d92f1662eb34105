"""A small world for accounts: a ledger in a file, a clock that is moved, a hasher that is quick. Knows no test."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsbook.adapters.argon2_hasher import Argon2Hasher
from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger.event import Event
from opsbook.usecases.accounts import Accounts

PASSWORD = "correct horse battery"


class World:
    """A ledger and its accounts; `at` is what the clock says."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "opsbook.db"
        self.at = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
        self.hasher = Argon2Hasher(passes=1, memory_kib=64)
        self.ledgers: list[SqliteLedger] = []
        self.ledger = self.opened()
        self.accounts = self.of(self.ledger)

    def opened(self) -> SqliteLedger:
        """The ledger, opened once more, as another program would."""
        self.ledgers.append(SqliteLedger(str(self.file)))
        return self.ledgers[-1]

    def of(self, ledger: SqliteLedger) -> Accounts:
        return Accounts(ledger, self.hasher, chance=secrets.token_bytes, now=lambda: self.at, session_s=3600)

    def elsewhere(self) -> Accounts:
        """The accounts as another program sees them."""
        return self.of(self.opened())

    def later(self, **length: float) -> None:
        self.at += timedelta(**length)

    def events(self) -> list[Event]:
        return self.ledger.after(0, 100_000)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events()]

    def close(self) -> None:
        for ledger in self.ledgers:
            ledger.close()

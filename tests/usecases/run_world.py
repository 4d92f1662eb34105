"""A small world for runs: a ledger in a file, pages by their path, a clock that is moved. Nothing is executed in it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.book.page import read_page
from opsbook.ground.errors import Usage
from opsbook.ledger.event import Draft
from opsbook.ledger.run import Run, folded, stream_of
from opsbook.ledger.run_moves import next_moves
from opsbook.ledger.views import VIEWS
from opsbook.usecases.run_ports import Inventory
from opsbook.usecases.runs import Runs, Source, Starter

INVENTORY = Inventory(
    hosts=("web-1", "web-2", "db-1", "db-2"),
    groups={"web": ("web-1", "web-2"), "databases": ("db-1", "db-2")},
    approvers={"sre-leads": ("ada", "ben"), "everybody": ("ada", "ben", "cleo@example.org")},
    trusted=frozenset({"runbooks/api.md#trusted"}),
)
MIRA = Starter("mira", ("mira@example.org",))


class RunWorld:
    """Runs over a ledger of its own; `at` is what the clock says, `commits` of which commit each page is."""

    def __init__(self, folder: Path, inventory: Inventory = INVENTORY) -> None:
        self.at = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)
        self.pages: dict[str, str] = {}
        self.commits: dict[str, str | None] = {}
        self.editors: dict[str, str] = {}
        self.unprotected: set[str] = set()
        self.ledger = SqliteLedger(str(folder / "opsbook.db"), views=VIEWS)
        self.runs = self.with_inventory(inventory)

    def with_inventory(self, inventory: Inventory, now: Callable[[], datetime] | None = None) -> Runs:
        """The same runs under another configuration, or by another clock."""
        return Runs(
            self.ledger, self.find, inventory, node="here", now=now or (lambda: self.at),
            chance=secrets.token_bytes,
        )  # fmt: skip

    def find(self, name: str) -> Source:
        if name not in self.pages:
            raise Usage(f"There is no page '{name}'.")
        raw = self.pages[name].encode()
        return Source(
            read_page(name, raw), self.commits.get(name, "c0ffee"), self.editors.get(name, "Eve <eve@example.org>"),
            name not in self.unprotected, "api", raw,
        )  # fmt: skip

    def page(self, text: str, path: str = "runbooks/api.md") -> str:
        """Puts a page there; PAGE#ANCHOR of what stands under `## Do`."""
        self.pages[path] = text
        return f"{path}#do"

    def later(self, **length: float) -> None:
        self.at += timedelta(**length)

    def record(self, run: Run, *drafts: Draft, actor: str = "runner") -> Run:
        """What a runner would record."""
        after = folded(
            self.ledger.append(stream_of(run.id), drafts, expected=run.number, actor=actor, at=self.at), run
        )
        assert after is not None
        return after

    def moved(self, run: Run) -> Run:
        """The run as far as it goes without anything being executed."""
        while True:
            run = self.runs.find(run.id)
            moves = next_moves(run, self.at)
            if not moves.record:
                return run
            run = self.record(run, *moves.record)

    def close(self) -> None:
        self.ledger.close()

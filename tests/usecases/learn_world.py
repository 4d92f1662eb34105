"""A book in git, a ledger, and an incident in it that is over: what the tests of reports and patches begin with."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.git_folder import GitFolder

from opsbook.config import load
from opsbook.ledger import alert_events, incident_events
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import Incident, incident_of, stream_of
from opsbook.ledger.incident_events import Members
from opsbook.usecases.edit import BookEditing
from opsbook.usecases.incident_reports import Reports
from opsbook.usecases.incident_timeline import Timelines
from opsbook.usecases.proposals import Proposals
from opsbook.wire import build_branches, build_ledger, build_library, build_repository, build_seed

START = datetime(2026, 3, 26, 2, 4, 30, tzinfo=UTC)
BOOK = "docs/operations"
POLICY = f"{BOOK}/incidents/incident-response.md"
ADA = ("Ada", "ada@example.org")


def book_in(root: Path, **pages: str) -> GitFolder:
    """The folder that comes with it, in git; `pages` are by path, `__` for a slash."""
    git = GitFolder(root)
    for name in ("incident-response.md", "post-mortem-template.md"):
        git.write(f"{BOOK}/incidents/{name}", (files("opsbook") / "seed" / "incidents" / name).read_bytes())
    git.write(".gitignore", ".opsbook/\n")
    for path, text in pages.items():
        git.write(f"{BOOK}/{path.replace('__', '/')}.md", text)
    git.commit("first")
    return git


class World:
    """One book and its ledger; the clock is moved by hand."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = START
        config = load(book=str(root / BOOK), environ={})
        self.config = config
        self.library, self.ledger = build_library(config), build_ledger(config)
        self.library.wait_whole(20)
        editing = BookEditing(self.library, build_repository(config), self.ledger, self.clock)
        self.proposals = Proposals(self.ledger, editing, build_branches(config), now=self.clock, chance=os.urandom)
        self.timelines = Timelines(self.ledger, now=self.clock)
        self.reports = Reports(
            self.ledger, editing, self.proposals, self.timelines, now=self.clock, seed=build_seed
        )

    def clock(self) -> datetime:
        return self.now

    def close(self) -> None:
        self.library.close()
        self.ledger.close()

    def tell(self, *drafts: Draft, actor: str = "ada", id: str = "i14", minutes: float = 0) -> Incident:
        """Records events of the incident, later by so many minutes."""
        self.now += timedelta(minutes=minutes)
        self.ledger.append(stream_of(id), list(drafts), expected=None, actor=actor, at=self.now)
        return self.find(id)

    def find(self, id: str = "i14") -> Incident:
        kept = self.ledger.row("incidents", stream_of(id))
        assert kept is not None
        return incident_of(kept)

    def declare(self, *, number: int = 14, id: str = "i14", by: str = "ada", **more: Any) -> Incident:
        told = {"title": "Orders fail", "state": "investigating", "severity": "P1", "severity_why": "Many users.",
                "members": Members(services=("api-service", "database")), "policy": POLICY, **more}  # fmt: skip
        return self.tell(incident_events.declared(number=number, **told), id=id, actor=by)

    def fire(self, alert: str = "a1", name: str = "ApiDown") -> None:
        self.ledger.append(f"alert/{alert}", [alert_events.fired(
            key=alert, source="am", source_group="am", labels={"alertname": name}, annotations={},
            fingerprint=alert, starts_at=self.now, ends_at=None, severity="P1", severity_why="", service="api-service",
            group="api", place=None,
        )], expected=None, actor="am", at=self.now)  # fmt: skip

    def night(self) -> Incident:
        """An incident from its alert to its end."""
        self.fire()
        self.now += timedelta(minutes=2)
        self.declare(members=Members(alerts=("a1",), services=("api-service", "database")), started_at=START)
        self.tell(incident_events.acknowledged("ada", "web"), minutes=1)
        self.tell(incident_events.role_given("commander", "ada"))
        self.tell(incident_events.noted("The disk of *db-1* is full [really]"), minutes=3)
        self.tell(incident_events.noted("hello?", "chat"))
        self.tell(incident_events.noted("We fail over", "decision"), minutes=2, actor="bo")
        self.tell(incident_events.moved("monitoring"), minutes=5)
        self.tell(incident_events.edited("root_cause", "", "Nobody looked at the disk.\n\n- It grew for weeks."))
        self.tell(incident_events.edited("resolution", "", "Failed over, then emptied it."))
        self.tell(incident_events.action_set(1, "Watch the disk", "open", owner="bo", due="2026-04-03"))
        self.tell(incident_events.action_set(2, "Write that down", "done", owner="Platform Team"))
        self.tell(incident_events.action_set(3, "Buy a bigger one", "dropped"))
        return self.tell(incident_events.moved("resolved"), minutes=10)

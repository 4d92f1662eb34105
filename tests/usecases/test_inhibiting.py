"""Alerts are quiet while another fires, as a table of the book says, and for no longer."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.book.incident_policy import read_policy
from opsbook.book.page import read_page
from opsbook.ledger import alert_events
from opsbook.ledger.alert import Alert, alert_of, stream_of
from opsbook.ledger.views import VIEWS
from opsbook.usecases.inhibiting import Inhibiting

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
TABLE = """# On call

## Inhibition

| While | Quiet | Same |
| --- | --- | --- |
| ClusterDown | `severity=~"warning\\|info"` | cluster |
| severity="critical" | severity="warning" | service |
| severity=~".+" | alertname="Noise" | |
"""


class World:
    """A ledger with alerts, and a book with a table."""

    def __init__(self, folder, text: str = TABLE) -> None:
        self.ledger = SqliteLedger(str(folder / "opsbook.db"), views=VIEWS)
        self.number = 1
        self.text = text
        self.inhibiting = Inhibiting(self.ledger, self.book)

    def book(self):
        """A book of one page."""
        policy = read_policy(read_page("docs/operations/incidents/on-call.md", self.text.encode()))
        return SimpleNamespace(number=self.number, facts={"docs/operations/incidents/on-call.md": SimpleNamespace(policy=policy)})

    def fire(self, id: str, **labels: str) -> Alert:
        """An alert fires, and whoever routes tells of it."""
        draft = alert_events.fired(
            key=id, source="am", source_group="am", labels=labels, annotations={}, fingerprint=id, starts_at=NOW,
            ends_at=None, severity="P1", severity_why="", service=None, group="", place=None,
        )  # fmt: skip
        return self._told(id, draft)

    def resolve(self, id: str, is_told: bool = True) -> None:
        """An alert is over; `is_told` False where another process recorded that."""
        self._told(id, alert_events.resolved("person", NOW, "Over."), is_told)

    def _told(self, id: str, draft, is_told: bool = True) -> Alert:
        self.ledger.append(f"alert/{id}", [draft], expected=None, actor="router", at=NOW)
        alert = alert_of(self.ledger.row("alerts", f"alert/{id}"))
        if is_told:
            self.inhibiting.follow(alert)
        return alert

    def by(self, id: str = "", **labels: str) -> str | None:
        """What keeps an alert with these labels quiet."""
        found = self.inhibiting.inhibited_by(labels, stream_of(id) if id else "")
        return found[0] if found else None


@pytest.fixture
def world(tmp_path):
    """A ledger without alerts."""
    made = World(tmp_path)
    yield made
    made.ledger.close()


def test_an_alert_is_quiet_while_one_of_the_same_cluster_fires(world):
    quiet = {"severity": "warning", "cluster": "eu"}
    assert world.by(**quiet) is None
    world.fire("a", alertname="ClusterDown", cluster="eu")
    assert world.by(**quiet) == "alert/a"
    assert world.by(severity="warning", cluster="us") is None
    world.resolve("a")
    assert world.by(**quiet) is None


def test_the_reason_names_the_alert_and_the_row(world):
    world.fire("a", alertname="ClusterDown", cluster="eu")
    _, why = world.inhibiting.inhibited_by({"severity": "info", "cluster": "eu"})
    assert why == "Quiet while ClusterDown fires, as docs/operations/incidents/on-call.md:7 says."


def test_what_somebody_else_resolved_keeps_nothing_quiet(world):
    world.fire("a", alertname="ClusterDown", cluster="eu")
    world.resolve("a", is_told=False)
    assert world.by(severity="warning", cluster="eu") is None


def test_a_label_that_both_lack_is_the_same(world):
    world.fire("a", severity="critical")
    assert world.by(severity="warning") == "alert/a"
    assert world.by(severity="warning", service="api") is None


def test_no_alert_keeps_itself_or_its_own_kind_quiet(world):
    world.fire("a", alertname="Noise", severity="info")
    world.fire("b", alertname="Noise", severity="info")
    assert world.by("a", alertname="Noise", severity="info") is None
    world.fire("c", alertname="Loud", severity="info")
    assert world.by("a", alertname="Noise", severity="info") == "alert/c"


def test_a_stale_alert_keeps_nothing_quiet(world):
    world.fire("a", alertname="ClusterDown", cluster="eu")
    world._told("a", alert_events.stale("Its sender fell silent."))
    assert world.by(severity="warning", cluster="eu") is None


def test_alerts_from_before_are_known_to_whoever_routes_next(world):
    world.fire("a", alertname="ClusterDown", cluster="eu")
    world.inhibiting = Inhibiting(world.ledger, world.book)
    assert world.by(severity="warning", cluster="eu") == "alert/a"


def test_another_table_holds_from_its_commit_on(world):
    world.fire("a", alertname="RegionDown", cluster="eu")
    assert world.by(severity="warning", cluster="eu") is None
    world.text, world.number = TABLE.replace("ClusterDown", "ClusterDown or RegionDown"), 2
    assert world.by(severity="warning", cluster="eu") == "alert/a"


def test_whether_one_alert_would_quiet_another_can_be_asked_beforehand(world):
    assert world.inhibiting.may_quiet({"alertname": "ClusterDown"})
    assert not world.inhibiting.may_quiet({"alertname": "ApiDown"})
    assert world.inhibiting.quiets({"alertname": "ClusterDown", "cluster": "eu"}, {"severity": "info", "cluster": "eu"})
    assert not world.inhibiting.quiets({"alertname": "ClusterDown", "cluster": "eu"}, {"severity": "info"})

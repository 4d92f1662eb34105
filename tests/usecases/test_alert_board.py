"""The open alerts held in memory: as true as the ledger, and grouped by who needs somebody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.entrypoints.paged_alerts import fired

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger import alert_events as alert
from opsbook.ledger.event import Draft
from opsbook.ledger.views import VIEWS
from opsbook.usecases import alert_board
from opsbook.usecases.alert_board import Board, counted, grouped
from opsbook.usecases.ledger_ports import Write

NOW = datetime(2026, 11, 26, 3, 10, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Any]:
    """A ledger of a test's own."""
    ledger = SqliteLedger(str(tmp_path / "ledger.db"), views=VIEWS)
    yield ledger
    ledger.close()


def record(ledger: Any, id_: str, *drafts: Draft) -> None:
    ledger.record([Write(f"alert/{id_}", drafts)], actor="router", at=NOW)


def test_what_was_recorded_since_the_last_look_is_there_at_the_next(ledger):
    board = Board(ledger)
    assert board.look().alerts == ()
    record(ledger, "a", fired("Down", "P1", NOW))
    record(ledger, "b", fired("Slow", "P2", NOW))
    assert [each.name for each in board.look().alerts] == ["Slow", "Down"]
    record(ledger, "a", alert.acknowledged("kim", None))
    assert counted(board.look().alerts) == {"firing": 1, "acknowledged": 1, "suppressed": 0, "stale": 0}
    record(ledger, "b", alert.resolved("sender", NOW, "It is over."))
    assert [each.id for each in board.look().alerts] == ["a"]


def test_a_look_at_what_has_not_changed_reads_nothing(ledger):
    board = Board(ledger)
    record(ledger, "a", fired("Down", "P1", NOW))
    assert board.look() is board.look()


def test_many_changes_at_once_are_read_anew(ledger, monkeypatch):
    monkeypatch.setattr(alert_board, "_MOST_ROWS", 3)
    board = Board(ledger)
    board.look()
    for number in range(10):
        record(ledger, f"a{number}", fired(f"Down{number}", "P1", NOW))
    assert len(board.look().alerts) == 10


def test_more_alerts_than_are_held_are_said_to_be_cut(ledger, monkeypatch):
    monkeypatch.setattr(alert_board, "MOST_HELD", 5)
    monkeypatch.setattr(alert_board, "_AT_ONCE", 5)
    for number in range(12):
        record(ledger, f"a{number:02}", fired(f"Down{number}", "P1", NOW))
    looked = Board(ledger).look()
    assert looked.is_cut
    assert [each.id for each in looked.alerts] == ["a11", "a10", "a09", "a08", "a07"]


def test_groups_that_fire_come_before_the_others_the_gravest_first_then_the_newest(ledger):
    record(ledger, "a", fired("Old", "P1", NOW - timedelta(hours=1)))
    record(ledger, "b", fired("New", "P1", NOW))
    record(ledger, "c", fired("Grave", "P0", NOW - timedelta(hours=2)))
    record(ledger, "d", fired("Held", "P0", NOW), alert.suppressed(("silence/x",), "held"))
    record(ledger, "e", fired("Taken", "P0", NOW), alert.acknowledged("kim", None))
    groups = grouped(Board(ledger).look().alerts)
    assert [group.alerts[0].name for group in groups] == ["Grave", "New", "Old", "Taken", "Held"]

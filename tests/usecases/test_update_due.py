"""When the first status update is due is recorded with the declaration, and moved with what moves it."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from tests.usecases.incident_world import BEGIN, IncidentWorld, opened

from opsbook.ledger.incident import stream_of
from opsbook.usecases.update_due import DUE

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(tmp_path):
    with closing(opened(tmp_path)) as ledger:
        yield IncidentWorld(ledger)


def timers(world: IncidentWorld) -> dict[str, int]:
    """The timers of updates by stream, in minutes from the beginning."""
    rows = world.ledger._rows("SELECT stream, due FROM timer WHERE name = ?", (DUE,))
    return {stream: round(due / 6e7 - BEGIN.timestamp() / 60) for stream, due in rows}


def test_the_first_update_is_due_from_the_declaration(world):
    made = world.declare(severity="P0")
    assert made.update_due_at == BEGIN + 5 * MINUTE
    assert timers(world) == {stream_of(made.id): 5}


def test_another_severity_moves_it_in_the_same_record(world):
    made = world.declare(severity="P2")
    at = made.update_due_at
    assert world.acts.rate(made.number, "ada", severity="P0", why="All").update_due_at == BEGIN + 5 * MINUTE != at
    assert timers(world) == {stream_of(made.id): 5}
    assert world.acts.rate(made.number, "ada", severity="P3", why="Nobody").update_due_at is None
    assert timers(world) == {}


def test_what_is_resolved_owes_nothing_and_what_is_worse_again_does(world):
    made = world.declare(severity="P1")
    world.acts.move(made.number, "ada", "resolved")
    assert timers(world) == {}
    assert world.acts.move(made.number, "ada", "investigating", why="again").update_due_at == BEGIN + 5 * MINUTE


def test_what_nobody_is_sure_of_owes_nothing_until_somebody_is(world):
    made = world.declare(severity="P1", is_triage=True)
    assert (made.update_due_at, timers(world)) == (None, {})
    assert world.acts.move(made.number, "ada", "investigating").update_due_at == BEGIN + 5 * MINUTE

"""Reports are written beside the engine's loop, one look at a time, and what cannot be written is told."""

from __future__ import annotations

import pytest
from tests.usecases.learn_world import World, book_in

from opsbook.ledger import incident_events
from opsbook.usecases.guarding import Guarded
from opsbook.usecases.learning import Learning


@pytest.fixture
def world(tmp_path, needs):
    needs("git")
    book_in(tmp_path / "work")
    made = World(tmp_path / "work")
    yield made
    made.close()


def test_a_look_writes_what_is_due(world):
    world.night()
    Learning(lambda: world.reports, Guarded(print)).look(lambda job: job())
    assert [each.incident for each in world.proposals.select()] == [14]


def test_a_second_look_does_not_begin_while_the_first_goes_on(world):
    jobs = []
    learning = Learning(lambda: world.reports, Guarded(print))
    learning.look(jobs.append)
    learning.look(jobs.append)
    assert len(jobs) == 1
    jobs[0]()
    learning.look(jobs.append)
    assert len(jobs) == 2


def test_one_that_cannot_be_written_is_told_and_stops_no_other(world):
    world.night()
    world.declare(number=15, id="i15", title="Mail is late")
    world.tell(incident_events.moved("resolved"), id="i15", minutes=1)
    (world.root / "docs/operations/incidents/2026-03-26-orders-fail.md").mkdir()
    said = []
    guard = Guarded(said.append)
    Learning(lambda: world.reports, guard).look(lambda job: job())
    assert [each.incident for each in world.proposals.select()] == [15]
    assert any("INC-14" in words for words in guard.troubles()) or said

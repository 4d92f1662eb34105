"""Who was told that it goes on is asked to be told that it is over, and the other way round."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.usecases.told_world import ToldWorld

from opsbook.ledger import incident_events as kinds
from opsbook.usecases.incident_due import due
from opsbook.usecases.untold import untold

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


@pytest.fixture
def world(tmp_path):
    """A P1 of which the customers were told."""
    made = ToldWorld(tmp_path)
    made.declare()
    made.published("customers", "We look into it.")
    yield made
    made.ledger.close()


def test_while_it_goes_on_nobody_is_asked_to_be_told_that(world):
    assert untold(world.incident) == []


def test_who_was_told_that_it_goes_on_is_to_be_told_that_it_is_over(world):
    world.write(kinds.moved("resolved"))
    words = "The customers were last told Investigating: tell them that it is over."
    assert [each.words for each in untold(world.incident)] == [words]
    assert (due(world.incident, [], [], NOW)[0].words, due(world.incident, [], [], NOW)[0].anchor) == (words, "updates")
    assert due(world.incident, [], [], NOW)[0].typed == "update 14 --audience customers"


def test_who_was_told_that_it_is_over_is_to_be_told_that_it_goes_on(world):
    world.write(kinds.moved("resolved"))
    world.published("customers", "It is over.")
    assert untold(world.incident) == []
    world.write(kinds.moved("investigating"))
    assert [each.words for each in untold(world.incident)] == [
        "The customers were last told Resolved: tell them that it goes on again."
    ]

"""What speaks against an incident being over is told: alerts that still fire, services that are not healthy."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.usecases.incident_world import IncidentWorld, opened

from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.event import Draft
from opsbook.ledger.health import HEALTH_CHANGED
from opsbook.ledger.incident_events import Members


@pytest.fixture
def world(tmp_path: Path):
    """Incidents over a new ledger."""
    ledger = opened(tmp_path)
    yield IncidentWorld(ledger)
    ledger.close()


def test_nothing_is_told_where_all_is_well(world):
    assert world.acts.still_wrong(world.declare().number) == []


def test_an_alert_that_still_fires_is_told_with_until_when_nobody_is_woken(world):
    alert = world.alert("DbFull", "P0")
    made = world.declare(members=Members((alert,), (world.page(alert),)))
    assert world.acts.still_wrong(made.number) == ["DbFull still fires."]
    world.acts.move(made.number, "ada", "resolved")
    told = world.acts.still_wrong(made.number)
    assert told == ["DbFull still fires. Nobody is woken for it until 03:40 UTC, then again."]


def test_a_service_that_is_unhealthy_is_told_since_when(world):
    facts = {"service": "payments", "from": "healthy", "to": "unhealthy"}
    world.ledger.append("probe/x", [Draft(HEALTH_CHANGED, facts)], expected=0, actor="watch", at=world.at)
    made = world.declare(members=Members(services=("payments",)))
    assert world.acts.still_wrong(made.number) == ["payments is unhealthy since 2026-11-26 03:10 UTC."]


def test_what_a_machine_told_is_not_put_right_in_other_words(world):
    made = world.declare()
    world.acts.assign(made.number, "ada", "operator", "ben")
    number = world.ledger.read(f"incident/{made.id}")[-1].number
    with pytest.raises(Refusal, match="Write a note beside it"):
        world.acts.correct(made.number, "ada", f"incident/{made.id}:{number}", "a slip", text="The replica is full.")


def test_what_was_waived_is_due_again_once_it_goes_on(world):
    made = world.declare(severity="P0", severity_why="all is lost")
    world.acts.move(made.number, "ada", "resolved")
    world.acts.waive(made.number, "ada", "no time")
    review = world.acts.move(made.number, "ada", "investigating").post_mortem
    assert review is not None
    assert (review.state, review.why) == ("due", "It goes on again.")


def test_an_unknown_service_is_guessed_at(world):
    assert world.acts.unknown_services(["api-servce", "api-service"]) == [
        "No page knows the service 'api-servce': it has no runbook and no health here. Did you mean 'api-service'?"
    ]


def test_who_takes_a_role_from_somebody_says_why(world):
    made = world.declare()
    world.acts.assign(made.number, "ada", "communications", "cem")
    with pytest.raises(Usage, match="cem is communications"):
        world.acts.assign(made.number, "ben", "communications", "ben")
    taken = world.acts.assign(made.number, "ben", "communications", "ben", why="cem is asleep")
    assert taken.holders("communications") == ("ben",)

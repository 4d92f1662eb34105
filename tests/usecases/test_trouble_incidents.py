"""Runs that fail and health checks that stay unhealthy open an incident where the policy names them, once."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from tests.usecases.opening_world import OpeningWorld
from tests.usecases.run_world import MIRA, RunWorld

from opsbook.ground.errors import Conflict, Usage
from opsbook.ledger import run_events
from opsbook.ledger.event import Draft
from opsbook.ledger.health import HEALTH_CHANGED
from opsbook.ledger.run import stream_of
from opsbook.usecases.ids import run_id
from opsbook.usecases.incident_opener import Opener
from opsbook.usecases.trouble_incidents import TroubleIncidents

DO = "# API Runbook\n\n## Common Operations\n\n## Do\n\n1. Say it\n   ```bash\n   echo hello\n   ```\n"


class World(OpeningWorld):
    """The incidents of runs and health."""

    def __init__(self, folder, *lines: str) -> None:
        super().__init__(folder, *lines)
        self.runs = RunWorld(folder)
        self.trouble = self.node()

    def node(self) -> TroubleIncidents:
        opener = Opener(self.ledger, self.library.snapshot, flap=timedelta(minutes=10),
                        new_id=lambda: run_id(self.at, secrets.token_bytes(7)))  # fmt: skip
        made = TroubleIncidents(opener, self.library.snapshot, now=lambda: self.at)
        made.follow(None)
        return made

    def run(self, state="failed", **more):
        """A run that ended."""
        run = self.runs.runs.start(self.runs.page(DO), {}, MIRA, **more)
        return self.runs.record(run, run_events.run_ended(state, "Step 1 did not work."))

    def health(self, to: str, key: str = "p1", service: str = "web") -> None:
        facts = {"from": "", "to": to, "why": "Nobody answers.", "service": service, "name": "front page"}
        self.ledger.append(f"probe/{key}", [Draft(HEALTH_CHANGED, facts)], expected=None, actor="opsbook", at=self.at)

    def wait(self, **length: float) -> None:
        """Time goes on, and the engine does what is due."""
        self.trouble.follow(None)
        self.at += timedelta(**length)
        self.trouble.due([each for each in self.timers("probe/") if each.due <= self.at], None)
        self.trouble.follow(None)


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, "- **Opens an Incident:** failed runs as P1, failed health checks after 10 minutes")
    yield world
    world.runs.close()
    world.close()


def test_a_run_that_failed_opens_an_incident(world):
    run = world.run()
    world.wait(seconds=1)
    incident = world.incident
    assert (incident.origin, incident.severity, incident.runs) == ("run", "P1", (run.id,))
    assert incident.services == ("api",) and "failed: Step 1 did not work" in incident.title
    assert world.runs.runs.find(run.id).incident == incident.number


@pytest.mark.parametrize(("state", "more"), [("succeeded", {}), ("cancelled", {}), ("failed", {"is_dry": True})])
def test_runs_that_did_not_fail_in_earnest_open_none(world, state, more):
    world.run(state, **more)
    world.wait(seconds=1)
    assert world.incidents == []


def test_two_nodes_that_look_at_the_same_run_open_one_incident(world):
    other = world.node()
    world.run()
    world.trouble.follow(None)
    other.follow(None)
    assert len(world.incidents) == 1


def test_what_failed_while_no_engine_looked_is_found_by_the_next(world):
    world.wait(seconds=1)
    world.run()
    world.node()
    assert len(world.incidents) == 1


def test_a_run_for_an_incident_belongs_to_it_from_the_first_and_opens_no_other(world):
    world.run()
    world.wait(seconds=1)
    run = world.runs.runs.start(world.runs.page(DO), {}, MIRA, incident=1)
    assert world.incident.runs[-1] == run.id and run.incident == 1
    world.runs.record(run, run_events.run_ended("failed", "Not this time."))
    world.wait(seconds=1)
    assert len(world.incidents) == 1


def test_a_run_for_an_incident_that_is_not_there_is_refused_and_nothing_is_recorded(world):
    with pytest.raises(Usage, match="There is no incident 7. There is none yet"):
        world.runs.runs.start(world.runs.page(DO), {}, MIRA, incident=7)
    assert world.ledger.streams(stream_of("")) == []


def test_a_run_is_recorded_although_its_incident_moved_on_at_that_moment(world, monkeypatch):
    world.run()
    world.wait(seconds=1)
    ledger, times = world.runs.ledger, []
    record = ledger.record

    def slow(writes, **more):
        times.append(1)
        if len(times) == 1:
            raise Conflict("somebody else was quicker")
        return record(writes, **more)

    ledger.record = slow  # type: ignore[method-assign]
    run = world.runs.runs.start(world.runs.page(DO), {}, MIRA, incident=1)
    assert len(times) == 2 and run.id in world.incident.runs


def test_a_health_check_that_stays_unhealthy_opens_an_incident_then(world):
    world.health("unhealthy")
    began = world.at
    world.wait(minutes=9)
    assert world.incidents == []
    world.wait(minutes=2)
    incident = world.incident
    assert (incident.origin, incident.severity, incident.services) == ("health", "P2", ("web",))
    assert incident.started_at == began and world.timers("probe/") == []


def test_a_health_check_that_recovers_in_time_opens_none(world):
    world.health("unhealthy")
    world.wait(minutes=5)
    world.health("healthy")
    world.wait(minutes=2)
    world.health("unhealthy")
    world.wait(minutes=6)
    assert world.incidents == []
    world.wait(minutes=5)
    assert len(world.incidents) == 1


def test_further_health_checks_of_the_service_join_and_each_spell_is_told_once(world):
    world.health("unhealthy", "p1")
    world.health("unhealthy", "p2")
    world.wait(minutes=11)
    assert len(world.incidents) == 1
    numbers = world.incident.version
    world.node()
    world.wait(minutes=1)
    assert world.incident.version == numbers


def test_where_the_policy_names_neither_nothing_is_looked_at(tmp_path):
    world = World(tmp_path)
    world.run()
    world.health("unhealthy")
    world.wait(minutes=20)
    assert world.incidents == [] and world.timers("probe/") == []
    world.runs.close()
    world.close()

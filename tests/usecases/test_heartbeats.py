"""Something calls regularly, and its silence is an alert: nights with a clock that is moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.usecases.inlet_world import START, SendersWorld

from opsbook.ground.errors import Fenced, Usage
from opsbook.ledger.heartbeat import HEARTBEATS
from opsbook.ledger.signal import batch_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SendersWorld]:
    world = SendersWorld(tmp_path)
    yield world
    world.ledger.close()


def put(world: SendersWorld, **more: object) -> None:
    world.heartbeats.put("backup", "ada", every_s=3600, grace_s=600, **more)


def due(world: SendersWorld) -> list[str]:
    """What the engine does when timers are due."""
    found = [timer.stream.removeprefix(HEARTBEATS) for timer in world.ledger.due(10, HEARTBEATS)]
    return [name for name in found if world.heartbeats.late(name)]


def test_nobody_waits_for_what_has_never_called(world):
    put(world)
    world.forward(days=30)
    assert due(world) == [] and world.heartbeats.find("backup").state == "new"


def test_what_calls_in_time_is_healthy_and_costs_no_events(world):
    put(world)
    for _ in range(48):
        world.heartbeats.beat("backup")
        world.forward(minutes=59)
        assert due(world) == []
    kinds = [event.kind for event in world.ledger.read("heartbeat/backup")]
    assert kinds == ["HeartbeatPut", "HeartbeatBegun"] and world.heartbeats.find("backup").state == "healthy"


def test_silence_is_an_alert_with_what_to_do(world):
    put(world, service="database", runbook="https://ops.example.org/backup", severity="P0")
    world.heartbeats.beat("backup")
    world.forward(minutes=69)
    assert due(world) == []
    world.forward(minutes=2)
    assert due(world) == ["backup"]
    (event,) = world.batches()
    (signal,) = batch_of(event).signals
    assert (signal.key, signal.action) == ("backup", "firing")
    assert signal.labels == {"alertname": "HeartbeatLate", "heartbeat": "backup", "severity": "P0", "service": "database"}
    assert signal.annotations["runbook_url"] == "https://ops.example.org/backup"
    assert signal.starts_at == START + timedelta(hours=1)
    assert world.heartbeats.find("backup").state == "late" and world.nudges


def test_it_is_told_once_however_long_it_is_silent(world):
    put(world)
    world.heartbeats.beat("backup")
    world.forward(hours=2)
    assert due(world) == ["backup"]
    world.forward(days=2)
    assert due(world) == [] and len(world.batches()) == 1


def test_the_next_call_resolves_it_and_it_is_waited_for_again(world):
    put(world)
    world.heartbeats.beat("backup")
    world.forward(hours=2)
    due(world)
    assert world.heartbeats.beat("backup").state == "healthy"
    assert world.told() == [("backup", "firing"), ("backup", "resolved")]
    world.forward(hours=2)
    assert due(world) == ["backup"]


def test_late_for_more_than_a_week_is_expired(world):
    put(world)
    world.heartbeats.beat("backup")
    world.forward(hours=2)
    due(world)
    world.forward(days=8)
    assert world.heartbeats.find("backup").state == "expired"


def test_nobody_waits_for_one_that_is_paused(world):
    put(world)
    world.heartbeats.beat("backup")
    world.heartbeats.pause("backup", "ada")
    world.forward(days=2)
    assert due(world) == [] and world.heartbeats.find("backup").state == "paused"
    world.heartbeats.pause("backup", "ada", is_paused=False)
    assert due(world) == []
    world.forward(minutes=71)
    assert due(world) == ["backup"]


@pytest.mark.parametrize("end", ["pause", "remove"])
def test_what_is_late_and_is_waited_for_no_more_is_resolved(world, end):
    put(world)
    world.heartbeats.beat("backup")
    world.forward(hours=2)
    due(world)
    getattr(world.heartbeats, end)("backup", "ada")
    assert world.told()[-1] == ("backup", "resolved")


def test_a_longer_patience_counts_at_once(world):
    put(world)
    world.heartbeats.beat("backup")
    world.heartbeats.put("backup", "ada", every_s=7200, grace_s=0)
    world.forward(minutes=100)
    assert due(world) == []
    world.forward(minutes=21)
    assert due(world) == ["backup"]


def test_only_the_holder_of_the_lease_tells_of_a_silence(world):
    put(world)
    world.heartbeats.beat("backup")
    world.forward(hours=2)
    old = world.ledger.claim("pager", "one", 1)
    world.forward(seconds=2)
    world.ledger.claim("pager", "two", 10)
    with pytest.raises(Fenced):
        world.heartbeats.late("backup", old)
    assert world.batches() == []


def test_an_unknown_name_is_answered_with_a_guess(world):
    put(world)
    with pytest.raises(Usage, match="Did you mean 'backup'"):
        world.heartbeats.beat("backups")


@pytest.mark.parametrize(
    ("name", "more"), [("a b", {"every_s": 60}), ("a", {"every_s": 0}), ("a", {"every_s": 60, "severity": "P9"}),
                       ("a", {"every_s": float("nan")})],
)  # fmt: skip
def test_what_cannot_be_a_heartbeat_is_told(world, name, more):
    with pytest.raises(Usage):
        world.heartbeats.put(name, "ada", **more)

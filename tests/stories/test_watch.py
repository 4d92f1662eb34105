"""Nights on which endpoints fail, pages change, disks fill and machines sleep; the clock is moved."""

from __future__ import annotations

import threading
import time

import pytest
from msgspec.structs import replace
from tests.usecases.watched_world import START, World, runbook

from opsbook.usecases.watch import MOST_BATCHES

A, B = "https://a.example/health", "https://b.example/health"
REFUSED = "Connection refused at 127.0.0.1:8080 (nothing listens there)."


def test_a_service_turns_red_within_three_frequencies_and_green_again():
    world = World(runbook(A))
    watch = world.watch()
    world.forward(watch, 60)
    (key,) = watch.probes()
    assert watch.healths()[key].state == "healthy"
    world.down[A] = REFUSED
    world.forward(watch, 30)
    red = watch.healths()[key]
    assert (red.state, red.why) == ("unhealthy", f"3 readings in a row failed: {REFUSED}")
    del world.down[A]
    world.forward(watch, 30)
    assert watch.healths()[key].state == "healthy"
    told = [(event.stream, event.kind, event.facts["to"], event.facts["address"]) for event in world.events]
    stream = f"probe/{key}"
    assert told == [(stream, "HealthChanged", state, A) for state in ("healthy", "unhealthy", "healthy")]


def test_everything_is_known_soon_after_the_start_and_nothing_is_asked_in_one_burst():
    world = World(runbook(*[f"https://{n}.example/" for n in range(50)], labels="- **Check Frequency:** 5m\n"))
    watch = world.watch()
    world.forward(watch, 6)
    assert {health.state for health in watch.healths().values()} == {"healthy"}
    seconds = [int(at) for at, _ in world.asked]
    assert max(seconds.count(second) for second in range(6)) < 25


@pytest.mark.parametrize(("chance", "between"), [(0.0, 10.0), (1.0, 9.0)])
def test_a_turn_comes_at_its_frequency_and_by_chance_up_to_a_tenth_earlier(chance, between):
    world = World(runbook(A), chance=chance)
    world.forward(world.watch(), 100)
    turns = world.asked_of(A)
    gaps = [later - earlier for earlier, later in zip(turns, turns[1:], strict=False)]
    assert gaps == pytest.approx([between] * len(gaps), abs=0.2)


def test_while_a_state_is_in_doubt_it_is_asked_twice_as_often():
    world = World(runbook(A))
    watch = world.watch()
    world.forward(watch, 20)
    world.down[A] = REFUSED
    world.forward(watch, 40)
    turns = [at for at in world.asked_of(A) if at > 15]
    gaps = [round(later - earlier) for earlier, later in zip(turns, turns[1:], strict=False)]
    assert gaps[:4] == [5, 5, 10, 10] or gaps[:5] == [10, 5, 5, 10, 10]


def test_a_changed_page_is_followed_while_it_runs():
    world = World(runbook(A))
    watch = world.watch()
    world.forward(watch, 20)
    world.write(runbook(A, B))
    world.forward(watch, 20)
    assert sorted(probe.address for probe in watch.probes().values()) == [A, B]
    assert len(world.asked_of(B)) >= 1
    world.write(runbook(B))
    world.forward(watch, 1)
    before = len(world.asked_of(A))
    world.forward(watch, 60)
    assert len(world.asked_of(A)) == before
    assert [health.probe for health in watch.healths().values()] == list(watch.probes())


def test_a_change_of_frequency_holds_at_once_and_keeps_the_health():
    world = World(runbook(A, labels="- **Check Frequency:** 1 hour\n"))
    watch = world.watch()
    world.forward(watch, 20)
    world.write(runbook(A, labels="- **Check Frequency:** 10s\n"))
    world.forward(watch, 12)
    (health,) = watch.healths().values()
    assert len(world.asked_of(A)) == 2
    assert (health.state, health.since < world.now()) == ("healthy", True)


def test_a_page_that_is_not_read_yet_is_not_a_page_that_is_gone():
    world = World(runbook(A))
    watch = world.watch()
    world.forward(watch, 10)
    world.write("# Other\n", is_whole=False)
    world.forward(watch, 1)
    assert len(watch.probes()) == 1
    world.write("# Other\n")
    world.forward(watch, 1)
    assert watch.probes() == {}


def test_one_probe_is_never_asked_twice_at_the_same_time():
    world = World(runbook(A))
    watch = world.watch()
    world.held = []
    world.forward(watch, 100)
    watch.ask_now(list(watch.probes()))
    world.forward(watch, 100)
    assert len(world.held) == 1
    world.held.pop()()
    world.forward(watch, 11)
    assert len(world.held) == 1


def test_no_more_than_so_many_batches_are_out_at_the_same_time():
    world = World(runbook(*[f"https://{n}.example/" for n in range(60)], labels="- **Check Frequency:** 1m\n"))
    watch = world.watch()
    world.held = []
    world.forward(watch, 30)
    assert len(world.held) == MOST_BATCHES
    world.held.pop()()
    world.forward(watch, 1)
    assert len(world.held) == MOST_BATCHES
    held, world.held = world.held, None
    for job in held:
        job()
    world.forward(watch, 60)
    assert len({address for _, address in world.asked}) == 60


def test_asking_now_does_not_wait_for_the_turn_and_does_not_move_it_far():
    world = World(runbook(A, labels="- **Check Frequency:** 1 hour\n"))
    watch = world.watch()
    world.forward(watch, 10)
    watch.ask_now([*watch.probes(), "nobody"])
    watch.tick()
    assert world.asked_of(A)[-1] == 10
    world.forward(watch, 3700)
    assert len(world.asked_of(A)) == 3


def test_after_the_machine_slept_all_is_asked_again_but_not_at_once():
    addresses = [f"https://{n}.example/" for n in range(50)]
    world = World(runbook(*addresses, labels="- **Check Frequency:** 1m\n"))
    watch = world.watch()
    world.forward(watch, 65)
    world.asked.clear()
    world.elapsed += 8 * 3600
    woke = world.elapsed
    world.forward(watch, 12)
    assert sorted(address for _, address in world.asked) == sorted(addresses)
    assert sum(at - woke < 1 for at, _ in world.asked) < 20


def test_the_last_change_survives_a_restart_with_the_last_reading():
    world = World(runbook(A))
    world.down[A] = REFUSED
    watch = world.watch()
    world.forward(watch, 60)
    watch.stop()
    (before,) = watch.healths().values()
    again = world.watch()
    again.tick()
    (after,) = again.healths().values()
    assert (after.state, after.since, after.last) == (before.state, before.since, before.last)
    assert after.why.startswith("Not asked since Opsbook started to watch it; unhealthy when last known, ")
    assert after.why.endswith(before.why)
    assert before.since > START


@pytest.mark.parametrize("what", ["samples", "ledger"])
def test_a_broken_store_is_told_once_and_loses_nothing(what):
    world = World(runbook(A))
    watch = world.watch()
    world.broken.add(what)
    world.forward(watch, 120)
    (health,) = watch.healths().values()
    assert health.state == "healthy"
    assert len(world.asked_of(A)) >= 11
    assert len(world.said) == 1
    assert "the disk is full" in world.said[0]
    assert what in watch.troubles()
    world.broken.clear()
    world.forward(watch, 20)
    assert (len(world.kept), len(world.events)) == (len(world.asked_of(A)), 1)
    assert world.said[1:] == [f"The {what} can be written again."]
    assert watch.troubles() == {}


def test_readings_are_written_together():
    world = World(runbook(A, labels="- **Check Frequency:** 1s\n"))
    calls = []
    world.add = lambda readings: calls.append(len(readings))  # type: ignore[method-assign]
    world.forward(world.watch(), 30)
    assert len(calls) <= 16
    assert sum(calls) >= 24


def test_listeners_hear_each_reading_with_its_health():
    world = World(runbook(A))
    world.forward(world.watch(), 25)
    assert [(address, health.state) for address, health in world.told] == [(A, "healthy")] * len(world.asked)


def test_a_probe_is_asked_as_it_is_configured():
    world = World(runbook(A))
    world.configured = lambda probe: replace(probe, address=B)
    world.forward(world.watch(), 12)
    assert {address for _, address in world.asked} == {B}


def until(holds, seconds: float = 5.0) -> None:
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.005)


def running(world: World):
    """A started watch whose seconds are the machine's."""
    clocks = replace(world.in_thread(), running=time.monotonic)
    watch = world.watch(clocks)
    watch.start()
    return watch


def test_it_runs_in_threads_and_stops_clean():
    others = set(threading.enumerate())  # of tests before this one
    world = World(runbook(A, labels="- **Check Frequency:** 1s\n"))
    watch = running(world)
    until(lambda: world.told)
    asked = len(world.asked)
    watch.ask_now(list(watch.probes()))
    until(lambda: len(world.asked) > asked)
    watch.stop()
    assert len(world.kept) == len(world.told)
    assert not [thread for thread in set(threading.enumerate()) - others if thread.name == "watch"]


def test_a_mistake_of_ours_is_told_and_ends_nothing():
    world = World(runbook(A, labels="- **Check Frequency:** 1s\n"))
    world.broken.add("prober")
    watch = running(world)
    until(lambda: world.said)
    assert "ZeroDivisionError: no answer" in world.said[0]
    world.broken.clear()
    until(lambda: world.told)
    watch.stop()

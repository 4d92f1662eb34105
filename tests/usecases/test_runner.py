"""A runner takes up what is open, lets go of what waits, and is stopped by nothing but its own stop."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from tests.ledger.planned import RUN, command, manual
from tests.usecases.executed_world import Program, World

from opsbook.book.grammar import Retry
from opsbook.ground.errors import Failure
from opsbook.ledger import run_events as events
from opsbook.usecases.runner import Runner


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close_all()


@contextmanager
def running(world, owner="r1", node=None, said=None):
    """A runner in a thread, as long as the block lasts."""
    stop = threading.Event()
    said = [] if said is None else said
    runner = Runner(world.ledger, world.engine(node), owner=owner, now=world.now, report=said.append)
    thread = threading.Thread(target=runner.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(5)
        assert not thread.is_alive()


def comes(is_so):
    """Waits until something is so."""
    deadline = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < deadline, "it does not come"
        threading.Event().wait(0.005)


def test_what_is_started_is_done_and_several_at_the_same_time(world):
    with running(world):
        world.programs["do 1"] = Program(hangs=True)
        for name in ("a", "b", "c"):
            world.start(command("1"), run=name)
        for name in ("a", "b", "c"):
            world.doing(f"{name}/1.1")
        for name in ("a", "b", "c"):
            world.doing(f"{name}/1.1").finish(0, world.now())
        comes(lambda: all(world.run(name).state == "succeeded" for name in ("a", "b", "c")))


def test_a_run_that_waits_for_a_person_goes_on_when_the_answer_is_recorded(world):
    world.start(command("1"), manual("2"), command("3"))
    with running(world):
        comes(lambda: world.run().state == "waiting")
        number = world.run().number
        comes(lambda: world.ledger.claim(f"run/{RUN}", "another", 0.0) is not None)
        world.forward(1)
        world.say(events.step_answered("2"))
        comes(lambda: world.run().state == "succeeded")
        assert number < world.run().number


def test_what_is_due_is_done_when_its_time_has_come(world):
    world.start(command("1", retry=Retry(1, timedelta(seconds=60))))
    world.programs["do 1"] = [Program(1), Program()]
    with running(world):
        comes(lambda: events.RETRY_DUE in world.kinds())
        world.forward(61)
        comes(lambda: world.run().state == "succeeded")


def test_the_run_of_a_runner_that_is_gone_is_taken_over_when_its_lease_has_ended(world):
    world.start(command("1"), command("2"))
    lease = world.ledger.claim(f"run/{RUN}", "gone", 15)
    with running(world):
        threading.Event().wait(0.15)
        assert world.begun == []
        world.forward(16)
        comes(lambda: world.run().state == "succeeded")
    assert world.run().epoch > lease.epoch


def test_a_run_with_a_fault_of_ours_is_reported_and_keeps_no_other_from_going_on(world):
    said = []
    real = world.program
    world.program = lambda order: 1 / 0 if order.key.startswith("bad") else real(order)
    world.start(command("1"), run="bad")
    world.start(command("1"), run="good")
    with running(world, said=said):
        comes(lambda: world.run("good").state == "succeeded" and said)
        assert "ZeroDivisionError" in said[0]
        world.program = real
        world.forward(6)
        comes(lambda: world.run("bad").state == "succeeded")


def test_a_ledger_that_is_away_is_told_once_and_that_it_is_back_once(world, monkeypatch):
    said, asked = [], []
    real = world.ledger.wait

    def away(position, timeout_s):
        asked.append(position)
        raise Failure("The ledger is away.", retryable=True)

    with running(world, said=said):
        monkeypatch.setattr(world.ledger, "wait", away)
        comes(lambda: len(asked) > 3)
        monkeypatch.setattr(world.ledger, "wait", real)
        comes(lambda: len(said) > 1)
        world.start(command("1"), run="good")
        comes(lambda: world.run("good").state == "succeeded")
    assert said == ["A run cannot go on for now: The ledger is away.", "What kept runs from going on is over."]


def test_a_runner_that_stops_lets_go_and_the_next_finds_what_runs(world):
    world.start(command("1"), command("2"))
    world.programs["do 1"] = Program(hangs=True)
    with running(world, "first"):
        doing = world.doing(f"{RUN}/1.1")
    assert world.run().state == "running"
    with running(world, "second"):
        doing.finish(0, world.now())
        comes(lambda: world.run().state == "succeeded")
    assert world.texts() == ["do 1", "do 2"]


def test_a_cancel_reaches_a_run_that_waits(world):
    world.start(manual("1"))
    with running(world):
        comes(lambda: world.run().state == "waiting")
        world.say(events.cancel_asked("no more"))
        comes(lambda: world.run().state == "cancelled")


def test_two_nodes_share_a_run_each_doing_its_own(world):
    world.start(command("1", targets=("a",)), manual("2"), command("3"))
    with running(world, "there", node="there"):
        comes(lambda: world.run().state == "waiting")
        world.say(events.step_answered("2"))
        threading.Event().wait(0.2)
        assert world.texts() == ["do 1"]
        with running(world, "here"):
            comes(lambda: (world.forward(0.2), world.run().state == "succeeded")[1])
    assert world.texts() == ["do 1", "do 3"]

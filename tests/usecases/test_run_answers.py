"""What people may say to a run and when: confirm, skip, fail, decide, cancel, pause, resume, roll back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from tests.usecases.run_world import INVENTORY, MIRA, RunWorld

from opsbook.ground.errors import Conflict, Refusal, Usage
from opsbook.ledger import run_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.run import Run
from opsbook.ledger.run_events import Decision
from opsbook.ledger.run_moves import next_moves
from opsbook.usecases.runs import Runs, Starter

STEPS = """# API Runbook

## Do

1. Look at it
2. Switch it
   ```bash
   switch
   ```
   - **Undo:** `switch back`
   - **Repeat:** never
3. Count
   - **Ask:** `ROWS` integer 1..9
"""
DANGER = """# API Runbook

## Do

- **Run on:** db-1
- **Danger:** overwrites everything; type the host name

1. Do it
   ```bash
   overwrite
   ```
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RunWorld]:
    made = RunWorld(tmp_path)
    yield made
    made.close()


def started(world: RunWorld, text: str = STEPS) -> Run:
    return world.moved(world.runs.start(world.page(text), {}, MIRA))


def state(run: Run, number: str) -> str:
    step = run.step(number)
    assert step is not None
    return step.state


def in_doubt(world: RunWorld) -> Run:
    """A run whose second step is unknown."""
    run = started(world)
    run = world.moved(world.runs.confirm(run.id, "1", "mira"))
    intended = events.attempt_intended(
        "2", f"{run.id}/2.1", target="local", purpose="step", epoch=1, limit_at=None
    )
    return world.record(run, intended, events.step_unknown("2", "The machine was booted anew."))


def with_failure(world: RunWorld) -> Run:
    """A run that ended, because its second step failed."""
    run = world.moved(world.runs.confirm(started(world).id, "1", "mira"))
    return world.record(run, events.step_ended("2", "failed", "It exited with 1."), events.run_ended("failed", "2"))


def test_a_manual_step_is_confirmed_by_name(world: RunWorld):
    run = started(world)
    assert run.state == "waiting"
    run = world.moved(world.runs.confirm(run.id, "1", "nadia", why="saw it"))
    step = run.step("1")
    assert step is not None and (step.state, step.by, step.is_seen) == ("done", "nadia", True)


def test_only_what_waits_is_confirmed(world: RunWorld):
    run = started(world)
    with pytest.raises(Refusal, match="Step 2 of run .* waits for nobody: it is pending"):
        world.runs.confirm(run.id, "2", "mira")
    with pytest.raises(Usage, match="has no step '4'"):
        world.runs.confirm(run.id, "4", "mira")
    with pytest.raises(Usage, match="There is no run"):
        world.runs.confirm("000000", "1", "mira")


def test_what_is_asked_for_is_checked_against_its_type(world: RunWorld):
    run = world.record(started(world), events.step_ended("1", "done"), events.step_ended("2", "done"))
    run = world.moved(run)
    with pytest.raises(Usage, match="asks for ROWS"):
        world.runs.confirm(run.id, "3", "mira")
    with pytest.raises(Usage, match="not within 1..9"):
        world.runs.confirm(run.id, "3", "mira", values={"ROWS": "10"})
    with pytest.raises(Usage, match="Did you mean 'ROWS'"):
        world.runs.confirm(run.id, "3", "mira", values={"ROW": "1", "ROWS": "1"})
    run = world.moved(world.runs.confirm(run.id, "3", "mira", values={"ROWS": "7"}))
    assert run.captured == {"ROWS": "7"}
    assert run.state == "succeeded"


def test_a_danger_goes_on_only_with_its_word(world: RunWorld):
    run = started(world, DANGER)
    for typed in ("", "yes", "DB-1", "db-1x"):
        with pytest.raises(Refusal, match="once 'db-1' is typed"):
            world.runs.confirm(run.id, "1", "mira", typed=typed)
    assert state(world.runs.confirm(run.id, "1", "mira", typed=" db-1 "), "1") == "pending"


def test_a_danger_is_asked_about_though_yes_was_said_to_everything(world: RunWorld):
    run = world.moved(world.runs.start(world.page(DANGER), {}, MIRA, assumes_yes=True))
    assert run.state == "waiting"


def test_a_step_is_skipped_or_failed_with_a_reason(world: RunWorld):
    run = started(world)
    with pytest.raises(Usage, match="say why"):
        world.runs.skip(run.id, "1", "mira", "  ")
    with pytest.raises(Usage, match="say why"):
        world.runs.fail(run.id, "1", "mira", "")
    with pytest.raises(Refusal, match="Only a step that waits"):
        world.runs.skip(run.id, "2", "mira", "not now")
    assert state(world.runs.skip(run.id, "1", "mira", "seen before"), "1") == "skipped"
    assert world.moved(world.runs.fail(started(world).id, "1", "mira", "is on fire")).state == "failed"


def test_a_failed_step_is_left_out_and_the_run_goes_on(world: RunWorld):
    run = with_failure(world)
    assert run.has_ended
    run = world.moved(world.runs.skip(run.id, "2", "mira", "done by hand"))
    assert (run.has_ended, run.ended_at, state(run, "3")) == (False, None, "waiting")


@pytest.mark.parametrize(
    ("decision", "becomes"), [("done", "done"), ("failed", "failed"), ("undo", "failed"), ("abort", "failed")]
)
def test_a_doubt_is_settled_by_a_person(world: RunWorld, decision: Decision, becomes: str):
    run = world.runs.decide(in_doubt(world).id, "2", decision, by="mira", why="looked")
    assert state(run, "2") == becomes
    assert run.state != "unknown"
    assert run.wants_cancel == (decision == "abort")


def test_a_doubt_is_settled_with_a_reason_and_with_nothing_else(world: RunWorld):
    run = in_doubt(world)
    with pytest.raises(Usage, match="say why"):
        world.runs.decide(run.id, "2", "done", by="mira", why="")
    with pytest.raises(Usage, match="is no decision"):
        world.runs.decide(run.id, "2", "perhaps", by="mira", why="x")  # type: ignore[arg-type]
    with pytest.raises(Refusal, match="Settle it first"):
        world.runs.confirm(run.id, "2", "mira")
    with pytest.raises(Refusal, match="Settle it first"):
        world.runs.skip(run.id, "2", "mira", "x")
    with pytest.raises(Refusal, match="only one that is unknown or has failed"):
        world.runs.decide(run.id, "1", "done", by="mira", why="x")


@pytest.mark.parametrize("name", ["mira", "MIRA", "mira@example.org"])
def test_what_must_never_be_repeated_takes_a_second_person(world: RunWorld, name: str):
    run = in_doubt(world)
    with pytest.raises(Refusal, match="a second person"):
        world.runs.decide(run.id, "2", "again", by=name, why="it was not done")
    assert state(world.runs.decide(run.id, "2", "again", by="nadia", why="I looked too"), "2") == "pending"


def test_the_second_person_is_no_alias_of_the_first_and_proves_who_they_are(world: RunWorld):
    run = in_doubt(world)
    with pytest.raises(Refusal, match="not who started it"):
        world.runs.decide(run.id, "2", "again", by="m.jones", why="x", aliases=("mira@example.org",))
    with pytest.raises(Refusal, match="prove who that is"):
        world.runs.decide(run.id, "2", "again", by="terminal:nadia", why="x")


def test_what_failed_and_must_never_be_repeated_takes_a_second_person_too(world: RunWorld):
    run = with_failure(world)
    with pytest.raises(Refusal, match="a second person"):
        world.runs.decide(run.id, "2", "again", by="mira", why="once more")
    run = world.runs.decide(run.id, "2", "again", by="nadia", why="once more")
    assert (run.state, run.ended_at, state(run, "2")) == ("running", None, "pending")


def test_only_what_has_an_undo_is_undone(world: RunWorld):
    text = STEPS.replace("   - **Undo:** `switch back`\n", "")
    run = world.moved(world.runs.confirm(started(world, text).id, "1", "mira"))
    run = world.record(run, events.step_unknown("2", "Lost."))
    with pytest.raises(Refusal, match="has no Undo"):
        world.runs.decide(run.id, "2", "undo", by="mira", why="x")
    with pytest.raises(Refusal, match="nothing about how to roll back"):
        world.runs.decide(run.id, "2", "roll-back", by="mira", why="x")


def test_a_run_that_failed_is_rolled_back_on_request(world: RunWorld):
    run = with_failure(world)
    run = world.runs.roll_back(run.id, "nadia", "it must go back")
    assert (run.state, run.aims, run.ended_at) == ("rolling-back", "rollback", None)
    with pytest.raises(Refusal, match="has begun already"):
        world.runs.roll_back(run.id, "nadia", "again")


def test_a_run_that_is_paused_and_then_rolled_back_is_paused_no_longer(world: RunWorld):
    paused = world.runs.pause(started(world).id, "mira", "a moment")
    run = world.runs.roll_back(paused.id, "mira", "not today")
    assert (run.aims, run.state, run.is_paused) == ("rollback", "rolling-back", False)


def test_a_run_that_waits_is_rolled_back(world: RunWorld):
    run = world.runs.roll_back(started(world).id, "mira", "not today")
    assert run.aims == "rollback"
    assert world.moved(run).state == "rolled-back"


def test_what_may_have_been_done_is_taken_back_when_the_run_is_rolled_back_for_it(world: RunWorld):
    run = world.moved(world.runs.decide(in_doubt(world).id, "2", "roll-back", by="mira", why="it half works"))
    assert (run.state, run.aims, state(run, "rollback.1")) == ("rolling-back", "rollback", "pending")
    assert [start.step for start in next_moves(run, world.at).start] == ["rollback.1"]


def test_what_was_not_done_is_not_taken_back(world: RunWorld):
    run = world.moved(world.runs.roll_back(with_failure(world).id, "mira", "it must go back"))
    assert (run.state, state(run, "rollback.1")) == ("rolled-back", "skipped")


def test_a_doubt_is_settled_before_it_is_undone(world: RunWorld):
    with pytest.raises(Refusal, match="Settle it first"):
        world.runs.roll_back(in_doubt(world).id, "mira", "now")


def test_a_run_that_works_or_has_succeeded_is_not_rolled_back(world: RunWorld):
    run = world.moved(world.runs.confirm(started(world).id, "1", "mira"))
    working = world.record(
        run, events.attempt_intended("2", f"{run.id}/2.1", target="local", purpose="step", epoch=1, limit_at=None)
    )
    with pytest.raises(Refusal, match="Step 2 of run .* is being done"):
        world.runs.roll_back(working.id, "mira", "stop")
    run = world.record(started(world), events.run_ended("succeeded", ""))
    with pytest.raises(Refusal, match=r"start 'runbooks/api.md#do/rollback'"):
        world.runs.roll_back(run.id, "mira", "stop")


def test_a_cancel_is_asked_for_once(world: RunWorld):
    run = world.runs.cancel(started(world).id, "mira", "a mistake")
    assert (run.wants_cancel, run.cancelled_by) == (True, "mira")
    assert world.runs.cancel(run.id, "mira", "still") == run
    with pytest.raises(Refusal, match="is being cancelled"):
        world.runs.confirm(run.id, "1", "mira")
    ended = world.record(run, events.run_ended("cancelled", "a mistake"))
    for verb in (world.runs.cancel, world.runs.pause, world.runs.resume):
        with pytest.raises(Refusal, match="has ended: it is cancelled"):
            verb(ended.id, "mira", "x")


def test_a_paused_run_goes_on_when_it_is_told_to(world: RunWorld):
    run = world.runs.pause(started(world).id, "mira", "lunch")
    assert run.is_paused and world.runs.pause(run.id, "mira", "lunch") == run
    run = world.runs.resume(run.id, "nadia")
    assert not run.is_paused and world.runs.resume(run.id, "nadia") == run


def test_a_run_that_waits_because_its_page_changed_goes_on_as_planned(world: RunWorld):
    run = world.record(started(world), events.person_asked("1", "changed", "The page has changed."))
    run = world.runs.resume(run.id, "mira")
    step = run.step("1")
    assert step is not None and step.asked is None


def overtaking(world: RunWorld, run: Run, draft: Draft) -> Runs:
    """Runs whose every change comes behind one that somebody else has recorded since they looked."""

    def now() -> datetime:
        if world.runs.find(run.id).number == run.number:
            world.record(run, draft)
        return world.at

    return world.with_inventory(INVENTORY, now=now)


def test_a_verb_that_was_overtaken_looks_again(world: RunWorld):
    """A run moves on under people's hands; what they say still holds where the step is what they saw."""
    run = started(world)
    runs = overtaking(world, run, events.run_taken("runner", 1))
    assert state(runs.confirm(run.id, "1", "mira"), "1") == "pending"
    assert [event.kind for event in world.ledger.read(f"run/{run.id}")][-2:] == ["RunTaken", "StepAnswered"]


def test_what_somebody_else_has_settled_meanwhile_is_a_conflict(world: RunWorld):
    run = started(world)
    runs = overtaking(world, run, events.step_ended("1", "failed", "It is on fire."))
    with pytest.raises(Conflict):
        runs.confirm(run.id, "1", "mira")


def test_nobody_is_no_name(world: RunWorld):
    with pytest.raises(Usage, match="under somebody's name"):
        world.runs.cancel(started(world).id, " ", "x")
    with pytest.raises(Usage, match="name of whoever starts it"):
        world.runs.start(world.page(STEPS), {}, Starter(""))

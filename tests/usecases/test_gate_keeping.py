"""What was signed is looked at again whenever an approval is asked for or used: the secrets, and who gave it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.ledger.planned import RUN, START, command, gate
from tests.usecases.executed_world import World
from tests.usecases.run_world import INVENTORY

from opsbook.book.grammar import Secret
from opsbook.book.plan import Gate
from opsbook.book.planner import Known
from opsbook.ledger import run_events as events
from opsbook.ledger.account import Account
from opsbook.ledger.run_step import Approved
from opsbook.usecases.approvals import may_approve

SECRET = Secret("DB_PASS", "vault", "db")
BY_ADA = Approved("ada", "d", START)


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close_all()


def approve(world: World, step: str = "1", by: str = "ada") -> None:
    asked = world.run().step(step).asked
    assert asked is not None and asked.question == "approval", world.run()
    world.say(events.step_approved(step, asked.digest), by=by)


def test_an_approval_signs_the_mark_of_each_secret_which_the_runner_alone_fetches(world):
    world.start(gate("1"), command("2", secrets=(SECRET,)))
    assert world.run().secret_marks == {}
    world.advance()
    assert world.run().secret_marks == {"DB_PASS": "mark of 13"}
    approve(world)
    assert world.advance().run.state == "succeeded"
    assert all("correct horse" not in str(event.facts) for event in world.ledger.read(f"run/{RUN}"))


def test_a_secret_that_is_typed_is_marked_without_a_source(world):
    world.vault = {}
    world.start(gate("1"), command("2", secrets=(SECRET,)))
    world.advance(typed={"DB_PASS": "typed by hand"})
    assert world.run().secret_marks == {"DB_PASS": "mark of 13"}


def test_a_run_without_an_approval_marks_nothing(world):
    world.start(command("1", secrets=(SECRET,)))
    world.advance()
    assert world.fetched == ["DB_PASS"]
    assert events.SECRETS_MARKED not in world.kinds()


def test_a_secret_that_changed_before_the_approval_is_used_has_it_asked_for_anew(world):
    world.start(gate("1"), command("2", secrets=(SECRET,)))
    world.advance()
    first = world.run().step("1").asked.digest
    approve(world)
    world.vault["vault:db"] = "another one"
    pause = world.advance()
    step = pause.run.step("1")
    assert (pause.kind, pause.question, world.begun) == ("person", "approval", [])
    assert step.approvals == () and step.asked.digest != first
    assert "The secret DB_PASS was changed since it was approved" in step.asked.words
    approve(world)
    assert world.advance().run.state == "succeeded"


def test_a_secret_that_changed_behind_the_approval_begins_nothing_and_has_it_asked_for_anew(world):
    world.start(gate("1"), command("2"), command("3", secrets=(SECRET,)))
    world.advance()
    approve(world)
    real = world.program
    world.program = lambda order: (world.vault.update({"vault:db": "another one"}), real(order))[1]
    pause = world.advance()
    assert (pause.question, world.texts()) == ("approval", ["do 2"])
    assert world.states() == {"1": "waiting", "2": "done", "3": "running"}
    approve(world)
    pause = world.advance()
    assert pause.run.state == "succeeded" and world.texts() == ["do 2", "do 3"]


def test_a_secret_that_changed_behind_a_phase_ends_the_run(world):
    world.start(gate("1"), command("verify.1", secrets=(SECRET,)), is_interactive=False)
    world.advance()
    approve(world)
    real = world.fetch
    fetched: list[str] = []

    def fetch(secret: Secret) -> str:
        fetched.append(secret.name)
        return real(secret) if len(fetched) == 1 else "another one"

    world.fetch = fetch
    pause = world.advance()
    assert pause.run.state == "failed" and "DB_PASS changed since the run was approved" in pause.run.why
    assert world.begun == []


def test_secrets_that_cannot_be_had_keep_an_approval_from_being_asked_for(world):
    world.vault = {}
    world.start(gate("1"), command("2", secrets=(SECRET,)), is_interactive=False)
    pause = world.advance()
    assert pause.run.state == "failed"
    assert "An approval signs the secrets too. vault does not have db." in pause.run.why


def test_an_approval_of_somebody_who_may_not_give_it_any_more_does_not_count(world):
    allowed = {"ada", "ben"}
    engine = world.engine(may_approve=lambda _gate, given: given.by in allowed)
    world.start(gate("1"), command("2"))
    world.advance(engine=engine)
    approve(world)
    allowed.remove("ada")
    pause = world.advance(engine=engine)
    assert (pause.question, world.begun) == ("approval", [])
    assert "The approval of ada does not count any more" in pause.run.step("1").why
    approve(world, by="ben")
    assert world.advance(engine=engine).run.step("1").why == "Approved by ben."


@pytest.mark.parametrize(
    ("change", "account", "is_allowed"),
    [
        ({}, None, True),
        ({}, Account("ada", role="operator"), True),
        ({"approvers": {"sre-leads": ("ben",)}}, None, False),
        ({}, Account("ada", role="operator", is_enabled=False), False),
        ({}, Account("ada", role="viewer"), False),
    ],
)
def test_whoever_left_the_group_or_lost_the_account_may_not_approve(change: Any, account: Account | None, is_allowed):
    inventory = replace(INVENTORY, **change)
    known = Known(inventory.hosts, inventory.groups, inventory.approvers)
    asked = Gate(1, ("ada", "ben"), "1 of @sre-leads")
    assert may_approve(asked, BY_ADA, known, account) is is_allowed

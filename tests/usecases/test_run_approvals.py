"""Every way around an approval is closed: of whom, of what, until when, and how often it counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.usecases.run_world import INVENTORY, MIRA, RunWorld

from opsbook.ground.errors import Refusal
from opsbook.ledger import run_events as events
from opsbook.ledger.run import Run
from opsbook.ledger.run_approval import approval_digest, approvers, is_approved
from opsbook.usecases.run_journal import TOLD
from opsbook.usecases.runs import Starter

GATED = """# API Runbook

## Do

| Parameter | Type | Default |
|---|---|---|
| `VERSION` | string | `1` |
| `DB_PASS` | secret `vault:web/db` | required |

1. Have it looked at
   - **Approval:** {approval}
2. Do it
   ```bash
   deploy "$VERSION"
   ```
"""
ADA, BEN, CLEO = Starter("ada"), Starter("ben"), Starter("cleo", ("cleo@example.org",))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RunWorld]:
    made = RunWorld(tmp_path)
    yield made
    made.close()


def asked(world: RunWorld, approval: str = "1 of @sre-leads within 1h", starter: Starter = MIRA) -> tuple[Run, str]:
    """A run that waits for its approval, and the digest that it is bound to."""
    run = world.moved(world.runs.start(world.page(GATED.format(approval=approval)), {}, starter))
    step = run.step("1")
    assert step is not None and step.asked is not None and step.asked.question == "approval"
    return run, step.asked.digest


def refused(world: RunWorld, run: Run, by: Starter, digest: str) -> str:
    before = world.ledger.head()
    with pytest.raises(Refusal) as told:
        world.runs.approve(run.id, "1", by, digest=digest)
    assert world.ledger.head() == before
    return str(told.value)


def test_an_approver_of_the_group_lets_the_run_go_on(world: RunWorld):
    run, digest = asked(world)
    world.runs.approve(run.id, "1", ADA, digest=digest, why="looks right")
    run = world.moved(run)
    step = run.step("1")
    assert step is not None and (step.state, step.why) == ("done", "Approved by ada.")


def test_whoever_was_told_of_an_approval_hears_when_it_is_given(world: RunWorld):
    run, digest = asked(world)
    assert not any(timer.name == TOLD for timer in world.ledger.due(10, "run/"))
    world.runs.approve(run.id, "1", ADA, digest=digest)
    assert any(timer.name == TOLD for timer in world.ledger.due(10, "run/"))


@pytest.mark.parametrize(
    ("starter", "approver"),
    [
        (Starter("ada"), Starter("ada")),
        (Starter("ada"), Starter("ADA")),
        (Starter("root", ("ada",)), Starter("ada")),
        (Starter("terminal:ada"), Starter("ada")),
        (Starter("root", ("Ada <ada@example.org>",)), Starter("ada")),
        (Starter("cleo"), Starter("cleo@example.org")),
        (Starter("cleo@example.org"), CLEO),
    ],
)
def test_whoever_started_never_approves_by_whatever_name(world: RunWorld, starter: Starter, approver: Starter):
    run, digest = asked(world, "1 of @everybody", starter)
    assert "whoever starts a run does not approve it" in refused(world, run, approver, digest)


@pytest.mark.parametrize("editor", ["Ada Lovelace <ada@example.org>", "ada", "Someone <ADA@example.org>"])
def test_whoever_changed_the_page_last_never_approves(world: RunWorld, editor: str):
    world.editors["runbooks/api.md"] = editor
    run, digest = asked(world)
    assert "whoever wrote a page does not approve its run" in refused(world, run, ADA, digest)


def test_whoever_changed_a_page_that_is_linked_to_never_approves(world: RunWorld):
    world.page("# Other\n\n## Do\n\n1. Do\n   ```bash\n   true\n   ```\n", "runbooks/other.md")
    world.editors["runbooks/other.md"] = "Ada <ada@example.org>"
    text = GATED.format(approval="1 of @sre-leads") + "3. [Do the other](other.md#do)\n"
    run = world.moved(world.runs.start(world.page(text), {}, MIRA))
    step = run.step("1")
    assert step is not None and step.asked is not None
    assert "whoever wrote a page" in refused(world, run, ADA, step.asked.digest)


def test_somebody_who_was_not_asked_does_not_approve(world: RunWorld):
    run, digest = asked(world)
    assert "'zoe' is not among them" in refused(world, run, Starter("zoe", ("zoe@example.org", "adah")), digest)


def test_an_administrator_is_not_above_it(world: RunWorld):
    run, digest = asked(world)
    assert "not among them" in refused(world, run, Starter("admin", ("root",)), digest)


def test_who_has_left_the_group_since_does_not_approve(world: RunWorld):
    run, digest = asked(world)
    left = world.with_inventory(replace(INVENTORY, approvers={"sre-leads": ("ben",)}))
    with pytest.raises(Refusal, match="approved by ben"):
        left.approve(run.id, "1", ADA, digest=digest)


def test_who_has_joined_the_group_since_does_not_approve_what_was_asked_of_others(world: RunWorld):
    run, digest = asked(world)
    joined = world.with_inventory(replace(INVENTORY, approvers={"sre-leads": ("ada", "ben", "zoe")}))
    with pytest.raises(Refusal, match="'zoe' is not among them"):
        joined.approve(run.id, "1", Starter("zoe"), digest=digest)


def test_another_digest_is_not_what_is_asked(world: RunWorld):
    run, digest = asked(world)
    assert "is not what run" in refused(world, run, ADA, "0" * 64)
    other, _ = asked(world)
    assert "is not what run" in refused(world, other, ADA, digest)


@pytest.mark.parametrize("change", ["value", "target", "command", "blob", "secret", "expiry"])
def test_any_change_is_another_digest(world: RunWorld, change: str):
    run, digest = asked(world)
    step = run.step("1")
    assert step is not None and step.asked is not None
    until, plan = step.asked.until, run.plan
    first, second = plan.steps
    assert second.script is not None
    changed = {
        "value": lambda: (replace(run, plan=replace(plan, values={"VERSION": "2"})), until),
        "target": lambda: (replace(run, plan=replace(plan, steps=(first, replace(second, targets=("web-1",))))), until),
        "command": lambda: (
            replace(run, plan=replace(plan, steps=(first, replace(second, script=replace(second.script, text="rm"))))),
            until,
        ),
        "blob": lambda: (replace(run, blob="0"), until),
        "secret": lambda: (replace(run, secret_marks={"DB_PASS": "another"}), until),
        "expiry": lambda: (run, until + timedelta(seconds=1) if until else None),
    }[change]()
    assert approval_digest(run, until) == digest
    assert approval_digest(*changed) != digest


def test_an_approval_comes_too_late_when_its_time_is_over(world: RunWorld):
    run, digest = asked(world)
    world.later(hours=1, seconds=1)
    assert "The time to approve step 1 was over" in refused(world, run, ADA, digest)


def test_an_approval_is_not_good_any_more_when_its_time_is_over(world: RunWorld):
    run, digest = asked(world, "2 of @everybody within 1h")
    run = world.runs.approve(run.id, "1", ADA, digest=digest)
    run = world.runs.approve(run.id, "1", BEN, digest=digest)
    assert is_approved(run, "1", world.at)
    assert not is_approved(run, "1", world.at + timedelta(hours=2))
    assert not is_approved(run, "1", world.at, people=("ada",))


def test_two_approvals_are_of_two_people(world: RunWorld):
    run, digest = asked(world, "2 of @everybody")
    world.runs.approve(run.id, "1", CLEO, digest=digest)
    assert "counts once" in refused(world, run, CLEO, digest)
    assert "counts once" in refused(world, run, Starter("cleo@example.org"), digest)
    assert "counts once" in refused(world, run, Starter("CLEO@example.org"), digest)


def test_an_approval_is_used_once(world: RunWorld):
    run, digest = asked(world)
    world.runs.approve(run.id, "1", ADA, digest=digest)
    assert "approved already" in refused(world, run, BEN, digest)
    run = world.moved(run)
    assert "does not wait for an approval: it is done" in refused(world, run, BEN, digest)


def test_an_approval_that_somebody_wrote_into_the_ledger_does_not_count(world: RunWorld):
    """Approvals are looked at again when they are used, whoever recorded them."""
    run, digest = asked(world, "1 of @sre-leads within 1h", MIRA)
    for by, of, aliases in (
        ("mira", digest, ("ada",)), ("zoe", digest, ()), ("eve", digest, ("ada",)), ("ada", "0" * 64, ()),
    ):  # fmt: skip
        run = world.record(run, events.step_approved("1", of, aliases=aliases), actor=by)
    step = run.step("1")
    assert step is not None and approvers(run, step) == ()
    assert not is_approved(run, "1", world.at)


def test_a_question_with_another_digest_than_the_run_has_is_never_approved(world: RunWorld):
    run, _ = asked(world)
    run = world.record(run, events.person_asked("1", "approval", "Look", digest="1" * 64))
    assert "is not what run" in refused(world, run, ADA, "1" * 64)


def test_neither_a_confirmation_nor_a_skip_stands_for_an_approval(world: RunWorld):
    run, _ = asked(world)
    with pytest.raises(Refusal, match="no confirmation stands for"):
        world.runs.confirm(run.id, "1", "ada")
    with pytest.raises(Refusal, match="nobody skips one"):
        world.runs.skip(run.id, "1", "ada", "in a hurry")
    with pytest.raises(Refusal, match="only one that is unknown or has failed"):
        world.runs.decide(run.id, "1", "done", by="ada", why="in a hurry")


def test_a_failed_approval_is_neither_skipped_nor_decided_to_be_done(world: RunWorld):
    run, _ = asked(world)
    run = world.moved(world.runs.fail(run.id, "1", "ada", "not today"))
    assert run.state == "failed"
    with pytest.raises(Refusal, match="nobody skips one"):
        world.runs.skip(run.id, "1", "mira", "all the same")
    with pytest.raises(Refusal, match="is an approval"):
        world.runs.decide(run.id, "1", "done", by="mira", why="all the same")


def test_yes_to_everything_is_no_approval(world: RunWorld):
    where = world.page(GATED.format(approval="1 of @sre-leads"))
    run = world.moved(world.runs.start(where, {}, MIRA, assumes_yes=True))
    assert run.state == "waiting"


def test_an_approval_is_no_approval_of_another_step(world: RunWorld):
    text = GATED.format(approval="1 of @sre-leads") + "3. Again\n   - **Approval:** 1 of @sre-leads\n"
    run = world.moved(world.runs.start(world.page(text), {}, MIRA))
    step = run.step("1")
    assert step is not None and step.asked is not None
    with pytest.raises(Refusal, match="does not wait for an approval: it is pending"):
        world.runs.approve(run.id, "3", ADA, digest=step.asked.digest)


def test_an_approval_that_nobody_could_give_is_known_at_the_start(world: RunWorld):
    where = world.page(GATED.format(approval="2 of @sre-leads"))
    with pytest.raises(Refusal, match="ben is left"):
        world.runs.start(where, {}, ADA)
    world.editors["runbooks/api.md"] = "Ben <ben@example.org>"
    with pytest.raises(Refusal, match="ada is left"):
        world.runs.start(where, {}, MIRA)
    world.runs.start(where, {}, MIRA, is_dry=True)


def test_an_approval_that_is_not_wanted_this_time_keeps_nobody_from_starting(world: RunWorld):
    text = GATED.format(approval="2 of @sre-leads\n   - **When:** `$VERSION` is `2`")
    where = world.page(text)
    world.runs.start(where, {"VERSION": "1"}, ADA)
    with pytest.raises(Refusal, match="ben is left"):
        world.runs.start(where, {"VERSION": "2"}, ADA)


def test_people_who_are_wanted_are_owed_a_word(world: RunWorld):
    run, _ = asked(world)
    owed = [event for event in world.ledger.read(f"run/{run.id}") if event.kind == events.OWED]
    assert [event.facts["to"] for event in owed] == [["ada", "ben"]]


def test_a_start_touches_no_secret(world: RunWorld):
    run, _ = asked(world)
    assert run.secret_marks == {}

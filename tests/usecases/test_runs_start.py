"""A run is recorded with all that it needs, or refused with all that is wrong, and what may not run unattended does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.usecases.run_world import MIRA, RunWorld

from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger import run_events as events
from opsbook.ledger.run import Run
from opsbook.ledger.run_events import State
from opsbook.usecases.run_shown import run_model
from opsbook.usecases.runs import Starter

DO = "# API Runbook\n\n## Common Operations\n\n## Do\n\n1. Say it\n   ```bash\n   echo hello\n   ```\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RunWorld]:
    made = RunWorld(tmp_path)
    yield made
    made.close()


def test_a_run_is_recorded_with_its_plan_and_its_page(world: RunWorld):
    run = world.runs.start(world.page(DO), {}, MIRA)
    assert re.fullmatch(r"261126-031000-[2-9a-z]{4}", run.id)
    assert (run.actor, run.aliases, run.commit, run.node) == ("mira", ("mira@example.org",), "c0ffee", "here")
    assert run.document == DO
    assert [step.number for step in run.plan.steps] == ["1"]
    assert world.runs.find(run.id) == run
    assert world.runs.find(run.id[:9]) == run


def test_the_blob_is_the_one_that_git_has(world: RunWorld):
    found = world.find(world.page("hello\n").partition("#")[0])
    assert found.blob == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_a_page_that_is_not_committed_runs_when_a_person_starts_it(world: RunWorld):
    where = world.page(DO)
    world.commits["runbooks/api.md"] = None
    assert world.runs.start(where, {}, MIRA).commit is None


def test_all_that_is_wrong_with_a_page_is_told_at_once(world: RunWorld):
    where = world.page(
        "# A\n\n## Do\n\n- **Run on:** web-9\n\n1. One\n   ```bash\n   restart <service>\n   ```\n"
        "2. Two\n   - **Aproval:** @ada\n3. Three\n   ```bash\n   true\n   ```\n   - **Approval:** @nobody\n"
    )
    with pytest.raises(Refusal) as refused:
        world.runs.start(where, {}, MIRA)
    told = str(refused.value).splitlines()
    assert [line.split(" ")[0] for line in told[1:]] == [
        "runbooks/api.md:5:15", "runbooks/api.md:9:12", "runbooks/api.md:12:6", "runbooks/api.md:17:20",
    ]  # fmt: skip
    assert "Did you mean 'web-1'?" in told[1]
    assert world.ledger.head() == 0


def test_all_that_is_wrong_with_the_values_is_told_at_once(world: RunWorld):
    where = world.page(
        "# A\n\n## Do\n\n| Parameter | Type | Default |\n|---|---|---|\n| `VERSION` | `/v\\d+/` | required |\n"
        "| `COUNT` | integer 1..9 | 3 |\n| `REGION` | `eu` \\| `us` | required |\n\n1. Go\n   ```bash\n   echo\n   ```\n"
    )
    with pytest.raises(Usage) as wrong:
        world.runs.start(where, {"VERSION": "1", "COUNT": "12", "COUNTT": "1"}, MIRA)
    assert str(wrong.value).splitlines() == [
        r"VERSION cannot be '1': it does not match /v\d+/.",
        "COUNT cannot be '12': it is not within 1..9.",
        "There is no parameter 'COUNTT'. Did you mean 'COUNT'?",
        "REGION is missing, and must be given.",
    ]


def test_an_unknown_procedure_is_told_with_a_guess(world: RunWorld):
    world.page(DO)
    with pytest.raises(Usage, match="Did you mean '#do'"):
        world.runs.form("runbooks/api.md#dos")


# -- though no person starts it ----------------------------------------------------------------------------------

TRUSTED = "# API Runbook\n\n## Trusted\n\n{labels}\n\n1. Say it\n   ```bash\n   echo hello\n   ```\n"


def unattended(world: RunWorld, labels: str = "", anchor: str = "trusted") -> str:
    """What keeps a procedure from running unattended, empty where nothing does."""
    world.pages["runbooks/api.md"] = TRUSTED.format(labels=labels)
    try:
        run = world.runs.start(f"runbooks/api.md#{anchor}", {}, Starter("schedule"), is_interactive=False)
    except Refusal as refused:
        return str(refused)
    assert run.is_trusted and not run.is_interactive
    return ""


def test_what_is_committed_protected_and_trusted_runs_unattended(world: RunWorld):
    assert unattended(world) == ""


def test_a_page_that_is_not_committed_does_not_run_unattended(world: RunWorld):
    world.commits["runbooks/api.md"] = None
    assert "its page is not committed" in unattended(world)


def test_a_commit_on_no_protected_branch_does_not_run_unattended(world: RunWorld):
    world.unprotected.add("runbooks/api.md")
    assert "on none of the protected branches" in unattended(world)


def test_a_procedure_that_is_not_trusted_does_not_run_unattended(world: RunWorld):
    labels = "- **Rollback:** `back`"
    assert "Add 'runbooks/api.md#trusted/rollback' to runs.trusted" in unattended(world, labels, "trusted/rollback")


def test_a_page_that_is_linked_to_is_judged_as_well(world: RunWorld):
    world.page("# Other\n\n## Do\n\n1. Do\n   ```bash\n   true\n   ```\n", "runbooks/other.md")
    text = TRUSTED.format(labels="") + "2. [Other](other.md#do)\n"
    world.pages["runbooks/api.md"] = text
    world.commits["runbooks/other.md"] = None
    with pytest.raises(Refusal, match="not committed"):
        world.runs.start("runbooks/api.md#trusted", {}, MIRA, is_interactive=False)
    assert world.runs.start("runbooks/api.md#trusted", {}, MIRA).commit is None


def test_a_danger_does_not_run_unattended_unless_it_is_approved_before(world: RunWorld):
    assert "it is dangerous (deletes)" in unattended(world, "- **Danger:** deletes")
    assert unattended(world, "- **Danger:** deletes\n- **Approval:** 1 of @sre-leads") == ""


def test_an_approval_that_may_not_be_asked_for_stands_before_no_danger(world: RunWorld):
    labels = "- **Danger:** deletes\n- **Approval:** 1 of @sre-leads\n- **When:** `test -e /x`"
    assert "it is dangerous" in unattended(world, labels)


def test_a_page_that_is_not_committed_is_trusted_by_nobody(world: RunWorld):
    world.pages["runbooks/api.md"] = TRUSTED.format(labels="")
    world.commits["runbooks/api.md"] = None
    assert not world.runs.start("runbooks/api.md#trusted", {}, MIRA).is_trusted


# -- forms -------------------------------------------------------------------------------------------------------


def test_a_form_says_what_is_asked_for_and_what_would_be_done(world: RunWorld):
    form = world.runs.form(world.page(DO.replace("echo hello", 'echo "$WHO" "${HOW:-loudly}"')))
    assert [parameter.name for parameter in form.parameters] == ["WHO", "HOW"]
    assert (form.defaults, form.required, form.why_not, form.commit) == ({"HOW": "loudly"}, {"WHO"}, (), "c0ffee")
    assert form.plan is not None and form.plan.title == "Do"


def test_a_form_says_why_it_cannot_be_started(world: RunWorld):
    form = world.runs.form(world.page(DO.replace("hello", "<name>")))
    assert form.plan is None
    assert [each.split(" ")[0] for each in form.why_not] == ["runbooks/api.md:9:9"]


def test_a_page_with_several_procedures_asks_which(world: RunWorld):
    world.page(DO + "\n## Other\n\n1. Do it\n   ```bash\n   true\n   ```\n")
    with pytest.raises(Usage, match="has 2 procedures. Say which: #do, #other"):
        world.runs.plan("runbooks/api.md", {})


def test_a_heading_without_steps_is_no_procedure(world: RunWorld):
    world.page(DO)
    with pytest.raises(Usage, match="is no procedure: it has no steps. There are #do"):
        world.runs.plan("runbooks/api.md#common-operations", {})
    with pytest.raises(Usage, match="has no rollback"):
        world.runs.plan("runbooks/api.md#do/rollback", {})


def test_a_link_leads_to_the_page_at_its_path_and_to_no_other_of_that_name(world: RunWorld):
    world.page("# Other\n\n## Do\n\n1. Do\n   ```bash\n   true\n   ```\n", "other.md")
    where = world.page(DO + "2. [Other](../other.md#do)\n")
    assert [step.number for step in world.runs.plan(where, {}).steps] == ["1", "2.1"]
    with pytest.raises(Refusal, match="leads to no page"):
        world.runs.plan(world.page(DO + "2. [Other](other.md#do)\n"), {})


# -- lists and history -------------------------------------------------------------------------------------------


def ended(world: RunWorld, where: str, state: State, seconds: float, **how: bool) -> Run:
    """A run of one step that ended so, after so long."""
    run = world.runs.start(where, {}, MIRA, **how)
    run = world.record(
        run, events.attempt_intended("1", f"{run.id}/1.1", target="local", purpose="step", epoch=1, limit_at=None)
    )
    world.later(seconds=seconds)
    return world.record(
        run, events.step_ended("1", "done" if state == "succeeded" else "failed"), events.run_ended(state, "")
    )


def test_runs_are_listed_the_last_first(world: RunWorld):
    where = world.page(DO)
    first, second = ended(world, where, "failed", 1), world.runs.start(where, {}, MIRA)
    briefs = world.runs.briefs()
    assert [brief.id for brief in briefs] == [second.id, first.id]
    assert [brief.id for brief in world.runs.briefs(is_open=True)] == [second.id]
    assert [brief.id for brief in world.runs.briefs(where=where, before=briefs[0].position)] == [first.id]
    assert world.runs.briefs(where="runbooks/api.md#other") == []
    assert (briefs[1].state, briefs[1].path, briefs[1].anchor, briefs[1].actor) == (
        "failed", "runbooks/api.md", "do", "mira",
    )  # fmt: skip


def test_the_history_says_how_it_went_and_how_long_it_takes(world: RunWorld):
    where = world.page(DO)
    for seconds in (10, 30, 20):
        practised = ended(world, where, "succeeded", seconds).ended_at
    ended(world, where, "failed", 500)
    ended(world, where, "succeeded", 900, is_dry=True)
    history = world.runs.history(where)
    assert (history.ended, history.succeeded, history.usual_s) == (4, 3, 20.0)
    assert history.step_usual_s == {"1": 20.0}
    assert history.last_practised == practised
    assert len(history.briefs) == 5


def test_what_never_ran_has_no_history(world: RunWorld):
    history = world.runs.history(world.page(DO))
    assert (history.ended, history.last_practised, history.usual_s, history.briefs) == (0, None, None, ())


def test_a_run_is_told_as_the_contract_has_it(world: RunWorld):
    model = run_model(ended(world, world.page(DO), "succeeded", 3))
    assert {name: model[name] for name in ("procedure", "path", "anchor", "commit", "state", "actor", "parameters")} == {
        "procedure": "Do", "path": "runbooks/api.md", "anchor": "do", "commit": "c0ffee", "state": "succeeded",
        "actor": "mira", "parameters": {},
    }  # fmt: skip
    assert (model["started_at"], model["ended_at"]) == ("2026-11-26T03:10:00Z", "2026-11-26T03:10:03Z")
    (step,) = model["steps"]
    assert (step["number"], step["text"], step["phase"], step["state"]) == ("1", "Say it", "steps", "done")
    (attempt,) = step["attempts"]
    assert {"started_at", "ended_at", "exit", "output_tail", "target"} <= attempt.keys()
    assert attempt["target"] == "local"


def test_two_runs_of_one_second_have_names_of_their_own(world: RunWorld):
    where = world.page(DO)
    assert len({world.runs.start(where, {}, MIRA).id for _ in range(40)}) == 40
    with pytest.raises(Usage, match="may mean"):
        world.runs.find("261126")

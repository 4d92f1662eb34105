"""A run is recorded with all that it needs, or refused with all that is wrong, and what may not run unattended does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.usecases.run_world import MIRA, RunWorld

from opsbook.ground.errors import Refusal, Usage

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
        "REGION is missing. Give it with -p REGION=….",
    ]


def test_an_unknown_procedure_is_told_with_a_guess(world: RunWorld):
    world.page(DO)
    with pytest.raises(Usage, match="Did you mean '#do'"):
        world.runs.form("runbooks/api.md#dos")

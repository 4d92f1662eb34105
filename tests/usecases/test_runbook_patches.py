"""A run of an incident becomes a patch of its runbook, which somebody accepts; a run that showed nothing becomes none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.ledger.planned import command, plan, started
from tests.usecases.learn_world import ADA, BOOK, World, book_in

from opsbook.book.plan import Script
from opsbook.ground.errors import Usage
from opsbook.ledger import incident_events
from opsbook.ledger import run_events as runs
from opsbook.ledger.incident_events import Members
from opsbook.ledger.run import stream_of as run_stream

PATH = f"{BOOK}/runbooks/db.md"
PAGE = """\
# Database Runbook

## Common Operations

### Fail Over

1. Look at the state.

   ```sh
   dbctl state
   ```

2. Promote the standby.

   ```sh
   dbctl promote standby
   ```

## Troubleshooting

### Issue: Disk full

**Symptoms:** Writes fail.  
**Solution:** [Fail over](#fail-over).
"""
RUN = "260326-020500-abcd"


@pytest.fixture
def world(tmp_path, needs):
    needs("git")
    book_in(tmp_path / "work", runbooks__db=PAGE)
    made = World(tmp_path / "work")
    yield made
    made.close()


def run(world, outputs: tuple[str, str], *, note: str = "", is_dry: bool = False, skips: int = 0,
        noted_behind: int = 1, state: str = "succeeded") -> None:  # fmt: skip
    """A run of both steps, four minutes long, with what they printed and what was noted behind one; ada skips one."""
    texts = ("dbctl state\n", "dbctl promote standby\n")
    steps = [command(str(number), script=Script(text)) for number, text in enumerate(texts, 1)]
    planned = replace(plan(*steps), path=PATH, anchor="fail-over", title="Fail Over")
    world.declare(members=Members(runs=(RUN,), services=("database",)))

    def tell(*drafts, actor="opsbook"):
        world.ledger.append(run_stream(RUN), list(drafts), expected=None, actor=actor, at=world.now)

    tell(started(planned, is_dry=is_dry), actor="ada")
    for number, output in enumerate(outputs, 1):
        step, key = str(number), f"{RUN}.{number}"
        if number == skips:
            world.now += timedelta(minutes=2)
            tell(runs.step_ended(step, "skipped", "It was away already."), actor="ada")
            continue
        tell(runs.attempt_intended(step, key, target="local", purpose="step", epoch=1, limit_at=None))
        world.now += timedelta(minutes=2)
        tell(runs.attempt_ended(step, key, outcome="finished", exit_code=0, is_ok=True, why="", started_at=world.now,
                                ended_at=world.now, tail=output, output_bytes=len(output)))  # fmt: skip
        tell(runs.step_ended(step, "done", ""))
        if number == noted_behind and note:
            world.tell(incident_events.noted(note, "command"), actor="bo")
    tell(runs.run_ended(state, ""))
    world.tell(incident_events.moved("resolved"), minutes=1)


def test_a_run_becomes_a_patch_with_a_reason_for_each_change(world):
    run(world, ("primary is away", "standby is primary"), note="dbctl fence old-primary")
    (patch,) = world.reports.patches(world.find())
    assert (patch.path, patch.run, patch.before) == (PATH, RUN, PAGE)
    for words in ('- **Expect:** output contains "primary is away"', '- **Expect:** output contains "standby is primary"',
                  "2. Run:", "dbctl fence old-primary", "3. Promote the standby.",
                  "Worked on 2026-03-26 in 4 min (INC-14)."):  # fmt: skip
        assert words in patch.after
    assert len(patch.reasons) == 4


def test_it_is_proposed_with_its_reasons_and_accepted(world):
    run(world, ("primary is away", "standby is primary"))
    made = world.reports.propose_patch(world.find(), PATH, "ada", ADA)
    assert (made.kind, made.incident, len(made.reasons)) == ("patch", 14, 3)
    world.proposals.accept(made.id, "ada", ADA)
    assert (world.root / PATH).read_text() == world.proposals.content(made).decode()
    assert world.library.findings_in(PATH, (world.root / PATH).read_bytes()) == [] or all(
        finding.severity != "error" for finding in world.library.findings_in(PATH, (world.root / PATH).read_bytes())
    )
    assert world.reports.patches(world.find()) == []


def test_a_step_that_was_skipped_in_a_run_that_succeeded_gets_a_note(world):
    run(world, ("", "12:30"), skips=1)
    (patch,) = world.reports.patches(world.find())
    assert "   - **Note:** Skipped on 2026-03-26: It was away already (INC-14).\n" in patch.after
    assert patch.after.replace("   - **Note:** Skipped on 2026-03-26: It was away already (INC-14).\n", "").startswith(
        PAGE[: PAGE.index("## Troubleshooting")]
    )
    assert len(patch.reasons) == 2


def test_a_step_that_was_skipped_in_a_run_that_failed_says_nothing(world):
    run(world, ("", "12:30"), skips=1, state="failed")
    assert world.reports.patches(world.find()) == []


def test_a_step_that_was_skipped_and_typed_behind_the_next_one_moves_there(world):
    run(world, ("", "12:30"), skips=1, note="dbctl state", noted_behind=2)
    (patch,) = world.reports.patches(world.find())
    assert patch.reasons[-1] == "Step 1 was skipped at its place in INC-14; bo typed its command behind step 2."
    assert patch.after.index("1. Promote the standby.") < patch.after.index("2. Look at the state.")
    assert "**Note:**" not in patch.after


def test_what_waits_for_review_is_told_no_more_as_to_be_proposed(world):
    run(world, ("primary is away", "standby is primary"))
    assert [each.path for each in world.reports.unproposed(world.find())] == [PATH]
    made = world.reports.propose_patch(world.find(), PATH, "ada", ADA)
    assert world.reports.unproposed(world.find()) == []
    world.proposals.decline(made.id, "ada", "it was a drill")
    assert world.reports.unproposed(world.find()) == []


def test_a_dry_run_and_a_page_that_says_it_all_teach_nothing(world):
    run(world, ("primary is away", "x"), is_dry=True)
    assert world.reports.patches(world.find()) == []
    with pytest.raises(Usage, match="say nothing"):
        world.reports.propose_patch(world.find(), PATH, "ada", ADA)


def test_the_steps_that_changed_something_are_in_the_report_and_those_that_looked_are_not(world):
    run(world, ("primary is away", "standby is primary"))
    said = world.proposals.content(world.reports.report(world.find(), "ada", ADA)).decode()
    assert "Began “Fail Over”" in said
    assert "Step 2" in said
    assert "Fail Over” succeeded" in said


WRITER = """
import sys
from pathlib import Path
from tests.usecases.learn_world import World
world = World(Path(sys.argv[1]))
print("ready", flush=True)
world.reports.write_due()
print("written", flush=True)
"""


def test_a_kill_while_reports_are_written_leaves_each_to_be_written_once(world):
    for number in range(20, 32):
        world.declare(number=number, id=f"i{number}", title=f"Fault {number}", severity="P3")
        world.tell(incident_events.moved("resolved"), id=f"i{number}", minutes=1)
    for pause_s in (0.05, 0.3, 0.7):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(world.root)], stdout=subprocess.PIPE, text=True,
            cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": "src:."},
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(pause_s)  # not a wait for something: the moment of the kill is the input
        os.kill(child.pid, signal.SIGKILL)
        child.stdout.close()
        child.wait()
    world.reports.write_due()
    proposals = world.proposals.select(is_open=None)
    assert sorted(each.incident for each in proposals) == list(range(20, 32))
    assert all(each.state == "open" and each.commit for each in proposals)
    assert all([written.what for written in world.find(f"i{number}").writings] == ["report"] for number in range(20, 32))

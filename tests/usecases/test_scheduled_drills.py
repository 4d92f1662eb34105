"""What is due to be practised reminds whoever is named, once, and begins by itself only where nothing can break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.usecases.alert_world import Shelf
from tests.usecases.run_world import RunWorld

from opsbook.ground.errors import Fenced
from opsbook.ledger.page import page_of
from opsbook.ledger.run_events import run_ended
from opsbook.usecases.alerting_ports import Contact, Reachable
from opsbook.usecases.run_ports import Inventory
from opsbook.usecases.scheduled_drills import Sandbox, Scheduled, ScheduledDrills, scheduled

PATH, TABLE = "docs/operations/procedures/restore.md", "docs/operations/drills/README.md"
WHERE = f"{PATH}#restore"
PLAN = (
    "# Drills\n\n| Procedure | Every | On | Who |\n| --- | --- | --- | --- |\n"
    "| [Restore](../procedures/restore.md#restore) | 90 days | {on} | {who} |\n"
)
STEP = "# Restore\n\n1. Restore it\n   ```bash\n   true\n   ```\n"
THURSDAY = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


class DueWorld:
    """A book with one procedure that was practised on 1 August, and whoever looks what is due."""

    def __init__(self, folder: Path, step: str = STEP, on: str = "sandbox-1", who: str = "@ada") -> None:
        trusted = Inventory(("sandbox-1", "web-1"), {"sandbox": ("sandbox-1",)}, trusted=frozenset({WHERE}))
        self.world = RunWorld(folder, trusted)
        self.ledger = self.world.ledger
        self.days = {WHERE: date(2026, 8, 1)}
        self.write(step, on, who)
        self.at = THURSDAY
        self.lease = self.ledger.claim("pager", "here", 1e6)
        assert self.lease is not None
        self.drills = self.made(self.world.runs)

    def write(self, step: str, on: str = "sandbox-1", who: str = "@ada") -> None:
        self.world.pages[PATH] = step
        self.shelf = Shelf({PATH: step, TABLE: PLAN.format(on=on, who=who)})

    def made(self, runs: Any) -> ScheduledDrills:
        """Whoever looks, anew, as a process that starts has it."""
        return ScheduledDrills(
            self.ledger, lambda: self.shelf.snapshot(), self, lambda: runs, practised=lambda: self.days,
            sandbox=Sandbox(("sandbox",), {"sandbox": ("sandbox-1",)}), now=lambda: self.at, address="https://ops",
        )  # fmt: skip

    def reachable(self, name: str) -> Reachable:
        handle = name.lstrip("@").lower()
        return Reachable(name, handle, (Contact("email", "email", f"{handle}@example.org", "…", "book"),))

    def look(self) -> Scheduled:
        assert self.lease is not None
        self.drills.look(self.lease)
        (found,) = scheduled(self.shelf.snapshot(), self.ledger, self.days, self.at.date())
        return found

    @property
    def pages(self) -> list[Any]:
        return [page_of(row) for row in reversed(self.ledger.rows("pages", limit=100))]


@pytest.fixture
def due(tmp_path: Path) -> Iterator[Callable[..., DueWorld]]:
    made: list[DueWorld] = []

    def make(*told: str, **more: str) -> DueWorld:
        made.append(DueWorld(tmp_path, *told, **more))
        return made[-1]

    yield make
    for each in made:
        each.world.close()


def test_who_is_named_is_reminded_once_for_each_due_date(due: Callable[..., DueWorld]) -> None:
    world = due(on="-", who="@ada, @ben")
    for _ in range(3):
        assert world.look().told.reminded == ("ada", "ben")
    assert [each.subject for each in world.pages] == [
        "Drill to do: Restore (overdue since 2026-10-30, last on 2026-08-01)."
    ] * 2
    assert [level.targets for level in world.pages[0].policy.levels] == [("ada",)]
    world.days[WHERE] = date(2026, 8, 20)
    world.look()
    assert [each.is_open for each in world.pages] == [False, False, True, True]


def test_nobody_is_reminded_at_night_or_on_a_sunday(due: Callable[..., DueWorld]) -> None:
    world = due(on="-")
    for world.at in (datetime(2026, 11, 26, 3, 0, tzinfo=UTC), datetime(2026, 11, 29, 10, 0, tzinfo=UTC)):
        assert world.look().told.reminded == ()


def test_a_reminder_ends_once_it_was_practised(due: Callable[..., DueWorld]) -> None:
    world = due(on="-")
    world.look()
    world.days[WHERE] = THURSDAY.date()
    assert (world.look().drill.state, world.pages[0].is_open) == ("planned", False)


def test_where_drills_may_it_begins_by_itself_once_and_is_marked(due: Callable[..., DueWorld]) -> None:
    world = due()
    found = [world.look() for _ in range(3)][-1]
    (brief,) = world.world.runs.briefs()
    run = world.world.runs.find(brief.id)
    assert (found.told.run, run.drill, brief.drill, run.is_interactive) == (run.id, "2026-10-30", "2026-10-30", False)
    assert run.plan.steps[0].targets == ("sandbox-1",)
    assert world.pages == []


def test_killed_behind_its_start_another_process_begins_nothing(due: Callable[..., DueWorld]) -> None:
    world = due()

    class Killed:
        def start_drill(self, *given: Any, **told: Any) -> None:
            world.world.runs.start_drill(*given, **told)
            raise KeyboardInterrupt

    world.drills = world.made(Killed())
    with pytest.raises(KeyboardInterrupt):
        world.look()
    world.drills = world.made(world.world.runs)
    assert world.look().told.run
    assert len(world.world.runs.briefs()) == 1


def test_two_that_look_at_once_begin_one_run(due: Callable[..., DueWorld]) -> None:
    world = due()

    class Late:
        def start_drill(self, *given: Any, **told: Any) -> None:
            world.world.runs.start_drill(*given, **told)  # another was quicker
            world.world.runs.start_drill(*given, **told)

    world.drills = world.made(Late())
    world.look()
    assert len(world.world.runs.briefs()) == 1


def test_a_leader_that_was_replaced_begins_nothing(due: Callable[..., DueWorld]) -> None:
    world = due()
    assert world.lease is not None
    world.ledger.release(world.lease)
    assert world.ledger.claim("pager", "another", 60.0) is not None
    with pytest.raises(Fenced):
        world.look()
    assert world.world.runs.briefs() == []


def test_a_run_that_failed_is_told_and_not_begun_again(due: Callable[..., DueWorld]) -> None:
    world = due()
    run = world.world.runs.find(world.look().told.run)
    world.world.record(run, run_ended("failed", "It ended with 1."))
    found = [world.look() for _ in range(2)][-1]
    assert found.why_not == f"Its run {run.id} on sandbox-1 ended: failed."
    assert (len(world.world.runs.briefs()), found.told.reminded) == (1, ("ada",))


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (STEP + "   - **Run on:** web-1\n", "step 1 is done on web-1"),
        (STEP + "   - **Run on:** local\n", "step 1 is done on local"),
        (STEP + "   - **Danger:** it deletes\n", "dangerous"),
        (STEP + "2. Look at it\n", "step 2 is done by a person"),
        (STEP.replace("true", 'rm "$NAME"').replace("1. R", "| Parameter | Required |\n| --- | --- |\n| NAME | yes |\n\n1. R"),
         "NAME"),
    ],
)  # fmt: skip
def test_what_could_break_something_does_not_begin_and_who_is_named_is_told_why(
    due: Callable[..., DueWorld], step: str, why: str
) -> None:
    world = due(step)
    found = [world.look() for _ in range(2)][-1]
    assert why in found.why_not
    assert (world.world.runs.briefs(), found.told.reminded) == ([], ("ada",))
    assert len(world.ledger.read("drill-due/" + world.ledger.streams("drill-due/")[0].split("/")[1])) == 2


def test_what_is_neither_committed_nor_merged_nor_trusted_does_not_begin(due: Callable[..., DueWorld]) -> None:
    world = due()
    world.world.commits[PATH] = None
    assert "is not committed" in world.look().why_not
    world.world.commits[PATH] = "c0ffee"
    world.world.unprotected.add(PATH)
    world.shelf.put(world.shelf.pages)
    assert "none of the protected branches" in world.look().why_not
    world.drills = world.made(world.world.with_inventory(Inventory(("sandbox-1",))))
    world.world.unprotected.clear()
    assert "not trusted" in world.look().why_not


def test_what_kept_it_is_tried_again_once_the_book_is_another(due: Callable[..., DueWorld]) -> None:
    world = due()
    world.world.commits[PATH] = None
    world.look()
    world.world.commits[PATH] = "c0ffee"
    assert not world.look().told.run
    world.shelf.put(world.shelf.pages)
    assert world.look().told.run


def test_a_host_that_is_no_sandbox_is_only_reminded_of(due: Callable[..., DueWorld]) -> None:
    world = due(on="web-1")
    found = world.look()
    assert (found.told.run, found.why_not, found.told.reminded) == ("", "", ("ada",))

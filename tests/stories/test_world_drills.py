"""A drill of each fault in the world, from the pages of its folder alone: no written scenario, no rules, no monitoring.

The world need not run: its pages are read as its start would write them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from tests.stories.world import ROOT
from tests.usecases.drill_world import DrillWorld

# fault: (the alert that it fires, what its section is called)
FAULTS = {
    "api-500": ("ApiErrors", "api.md#issue-api-returns-500", "2"),
    "database-stopped": ("DatabaseDown", "database.md#issue-postgresql-is-stopped", ""),
    "database-data-loss": ("DatabaseDataMissing", "database.md#issue-table-items-is-missing", ""),
    "disk-full": ("SpoolDiskFull", "api.md#issue-spool-disk-is-full", "2"),
    "nginx-config": ("WebDown", "web.md#issue-nginx-is-down-or-will-not-start", ""),
    "slow-lock": ("ApiSlow", "api.md#issue-api-responses-are-slow", ""),
    "slow-saturated": ("ApiSlow", "api.md#issue-api-responses-are-slow", ""),
    "redis-oom": ("QueueOutOfMemory", "queue.md#issue-redis-is-out-of-memory", ""),
    "queue-stopped": ("QueueDown", "queue.md#issue-redis-is-down", ""),
}
PEOPLE = """# On Call

| Name | Handle | E-Mail |
| --- | --- | --- |
| Ada Byron | @ada | ada@example.org |
| Ben Nevis | @ben | ben@example.org |
"""


def pages() -> dict[str, str]:
    source = Path(os.environ.get("OPSBOOK_WORLD") or ROOT.parent / "shared" / "world")
    if not source.is_dir():
        pytest.skip("ABSENT: world (a small one to operate); OPSBOOK_WORLD may name its folder")
    assert {each.stem.removeprefix("fault-") for each in (source / "faults").glob("fault-*.sh")} == set(FAULTS)
    found = {f"docs/operations/runbooks/{each.name}": rendered(each) for each in (source / "docs.in").glob("*.md")}
    return {**found, "docs/operations/incidents/on-call.md": PEOPLE}


def rendered(page: Path) -> str:
    """A page as the world's start writes it, on some ports."""
    text = page.read_text().replace("@WORLD@", "/srv/world").replace("@OPS_URL@", "http://127.0.0.1:8000")
    return re.sub(r"@P_[A-Z]+@", "22080", text)


def test_each_fault_is_drilled_from_alert_to_score(tmp_path: Path) -> None:
    folder = pages()
    for fault, (alert, where, step) in FAULTS.items():
        (tmp_path / fault).mkdir()
        world = DrillWorld(tmp_path / fault, folder)
        scene = world.maker.of_alert(alert)
        right = f"docs/operations/runbooks/{where}"
        assert (scene.service, scene.sections, scene.procedures) == (where.partition(".")[0], (right,), (right,)), fault
        assert scene.steps and step in ("", *scene.steps), fault
        assert any(each.startswith("Step 1: ") for each in scene.reveals), fault
        drill = world.begun(scene, "ada", speed=60)
        assert world.mail()[0].startswith(f"ada@example.org [page] {alert}"), fault
        (page,) = world.pages
        assert page.is_drill and page.place is not None and f"{page.place.path}#{page.place.anchor}" == right, fault
        world.later(seconds=3)
        world.pages_of.acknowledge(page.id, "ada", via="web")
        world.later(seconds=4)
        world.drills.answer(drill.id, "ada", "section", where)
        world.drills.answer(drill.id, "ada", "step", scene.steps[0])
        (score,) = world.drills.score(world.drills.find(drill.id))
        assert (score.acknowledged_s, score.section_s, score.step_s, score.wrong) == (3.0, 7.0, 7.0, 0), fault
        world.later(seconds=5)
        assert world.drills.find(drill.id).ended_how == "done", fault
        assert [each.status for each in world.alerts] == ["resolved"], fault
        world.close()

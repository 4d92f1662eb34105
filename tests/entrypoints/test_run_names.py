"""What runs are called where many are listed."""

from __future__ import annotations

from urllib.parse import quote

from tests.entrypoints.door import opened, write_repository
from tests.entrypoints.played_runs import started
from tests.entrypoints.run_door import PAGES, PATH, see

OTHER = "docs/operations/runbooks/api.md"
SHARED = "docs/operations/procedures/handover.md"
STEPS = "# {}\n\n**Owner:** Ada\n\n## Deployment\n\n### Production\n\n1. Ship it\n   ```sh\n   true\n   ```\n"


def test_runs_of_two_pages_differ_by_the_service_or_the_page_that_they_are_of(tmp_path):
    write_repository(tmp_path, {OTHER: STEPS.format("Runbook: API"), SHARED: STEPS.format("Handing over")} | PAGES)
    with opened(tmp_path) as door:
        runs = {started(door, f"{path}#production", values).id: name for path, values, name in (
            (PATH, {"VERSION": "v1"}, "Web · Production"), (OTHER, {}, "API · Production"), (SHARED, {}, "Handing over · Production"),
        )}  # fmt: skip
        for path in ("/runs", "/", "/fragments/runs"):
            page = see(door, path)
            for run, name in runs.items():
                assert f'<a href="/runs/{run}"><b>{name}</b></a>' in page
        assert "API · Production was started" in see(door, "/fragments/activity")
        for run, name in runs.items():
            assert f"<h1>{name}</h1>" in see(door, f"/runs/{run}")
        assert "<h1>Run: API · Production</h1>" in see(door, f"/run?at={quote(f'{OTHER}#production', safe='')}")

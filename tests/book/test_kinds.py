"""What kind a page is: declared, by its name, by its folder, by its title, by its sections; the first that speaks."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.book.whole_reading import page_of

import opsbook
from opsbook.book.headings import SLOTS
from opsbook.book.kinds import KINDS, PROFILES, is_alert_name, is_transcript
from opsbook.book.page import default_reading
from opsbook.book.procedure import procedures_of

SEED = Path(opsbook.__file__).parent / "seed"
RUNBOOK = "# {}\n\n## Health Checks\n\n## Deployment\n\n## Troubleshooting\n\n## Monitoring\n"
ALERT = "# {}\n\n## Meaning\n\n## Impact\n\n## Diagnosis\n\n## Mitigation\n"
REPORT = "# {}\n\n## Timeline\n\n## Root Cause\n\n## Resolution\n"
STEPS = "# {}\n\n1. Do\n\n   ```sh\n   x\n   ```\n"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("README.md", "index"),
        ("runbooks/api-service.md", "runbook"),
        ("runbooks/database.md", "runbook"),
        ("runbooks/frontend.md", "runbook"),
        ("incidents/incident-response.md", "policy"),
        ("incidents/post-mortem-template.md", "template"),
        ("monitoring/metrics.md", "metrics"),
        ("monitoring/alerts.md", "alerts"),
        ("monitoring/dashboards.md", "dashboards"),
        ("procedures/deployment.md", "procedure"),
        ("procedures/rollback.md", "procedure"),
        ("procedures/scaling.md", "procedure"),
    ],
)
def test_every_file_of_the_users_folder_has_its_kind(path, kind):
    assert page_of((SEED / path).read_bytes(), f"docs/operations/{path}").kind == kind
    assert page_of("", f"docs/operations/{path}").kind == kind


def test_no_file_of_the_users_folder_is_forgotten_here():
    (table,) = (mark for mark in test_every_file_of_the_users_folder_has_its_kind.pytestmark if mark.name == "parametrize")
    assert {path for path, _ in table.args[1]} == {str(path.relative_to(SEED)) for path in SEED.rglob("*.md")}


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        # What the page declares goes before all else.
        ("runbooks/a.md", "---\nkind: procedure\n---\n" + ALERT.format("X"), "procedure"),
        ("a.md", "---\ntype: Post-Mortem\n---\n", "post-mortem"),
        ("a.md", "---\ntype: SOP\n---\n", "procedure"),
        ("a.md", "---\ntype: alert_runbook\n---\n", "alert-runbook"),
        ("runbooks/a.md", "---\ntype: docs\n---\n# A\n", "runbook"),
        ("runbooks/a.md", "---\ntype: [a]\n---\n# A\n", "runbook"),
        # Templates and indexes by their names, wherever they lie.
        ("incidents/incident-template.md", REPORT.format("X"), "template"),
        ("templates/runbook.md", RUNBOOK.format("X"), "template"),
        ("runbooks/README.md", RUNBOOK.format("X"), "index"),
        ("content/_index.md", "", "index"),
        # The folder.
        ("incidents/2026-01-02-db-down.md", "", "incident"),
        ("incidents/2026-01-02-response-times.md", "", "incident"),
        ("incidents/severity-levels.md", "", "policy"),
        ("incidents/2026-01-02-postmortem.md", "", "post-mortem"),
        ("incidents/7.md", "# Post-mortem: the database", "post-mortem"),
        ("post-mortems/7.md", REPORT.format("Outage"), "post-mortem"),
        ("docs/sops/a.md", "", "procedure"),
        ("playbooks/a.md", "", "procedure"),
        ("playbooks/KubePodCrashLooping.md", ALERT.format("KubePodCrashLooping"), "alert-runbook"),
        ("monitoring/grafana.md", "# Grafana\n", "page"),
        ("policies/a.md", "", "policy"),
        ("on-call.md", "# On call", "policy"),
        ("runbooks/on-call.md", "# On call", "runbook"),
        ("runbooks/api.md", "", "runbook"),
        ("runbooks/restart.md", STEPS.format("Restart the API"), "procedure"),
        ("runbooks/restart.md", STEPS.format("Restart") + "\n## Troubleshooting\n", "runbook"),
        ("runbooks/restart.md", "**Service:** API\n\n" + STEPS.format("Restart"), "runbook"),
        ("runbooks/KubePodCrashLooping.md", ALERT.format("KubePodCrashLooping"), "alert-runbook"),
        ("runbooks/disk.md", ALERT.format("Disk full"), "alert-runbook"),
        ("runbooks/a.md", "# KubePodCrashLooping\n\nIt crashes.\n", "alert-runbook"),
        ("runbooks/clickhouse.md", "# ClickHouse\n\n## Impact\n\n## Deployment\n\n## Monitoring\n", "runbook"),
        ("runbooks/a.md", "**Alert:** DiskFull\n\n# Disk\n\n## Diagnosis\n", "alert-runbook"),
        ("RunBooks/A.MD", "", "runbook"),
        # The title.
        ("a.md", "# API Runbook\n\n## Deployment\n", "runbook"),
        ("a.md", "# Runbook: restart\n\n1. Do\n", "procedure"),
        ("api-runbook.md", "# API\n", "runbook"),
        ("a.md", "# Root cause analysis of Friday\n", "post-mortem"),
        ("a.md", "# Incident 12\n\n## Timeline\n", "incident"),
        ("a.md", "# Incidents and how we name them\n", "page"),
        ("a.md", ALERT.format("KubePodCrashLooping"), "alert-runbook"),
        # The sections.
        ("a.md", ALERT.format("Disk"), "alert-runbook"),
        ("a.md", REPORT.format("Friday"), "incident"),
        ("a.md", REPORT.format("Friday") + "## Lessons Learned\n", "post-mortem"),
        ("a.md", RUNBOOK.format("API"), "runbook"),
        ("a.md", "**Service:** API\n\n## Deployment\n\n## Monitoring\n", "runbook"),
        ("a.md", "# Restore\n\n## Prerequisites\n\n## Steps\n\n1. Do\n", "procedure"),
        ("a.md", "# Notes\n\nNothing.\n", "page"),
        ("a.md", "", "page"),
    ],
)  # fmt: skip
def test_the_kind_of_a_page(path, text, kind):
    assert page_of(text, path).kind == kind


@pytest.mark.parametrize(
    ("kinds", "path", "kind"),
    [
        ((("notes/*", "procedure"),), "notes/a.md", "procedure"),
        ((("notes/*", "procedure"), ("notes/old/*", "page")), "notes/old/a.md", "page"),
        ((("*/README.md", "runbook"),), "api/README.md", "runbook"),
        ((("notes/*", "procedure"),), "runbooks/a.md", "runbook"),
    ],
)
def test_the_configuration_has_the_last_word_and_its_last_match_wins(kinds, path, kind):
    assert page_of("---\nkind: index\n---\n" if kind != "runbook" else "", path, replace(default_reading(), kinds=kinds)).kind == kind


@pytest.mark.parametrize(
    ("title", "is_one"),
    [
        ("KubePodCrashLooping", True), ("NodeDown", True), ("etcdInsufficientMembers", False), ("CPUThrottlingHigh", True),
        ("Disk full", False), ("Runbook", False), ("API", False), ("PostgreSQL", True), ("Kube-Pod", False), ("", False),
    ],
)  # fmt: skip
def test_an_alert_name_is_one_word_of_humps(title, is_one):
    assert is_alert_name(title) is is_one


def test_every_kind_has_a_profile_of_known_slots():
    assert set(KINDS) == {
        "runbook", "alert-runbook", "procedure", "incident", "post-mortem", "policy", "metrics", "alerts", "dashboards",
        "template", "index", "page",
    }  # fmt: skip
    for kind, profile in PROFILES.items():
        assert profile.kind == kind
        assert set(profile.slots) <= set(SLOTS)


TRANSCRIPT = "# Run of Deploy\n\n## Steps\n\n### 1 Ship it\n\ndone\n\n```sh\n./ship.sh\n```\n\n### 2 Look\n\n1. done\n\n```sh\nlook\n```\n"


def test_the_transcript_of_a_run_is_a_record_and_holds_nothing_to_carry_out():
    page = page_of(TRANSCRIPT, path="runbooks/runs/261126-160512-k3vd.md")
    assert page.kind == "page"
    assert procedures_of(page) == ()
    assert procedures_of(page_of(TRANSCRIPT, path="runbooks/runs/deploy.md"))


@pytest.mark.parametrize("path", ["runs/261126-160512-k3vd.md", "a/b/runs/261126-160512-k3vd.md"])
def test_a_transcript_is_told_by_its_folder_and_name(path):
    assert is_transcript(path)
    assert not is_transcript(path.replace("runs/", "ran/"))
    assert not is_transcript(path.replace("k3vd", "deploy"))

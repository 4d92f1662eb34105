"""`opsbook discover` and `opsbook init --from` as they are typed, in a small repository with a Compose file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.git_folder import GitFolder

from opsbook.entrypoints import cli

COMPOSE = """\
services:
  web:
    image: nginx:1.27
    ports: ["127.0.0.1:8080:80"]
    depends_on: [db]
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost/health"]
      interval: 30s
  db:
    image: postgres:16
    volumes: ["data:/var/lib/postgresql/data"]
volumes: {data: {}}
"""
RULES = """\
groups:
- name: db
  rules:
  - alert: DatabaseDown
    expr: pg_up{job="db"} == 0
    labels: {severity: critical, service: db}
    annotations: {summary: "PostgreSQL on {{ $labels.instance }} is down"}
"""
WEB, DB = "docs/operations/runbooks/web.md", "docs/operations/runbooks/db.md"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "compose.yaml": COMPOSE, "rules/db.yml": RULES, "CODEOWNERS": "* @shop/platform\n",
        "docs/operations/README.md": "# Operations\n\n[web](runbooks/web.md)\n",
    }  # fmt: skip
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    GitFolder(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("OPSBOOK_BOOK", "OPSBOOK_DB", "OPSBOOK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def opsbook(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.run(list(words)) == 0
    return capsys.readouterr().out


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, object]]:
    found = json.loads(opsbook(capsys, *words, "--format", "json"))
    return {each["service"]: each for each in found["services"]}


def test_without_an_option_nothing_is_written_and_what_would_be_is_shown(shop, capsys):
    told = opsbook(capsys, "discover", "--rules", "rules")
    assert f"+++ b/{DB}" in told
    assert "+### Restart Service" in told
    assert not (shop / DB).exists()


def test_what_was_written_is_found_again_and_says_nothing_new(shop, capsys):
    assert f"created {WEB}" in opsbook(capsys, "discover", "--rules", "rules", "--write")
    again = answer(capsys, "discover", "--rules", "rules")
    assert [(each["runbook"], each["lacks"], each["changed"], each["differs"]) for each in again.values()] == [
        (DB, [], [], []), (WEB, [], [], []),
    ]  # fmt: skip
    assert "would" not in opsbook(capsys, "discover", "--rules", "rules")


def test_what_was_written_is_free_of_errors_and_warnings(shop, capsys):
    opsbook(capsys, "discover", "--rules", "rules", "--write")
    told = opsbook(capsys, "lint", WEB, DB, "--fail-on", "warning", "--no-cache", "--format", "json")
    assert json.loads(told)["summary"]["error"] == 0


def test_every_step_with_a_command_runs_as_written(shop, capsys):
    opsbook(capsys, "discover", "--rules", "rules", "--write")
    page = json.loads(opsbook(capsys, "show", DB, "--format", "json"))
    steps = [step for each in page["procedures"] for step in each["steps"]]
    assert len(steps) > 10
    assert [step for step in steps if step["kind"] == "command" and not step["runnable"]] == []


def test_a_restart_is_told_before_it_is_done(shop, capsys):
    opsbook(capsys, "discover", "--write")
    assert "docker compose -f compose.yaml restart db" in opsbook(capsys, "run", f"{DB}#restart-service", "--dry-run")


def test_another_port_changes_no_page_but_is_shown_and_proposed_once(shop, capsys):
    opsbook(capsys, "discover", "--write")
    git = GitFolder(shop)
    git("add", "-A")
    git("commit", "-qm", "all")
    before = (shop / WEB).read_text()
    (shop / "compose.yaml").write_text(COMPOSE.replace("8080:", "8090:"))
    told = opsbook(capsys, "discover", "--write")
    assert "+- **Health Check URL:** http://127.0.0.1:8090/health" in told
    first = json.loads(opsbook(capsys, "discover", "--propose", "--format", "json"))["proposals"]
    again = json.loads(opsbook(capsys, "discover", "--propose", "--format", "json"))["proposals"]
    assert (len(first), again) == (1, first)
    assert (shop / WEB).read_text() == before
    opsbook(capsys, "proposals", "accept", first[0])
    assert "http://127.0.0.1:8090/health" in (shop / WEB).read_text()
    assert "would" not in opsbook(capsys, "discover")


def test_a_part_that_somebody_edited_is_kept_and_told_with_both_places(shop, capsys):
    opsbook(capsys, "discover", "--write")
    page = shop / WEB
    page.write_text(page.read_text().replace("URL:** http://127.0.0.1:8080/health", "URL:** http://127.0.0.1:8080/up"))
    (shop / "compose.yaml").write_text(COMPOSE.replace("8080:", "8090:"))
    (differs,) = answer(capsys, "discover")["web"]["differs"]
    assert (differs["page"], differs["found"]) == ("http://127.0.0.1:8080/up", "http://127.0.0.1:8090/health")
    assert (differs["found_path"], differs["found_line"]) == ("compose.yaml", 7)


def test_an_alert_leads_to_what_can_be_done(shop, capsys):
    opsbook(capsys, "discover", "--rules", "rules", "--write")
    text = (shop / DB).read_text()
    assert "### Issue: DatabaseDown\n\n**Symptoms:** PostgreSQL on (its instance) is down" in text
    assert "[Restart it](#restart-service)" in text


def test_a_service_of_the_book_that_nothing_deploys_is_told(shop, capsys):
    (shop / "docs/operations/runbooks").mkdir()
    (shop / "docs/operations/runbooks/old.md").write_text("# Old Runbook\n\n**Service:** old\n\n## Overview\n\nIt was.\n")
    assert "deployed by nothing that was read: old (docs/operations/runbooks/old.md)" in opsbook(capsys, "discover")


def test_coverage_counts_what_has_no_runbook(shop, capsys):
    rows = answer(capsys, "coverage")
    assert [(name, row["runbook"], row["score"], len(row["missing"])) for name, row in rows.items()] == [
        ("db", None, 0.0, 8), ("web", None, 0.0, 8),
    ]  # fmt: skip
    assert "compose.yaml:2" in opsbook(capsys, "coverage")


def test_an_alias_on_a_page_is_the_service(shop, capsys):
    (shop / "docs/operations/runbooks").mkdir()
    page = "# Front Runbook\n\n**Service:** front  \n**Aliases:** www, web\n\n## Overview\n\nIt is in front.\n"
    (shop / "docs/operations/runbooks/front.md").write_text(page)
    assert answer(capsys, "discover")["web"]["runbook"] == "docs/operations/runbooks/front.md"
    assert "web" not in answer(capsys, "coverage")


def test_init_writes_the_folder_and_a_runbook_for_each_service(shop, capsys):
    lines = opsbook(capsys, "init", "ops", "--from", ".").splitlines()
    assert "created ops/runbooks/db.md" in lines
    assert "created ops/README.md" in lines


def test_a_place_outside_of_the_repository_is_refused(shop, capsys, tmp_path_factory):
    assert cli.run(["discover", str(tmp_path_factory.mktemp("elsewhere"))]) == 2
    assert "lies outside of the repository" in capsys.readouterr().err


def test_the_alert_rules_below_the_path_are_in_the_runbooks_of_a_new_book(shop, capsys):
    opsbook(capsys, "init", "ops", "--from", ".")
    assert "DatabaseDown" in (shop / "ops/runbooks/db.md").read_text()

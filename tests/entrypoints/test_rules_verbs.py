"""`opsbook rules import` and `rules export` as they are typed: rules of the wild onto pages and out again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.git_folder import GitFolder

from opsbook.entrypoints import cli

TABLE = """# Alerts

**Owner:** Kim  
**Last Updated:** 2026-11-01

| Alert | Expression | Threshold | For | Severity | Meaning | Runbook |
| --- | --- | --- | --- | --- | --- | --- |
| Slow | `http_seconds{job="api"}` | above 2 | 2 minutes | P2 | People wait | <https://ops.example/slow> |
| Odd | the worst of both | too much | 1m | P3 | Nobody knows | |
"""


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty book in a repository of its own, which is where one stands."""
    (tmp_path / "docs/operations").mkdir(parents=True)
    (tmp_path / "docs/operations/README.md").write_text("# Operations\n")
    GitFolder(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("OPSBOOK_BOOK", "OPSBOOK_DB", "OPSBOOK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def rules_in(paths: Iterable[Path]) -> list[tuple[str, str, str, str, dict[str, str]]]:
    """Group, name, expression, duration and labels of every rule, by a reader that is not ours."""
    found = []
    for path in paths:
        for document in yaml.safe_load_all(path.read_text()):
            told: Any = document if isinstance(document, dict) else {}
            for group in told.get("groups") or (told.get("spec") or {}).get("groups") or []:
                for rule in group["rules"] or ():
                    labels = {key: str(value) for key, value in (rule.get("labels") or {}).items()}
                    name = rule.get("alert") or rule["record"]
                    found.append((group["name"], name, str(rule["expr"]).strip(), str(rule.get("for", "")), labels))
    return sorted(found, key=str)


def opsbook(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> tuple[str, str]:
    assert cli.run(list(words)) == status
    told = capsys.readouterr()
    return told.out, told.err


@pytest.mark.parametrize("folder", [
    "prometheus-operator__kube-prometheus/manifests", "samber__awesome-prometheus-alerts/dist",
    "jerdaw__healtharchive/ops",
])  # fmt: skip
def test_the_rules_of_the_wild_come_back_with_name_expression_duration_and_labels(book, corpora, capsys, needs, folder):
    opsbook(capsys, "rules", "import", str(corpora / folder))
    opsbook(capsys, "rules", "export", "--to", "out")
    out = sorted((book / "out").iterdir())
    assert rules_in(out) == rules_in(path for path in (corpora / folder).rglob("*.y*ml"))
    asked = [needs("promtool"), "check", "rules", "--lint=none", *map(str, out)]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_every_alert_of_the_wild_has_a_section_and_lint_finds_nothing(book, corpora, capsys):
    opsbook(capsys, "rules", "import", str(corpora / "prometheus-operator__kube-prometheus"), "--owner", "Kim")
    opsbook(capsys, "rules", "export", "--to", "out")
    found = json.loads(opsbook(capsys, "lint", "docs/operations/monitoring", "--rules", "out", "--format", "json")[0])
    assert [each for each in found["findings"] if each["rule"] != "orphan-page"] == []
    alerts = json.loads(opsbook(capsys, "rules", "export", "--format", "json")[0])["rules"]
    assert sum(each["kind"] == "alert" for each in alerts) == 139


def test_a_second_time_nothing_is_written(book, corpora, capsys):
    source = str(corpora / "jerdaw__healtharchive/ops")
    opsbook(capsys, "rules", "import", source)
    pages = {path: path.stat().st_mtime_ns for path in book.rglob("*.md")}
    told, _ = opsbook(capsys, "rules", "import", source)
    assert {path: path.stat().st_mtime_ns for path in book.rglob("*.md")} == pages
    assert "created" not in told and "updated" not in told


def test_what_people_wrote_becomes_a_rule_or_is_told_with_its_line(book, capsys):
    page = book / "docs/operations/monitoring/alerts.md"
    page.parent.mkdir()
    page.write_text(TABLE)
    out, err = opsbook(capsys, "rules", "export")
    (rule,) = yaml.safe_load(out)["groups"][0]["rules"]
    assert (rule["expr"], rule["for"], rule["labels"]) == ('http_seconds{job="api"} > 2', "2m", {"severity": "P2"})
    assert rule["annotations"] == {"summary": "People wait", "runbook_url": "https://ops.example/slow"}
    assert "docs/operations/monitoring/alerts.md:9: Odd was left out" in err


def test_an_alert_without_a_runbook_gets_the_address_of_its_section(book, capsys):
    page = book / "docs/operations/monitoring/alerts.md"
    page.parent.mkdir()
    page.write_text("# Alerts\n\n## Slow\n\n- **Expression:** `up == 0`\n- **Severity:** P2\n")
    section = "docs/operations/monitoring/alerts.md#slow"
    for words, address in ((), section), (("--url-base", "https://o.example/"), "https://o.example/r/Slow"):
        read = yaml.safe_load(opsbook(capsys, "rules", "export", *words)[0])
        assert read["groups"][0]["rules"][0]["annotations"]["runbook_url"] == address


def test_a_file_that_somebody_else_wrote_is_left_alone(book, capsys):
    page = book / "docs/operations/monitoring/alerts.md"
    page.parent.mkdir()
    page.write_text(TABLE)
    (book / "rules.yml").write_text("groups: []\n")
    _, err = opsbook(capsys, "rules", "export", "--to", "rules.yml", status=3)
    assert "--force" in err
    assert (book / "rules.yml").read_text() == "groups: []\n"

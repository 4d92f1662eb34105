"""Rules are imported into a book, and exported the same; what people wrote beside them stays."""

from __future__ import annotations

from pathlib import Path

import yaml

from opsbook.entrypoints import cli

RULES = """groups:
- name: disks
  interval: 30s
  rules:
  - record: disk:used
    expr: sum by (host) (disk_used)
  - alert: DiskFull
    expr: |
      disk:used
        > 0.9
    for: 5m
    labels: {severity: critical, team: storage}
    annotations:
      summary: "Disk of {{ $labels.host }} is *full*"
      description: "Used.\\n  VALUE = {{ $value }}"
  - alert: DiskFull
    expr: disk:used > 0.8
    labels: {severity: warning}
"""


def run(book: Path, *words: str) -> int:
    """The exit status of a call of the program."""
    return cli.run(["--book", str(book), *words])


def rules_of(text: str) -> list[dict[str, object]]:
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def test_an_export_after_an_import_gives_the_same_rules_and_a_second_import_changes_nothing(tmp_path):
    book, file = tmp_path / "ops", tmp_path / "rules.yml"
    book.mkdir()
    file.write_text(RULES)
    assert run(book, "rules", "import", str(file), "--owner", "Ada") == 0
    pages = {path: path.read_bytes() for path in book.rglob("*.md")}
    assert run(book, "rules", "export", "--to", str(tmp_path / "out.yml")) == 0
    out = rules_of((tmp_path / "out.yml").read_text())
    for rule in out:
        rule.get("annotations", {}).pop("runbook_url", None)  # where none was, the section's address is written
    assert [{key: value for key, value in rule.items() if value} for rule in out] == rules_of(RULES)
    run(book, "rules", "import", str(file))
    assert {path: path.read_bytes() for path in book.rglob("*.md")} == pages


def test_an_import_changes_the_machines_parts_alone(tmp_path, capsys):
    book, file = tmp_path / "ops", tmp_path / "rules.yml"
    (book / "monitoring").mkdir(parents=True)
    page = book / "monitoring" / "alerts.md"
    text = "# Alerts\n\n## DiskFull\n\n- **Expression:** `disk > 1`\n- **Meaning:** *Ours.*\n- **Response:** Clean up.\n\nMore.\n"
    page.write_text(text)
    file.write_text("groups:\n- name: d\n  rules:\n  - alert: DiskFull\n    expr: disk > 2\n    for: 5m\n"
                    "    annotations: {description: Theirs.}\n")  # fmt: skip
    run(book, "rules", "import", str(file))
    assert "Theirs." in capsys.readouterr().err
    assert page.read_text() == text.replace("disk > 1`", "disk > 2`\n- **For:** 5m")

"""The folder that init writes is the user's own, and is never written over."""

from __future__ import annotations

import os
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from opsbook.config import load
from opsbook.ground.errors import Failure
from opsbook.usecases.init import init
from opsbook.usecases.lint import Scope, lint
from opsbook.usecases.ports import Alerting
from opsbook.wire import build_book, build_file_maker, build_seed, build_workers, lint_settings

FILES = [
    "README.md",
    *(f"runbooks/{name}.md" for name in ("api-service", "database", "frontend")),
    *(f"incidents/{name}.md" for name in ("incident-response", "post-mortem-template")),
    *(f"monitoring/{name}.md" for name in ("alerts", "dashboards", "metrics")),
    *(f"procedures/{name}.md" for name in ("deployment", "rollback", "scaling")),
]
TODAY = date(2026, 11, 23)


def lay(folder: Path) -> list[tuple[str, bool]]:
    laid = init(build_seed(), build_file_maker(str(folder)), TODAY)
    return [(each.path, each.is_created) for each in laid]


def files_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_file_of_the_file_structure_is_written_and_no_other(tmp_path: Path) -> None:
    assert lay(tmp_path / "ops") == [(path, True) for path in FILES]
    assert files_of(tmp_path / "ops") == sorted(FILES)


def test_the_file_structure_of_the_readme_is_what_is_written() -> None:
    readme = build_seed().pages["README.md"].decode()
    tree = re.search(r"```\ndocs/operations/\n(.*?)```", readme, re.S)
    assert tree is not None
    assert sorted(re.findall(r"[\w-]+\.md", tree.group(1))) == sorted(path.rpartition("/")[2] for path in FILES)


def test_a_page_that_is_there_is_kept_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "runbooks" / "database.md"
    own.parent.mkdir()
    own.write_bytes(b"# Ours\r\n")
    assert dict(lay(tmp_path))["runbooks/database.md"] is False
    assert own.read_bytes() == b"# Ours\r\n"
    assert all(not is_created for _, is_created in lay(tmp_path))


def test_the_readme_says_on_which_day_it_was_written_and_keeps_its_text(tmp_path: Path) -> None:
    lay(tmp_path)
    before = build_seed().pages["README.md"]
    after = (tmp_path / "README.md").read_bytes()
    dated, slot = b"**Last Updated:** 2026-11-23", b"**Last Updated:** [Date]"
    assert after.strip().endswith(dated)
    assert after.replace(dated, slot) == before


@pytest.mark.parametrize("path", [path for path in FILES if path.startswith("runbooks/")])
def test_a_runbook_is_the_template_word_for_word_but_for_its_name(path: str) -> None:
    seed = build_seed().pages
    template = re.findall(r"```markdown\n(.*?)```", seed["README.md"].decode(), re.S)[0].splitlines()
    runbook = seed[path].decode().splitlines()
    assert [(a, b) for a, b in zip(template, runbook, strict=True) if a != b and "[Service Name]" not in a] == []
    assert f"**Service:** {path[9:-3]}  " in runbook


def test_the_policy_holds_the_incident_template_word_for_word() -> None:
    seed = build_seed().pages
    template = re.findall(r"```markdown\n(.*?)```", seed["README.md"].decode(), re.S)[1]
    policy = seed["incidents/incident-response.md"].decode()
    assert f"## Incident Response Template\n\n```markdown\n{template}```\n" in policy


def test_a_fresh_folder_has_only_the_findings_that_its_slots_deserve(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    lay(tmp_path / "docs/operations")
    config = load(book=str(tmp_path / "docs/operations"), environ={}, here=str(tmp_path))
    book = build_book(config)
    report = lint(book, book, Scope(TODAY, lint_settings(config), alerting=Alerting()), build_workers())
    rules = Counter(finding.rule for finding in report.findings)
    assert rules["broken-link"] == 3  # the README's related documents, which a new repository does not have
    assert set(rules) == {"placeholder", "broken-link"}
    # A template is meant to have slots; in every other page each slot is told, outside of fences.
    for path, raw in build_seed().pages.items():
        if path in ("README.md", "incidents/post-mortem-template.md"):
            continue
        text = re.sub(r"```markdown\n.*?```", "", raw.decode(), flags=re.S)
        slots = len(re.findall(r"\[(?![ xX]\])[^\]\n]+\](?!\()", text))
        told = sum(f.rule == "placeholder" and f.span.path.endswith(path) for f in report.findings)
        assert (path, told) == (path, slots)


def test_a_file_in_the_way_of_a_folder_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "monitoring").write_text("mine")
    with pytest.raises(Failure, match=r"monitoring' is a file, and a folder of that name is needed"):
        lay(tmp_path)
    assert files_of(tmp_path) == ["monitoring"]


def test_a_folder_in_the_way_of_a_file_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "monitoring" / "alerts.md").mkdir(parents=True)
    with pytest.raises(Failure, match=r"alerts.md' is a folder"):
        lay(tmp_path)
    assert files_of(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(Failure, match="may not be written to"):
            lay(tmp_path / "ops")
    finally:
        tmp_path.chmod(0o700)


def test_what_was_written_before_a_failure_is_taken_back(tmp_path: Path) -> None:
    maker = build_file_maker(str(tmp_path / "ops"))
    with pytest.raises(Failure, match="Nothing was written"):
        maker.create({"a/b.md": b"1", "c" * 300 + ".md": b"2"})
    assert not (tmp_path / "ops").exists()


def test_a_link_that_leads_nowhere_is_a_page_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "README.md").symlink_to(tmp_path / "gone.md")
    assert dict(lay(tmp_path))["README.md"] is False
    assert not (tmp_path / "gone.md").exists()

"""`opsbook init` and `opsbook new` as they are typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from opsbook.entrypoints import cli

SOURCE = Path(cli.__file__).parents[2]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "src").mkdir()
    return tmp_path


def opsbook(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # Whoever runs the tests has a git configuration; the pages must not depend on it.
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "opsbook", *arguments]
    env = {**os.environ, **plain, **environment}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env, timeout=30)


def test_init_writes_docs_operations_at_the_root_and_tells_each_page(repository: Path):
    done = opsbook(repository / "src", "init")
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, 12)
    assert lines[0].split() == ["created", str(repository / "docs/operations/README.md")]
    again = opsbook(repository, "init").stdout.splitlines()
    assert again[0] == "kept    docs/operations/README.md"
    assert {line.split()[0] for line in again} == {"kept"}


def test_init_writes_the_folder_that_is_named(repository: Path):
    assert opsbook(repository, "init", "ops").returncode == 0
    assert (repository / "ops/runbooks/database.md").is_file()
    assert opsbook(repository, "init", OPSBOOK_BOOK="other").returncode == 0
    assert (repository / "other/README.md").is_file()
    assert not (repository / "docs").exists()


def test_init_tells_json_with_paths_from_the_root(repository: Path):
    (repository / "docs/operations").mkdir(parents=True)
    (repository / "docs/operations/README.md").write_text("# Ours\n")
    answer = json.loads(opsbook(repository, "init", "--format", "json").stdout)
    assert answer["book"] == "docs/operations"
    assert answer["files"][0] == {"path": "docs/operations/README.md", "state": "kept"}
    assert answer["files"][1] == {"path": "docs/operations/runbooks/api-service.md", "state": "created"}


def test_a_file_in_the_way_is_a_failure_of_the_world(repository: Path):
    (repository / "docs").write_text("a file")
    done = opsbook(repository, "init")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.count("\n") == 1 and "is a file, and a folder of that name is needed" in done.stderr


def test_new_tells_the_page_and_the_kinds_of_wrong_have_their_statuses(repository: Path):
    opsbook(repository, "init")
    done = opsbook(repository, "new", "runbook", "checkout", "--set", "owner=Ada")
    assert (done.returncode, done.stdout) == (0, "created docs/operations/runbooks/checkout.md\n")
    assert "**Owner:** Ada  \n" in (repository / "docs/operations/runbooks/checkout.md").read_text()
    assert opsbook(repository, "new", "runbook", "checkout").returncode == 3
    assert opsbook(repository, "new", "runbook", "other", "--set", "onwer=x").returncode == 2
    assert opsbook(repository, "new", "runbook", "other", "--set", "owner").returncode == 2
    assert opsbook(repository, "new", "runbok", "other").returncode == 2


def test_new_tells_json(repository: Path):
    opsbook(repository, "init")
    answer = json.loads(opsbook(repository, "new", "incident", "It is slow", "--format", "json").stdout)
    assert answer["path"].endswith("-it-is-slow.md")
    assert answer["template"] == "docs/operations/README.md#incident-response-template"
    assert answer["filled"]["Status"] == "Investigating"


def test_new_without_a_book_says_how_to_have_one(tmp_path: Path):
    done = opsbook(tmp_path, "new", "runbook", "checkout")
    assert done.returncode == 2
    assert "opsbook init" in done.stderr

"""The hooks of git export again after a commit, keep none from being made, and leave those of others alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opsbook.adapters.git_hooks import GitHooks
from opsbook.ground.errors import Refusal

PROGRAM = str(Path(sys.executable).with_name("opsbook"))


def git(folder: Path, *words: str) -> str:
    """What git says of it."""
    as_somebody = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, check=True, env={**os.environ, **as_somebody}
    )
    return (done.stdout + done.stderr).decode()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "it's here"
    (folder / "ops").mkdir(parents=True)
    (folder / "ops" / "db.md").write_text("# Database\n")
    git(folder.parent, "init", "-q", str(folder))
    return folder


def commit(repository: Path) -> str:
    git(repository, "add", "ops")
    return git(repository, "commit", "-m", "a page", "--allow-empty")


@pytest.mark.skipif(not Path(PROGRAM).exists(), reason="ABSENT: the installed program")
def test_a_commit_exports_the_site_and_the_bundle_quietly(repository: Path) -> None:
    site, bundle = repository / "public site", repository / "ops.html"
    GitHooks(str(repository)).install(str(repository / "ops"), site=str(site), bundle=str(bundle), program=PROGRAM)
    assert "opsbook" not in commit(repository).lower()
    assert "Database" in (site / "book" / "db.html").read_text()
    assert git(repository, "log", "-1", "--format=%H").strip()[:12] in bundle.read_text()


def test_a_hook_that_fails_keeps_no_commit_from_being_made(repository: Path) -> None:
    GitHooks(str(repository)).install("ops", site="/proc/no", bundle="", program="/bin/false")
    commit(repository)
    assert git(repository, "log", "--format=%s").strip() == "a page"


def test_hooks_of_others_are_left_and_the_line_to_add_is_told(repository: Path) -> None:
    own = repository / ".git" / "hooks" / "post-merge"
    own.parent.mkdir(exist_ok=True)
    own.write_text("#!/bin/sh\necho mine\n")
    with pytest.raises(Refusal, match=r"Add to it:\n/x/opsbook --book ops export site /s \|\| true"):
        GitHooks(str(repository)).install("ops", site="/s", bundle="", program="/x/opsbook")
    assert own.read_text() == "#!/bin/sh\necho mine\n"
    assert not own.with_name("post-commit").exists()


def test_what_was_installed_can_be_installed_anew_and_removed(repository: Path) -> None:
    hooks = GitHooks(str(repository))
    first = hooks.install("ops", site="/s", bundle="", program="/x/opsbook")
    assert hooks.install("ops", site="", bundle="/b.html", program="/x/opsbook") == first
    assert "export bundle /b.html" in Path(first[0]).read_text()
    assert hooks.remove() == first
    assert hooks.remove() == []


def test_a_folder_that_is_no_repository_has_no_hooks(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no repository of git"):
        GitHooks(str(tmp_path)).install("ops", site="/s", bundle="", program="/x/opsbook")

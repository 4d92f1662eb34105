"""A page is committed beside what is checked out, and nothing that lies there moves."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.adapters.test_git_repository import repository_in
from tests.git_folder import GitFolder

from opsbook.adapters.git_repository import GitBranches
from opsbook.ground.errors import Failure, Refusal

PAGE = "docs/db.md"
BEFORE, AFTER = b"# Database\n\nRestart it.\n", b"# Database\n\nRestart it twice.\n"
ANN = ("Ann Lee", "ann@example.org")
BRANCH = "opsbook/report-INC-14"


@pytest.fixture
def git(tmp_path, needs) -> GitFolder:
    needs("git")
    made = GitFolder(tmp_path / "work")
    made.write(PAGE, BEFORE)
    made.write("other.txt", "one\n")
    made.write(".gitignore", ".opsbook/\ndocs/drafts/\n")
    made.commit("first")
    return made


def branches_in(root: Path) -> GitBranches:
    return GitBranches(str(root), str(root / ".opsbook"))


def propose(branches: GitBranches, content: bytes = AFTER, path: str = PAGE, branch: str = BRANCH, message: str = "Say"):
    return branches.propose(branch, path, content, author=ANN, message=message)


def standing(git: GitFolder) -> tuple[str, str, bytes, str]:
    index = (git.root / ".git/index").read_bytes() if (git.root / ".git/index").exists() else b""
    return git("symbolic-ref", "HEAD"), git.head(), index, (git.root / PAGE).read_text()


def test_a_proposal_is_one_commit_on_a_branch_and_nothing_else_moves(git):
    git.write("other.txt", "staged\n")
    git("add", "other.txt")
    git.write("other.txt", "changed again\n")
    before, left = standing(git), sorted(os.listdir(git.root / ".git"))
    commit = propose(branches_in(git.root))
    assert git("rev-parse", BRANCH).strip() == commit
    assert git("show", "--format=%an <%ae>|%cn|%s", "--name-status", BRANCH).split("\n\n") == [
        "Ann Lee <ann@example.org>|Server|Say", f"M\t{PAGE}\n"
    ]
    assert standing(git) == before
    assert git("status", "--porcelain") == "MM other.txt\n"
    assert set(os.listdir(git.root / ".git")) - set(left) <= {"logs"}
    git("fsck", "--strict")


def test_the_page_is_read_from_its_branch_with_what_people_committed_to_it(git):
    branches = branches_in(git.root)
    propose(branches)
    assert branches.read(BRANCH, PAGE) == AFTER
    git("switch", "-q", BRANCH)
    git.write(PAGE, "by hand\n")
    git.commit("by hand")
    git("switch", "-q", "main")
    assert branches.read(BRANCH, PAGE) == b"by hand\n"
    assert branches.read(BRANCH, "docs/none.md") is None
    assert branches.read("opsbook/none", PAGE) is None


def test_a_second_proposal_goes_on_where_the_branch_is(git):
    branches = branches_in(git.root)
    first = propose(branches)
    second = propose(branches, b"more\n", message="More")
    assert git("log", "--format=%H", f"main..{BRANCH}").split() == [second, first]


def test_the_same_message_twice_is_one_commit_though_somebody_went_on_meanwhile(git):
    branches = branches_in(git.root)
    first = propose(branches)
    propose(branches, b"more\n", message="More")
    assert propose(branches) == first
    assert branches.read(BRANCH, PAGE) == b"more\n"


def test_a_page_that_is_the_same_makes_no_branch(git):
    assert propose(branches_in(git.root), BEFORE) == git.head()
    assert branches_in(git.root).tip(BRANCH) == git.head()


def test_a_new_page_in_a_new_folder_with_spaces_and_letters(git):
    path = "docs/incidents of ours/2026-11-26 größer.md"
    commit = propose(branches_in(git.root), b"# New\n", path)
    assert git("-c", "core.quotePath=false", "show", "--format=", "--name-status", commit) == f"A\t{path}\n"
    assert branches_in(git.root).read(BRANCH, path) == b"# New\n"


def test_packed_branches_are_gone_on_with_and_deleted(git):
    branches = branches_in(git.root)
    propose(branches)
    git("pack-refs", "--all")
    propose(branches, b"more\n", message="More")
    git("pack-refs", "--all")
    assert branches.read(BRANCH, PAGE) == b"more\n"
    assert branches.forget(BRANCH)
    assert git("branch", "--format=%(refname:short)").split() == ["main"]


def test_a_linked_working_tree_has_its_own_head_and_the_same_branches(git, tmp_path):
    git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    propose(branches_in(tmp_path / "linked"))
    assert branches_in(git.root).read(BRANCH, PAGE) == AFTER
    assert git("-C", str(tmp_path / "linked"), "status", "--porcelain", "--untracked-files=no") == ""


def test_a_branch_that_is_checked_out_is_neither_moved_nor_deleted(git):
    branches = branches_in(git.root)
    propose(branches)
    git("switch", "-q", BRANCH)
    with pytest.raises(Refusal, match="is checked out in"):
        propose(branches, b"more\n", message="More")
    assert not branches.forget(BRANCH)
    assert git("status", "--porcelain") == ""


def test_a_branch_with_other_files_is_kept(git):
    branches = branches_in(git.root)
    propose(branches)
    git("switch", "-q", BRANCH)
    git.write("other.txt", "also\n")
    git.commit("also")
    git("switch", "-q", "main")
    assert not branches.forget(BRANCH, PAGE)
    git("merge", "-q", BRANCH)
    assert branches.forget(BRANCH, PAGE)


def test_without_a_commit_it_is_refused_in_words(tmp_path, needs):
    needs("git")
    git = GitFolder(tmp_path / "empty")
    with pytest.raises(Refusal, match="no commit yet"):
        propose(branches_in(git.root))


def test_outside_of_git_and_for_what_git_ignores_there_is_no_commit(git, tmp_path):
    (tmp_path / "plain").mkdir()
    plain = branches_in(tmp_path / "plain")
    assert (propose(plain), plain.read(BRANCH, PAGE), plain.tip(BRANCH)) == (None, None, None)
    assert propose(branches_in(git.root), path="docs/drafts/a.md") is None


def test_what_stands_in_the_way_of_the_name_is_told(git):
    git("branch", "opsbook")
    with pytest.raises(Failure, match="opsbook"):
        propose(branches_in(git.root))


def test_it_tells_whether_what_is_checked_out_has_a_commit(git):
    branches = branches_in(git.root)
    commit = propose(branches)
    assert not branches.is_merged(commit)
    git("merge", "-q", BRANCH)
    assert branches.is_merged(commit)


def test_a_hook_of_references_may_refuse(git):
    git.hook("reference-transaction", 'grep -q opsbook/ && [ "$1" = prepared ] && echo no robots >&2 && exit 1; exit 0\n')
    with pytest.raises(Failure, match="no robots"):
        propose(branches_in(git.root))


def test_a_commit_is_signed_where_git_says_so(git, tmp_path):
    signer = tmp_path / "signer"
    signer.write_text('#!/bin/sh\ncat >/dev/null; echo "[GNUPG:] SIG_CREATED " >&2; echo "-----BEGIN PGP SIGNATURE-----"\n')
    signer.chmod(0o755)
    git("config", "commit.gpgSign", "true")
    git("config", "gpg.program", str(signer))
    commit = propose(branches_in(git.root))
    assert "gpgsig -----BEGIN PGP SIGNATURE-----" in git("cat-file", "commit", commit)


def test_a_save_and_a_proposal_wait_for_one_another(git):
    commit = propose(branches_in(git.root))
    repository_in(git.root).save(PAGE, BEFORE, b"saved\n", author=ANN, message="saved")
    assert git("merge-base", "main", commit).strip() != git.head()
    assert branches_in(git.root).read(BRANCH, PAGE) == AFTER


PROPOSER = """
import sys
from pathlib import Path
from tests.adapters.test_git_branches import branches_in
branches, number = branches_in(Path(sys.argv[1])), int(sys.argv[2])
print("ready", flush=True)
while True:
    number += 1
    commit = branches.propose("opsbook/a", "docs/db.md", b"%d\\n" % number, author=("Ann", ""), message=str(number))
    print(number, commit, flush=True)
"""


def campaign(git: GitFolder, kills: int, seed: int) -> None:
    chance, number = random.Random(seed), 0
    head, index = git.head(), (git.root / ".git/index").read_bytes()
    for kill in range(kills):
        child = subprocess.Popen(
            [sys.executable, "-c", PROPOSER, str(git.root), str(number)], stdout=subprocess.PIPE, text=True,
            cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": "src:."},
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.4))  # not a wait for something: the moment of the kill is the input
        os.kill(child.pid, signal.SIGKILL)
        told = [line.split() for line in child.stdout.read().splitlines()]
        child.stdout.close()
        child.wait()
        number = int(told[-1][0]) if told else number
        where = f"kill {kill} of seed {seed}"
        again = branches_in(git.root).propose(
            "opsbook/a", PAGE, b"%d\n" % (number + 1), author=ANN, message=str(number + 1)
        )
        subjects = git("log", "--format=%s", "main..opsbook/a").split()
        number += 1
        assert subjects == [str(each) for each in range(number, 0, -1)], where
        assert again == git("rev-parse", "opsbook/a").strip(), where
        assert (git.head(), (git.root / ".git/index").read_bytes()) == (head, index), where
        assert [name for name in os.listdir(git.root / ".git") if "opsbook" in name] == [], where
    git("fsck", "--strict")


def test_a_kill_at_any_moment_leaves_whole_commits_and_a_second_try_makes_no_other(git):
    campaign(git, 3, seed=int.from_bytes(os.urandom(4)))


@pytest.mark.torture
def test_many_kills(git):
    campaign(git, 60, seed=int.from_bytes(os.urandom(4)))

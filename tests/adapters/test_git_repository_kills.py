"""kill -9 at any moment of a save, of Opsbook alone or of its git too, leaves a whole page and a git that goes on."""

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

PAGE = "docs/db.md"
SAVER = """
import sys
from pathlib import Path
from tests.adapters.test_git_repository import repository_in
root, number = Path(sys.argv[1]), int(sys.argv[2])
repository = repository_in(root)
before = (root / "docs/db.md").read_bytes()
print("ready", flush=True)
while True:
    number += 1
    after = b"%d\\n" % number * 2000
    saved = repository.save("docs/db.md", before, after, author=("Ann", "ann@example.org"), message=str(number))
    print(number, saved.commit, flush=True)
    before = after
"""


def campaign(tmp_path: Path, kills: int, seed: int) -> None:
    """Kills so many savers, and looks at what each left."""
    chance = random.Random(seed)
    git = GitFolder(tmp_path / "work")
    git.write(PAGE, b"0\n" * 2000)
    git.write("other.txt", "one\n")
    git.write(".gitignore", ".opsbook/\n")
    git.commit("first")
    git.write("other.txt", "staged\n")
    git("add", "other.txt")
    number = 0
    for kill in range(kills):
        told = saver_killed(git.root, number, chance)
        repository_in(git.root).recover(20.0)
        told_commits = [line.split() for line in told if " " in line]
        content = (git.root / PAGE).read_bytes()
        number = int(content.split(b"\n", 1)[0])
        where = f"kill {kill} of seed {seed}: {told[-1:]}"
        assert content == b"%d\n" % number * 2000, where
        assert git("show", f"HEAD:{PAGE}").encode() == content, where
        assert not told_commits or int(told_commits[-1][0]) <= number, where
        for _, commit in told_commits:
            git("merge-base", "--is-ancestor", commit, "HEAD")
        assert git("status", "--porcelain") == "M  other.txt\n", where
        left = [name for name in os.listdir(git.root / ".git") if "lock" in name or "opsbook" in name]
        assert left == [], where
        assert os.listdir(git.root / "docs") == ["db.md"], where
    git("fsck", "--strict")
    save_once(git, number)


def saver_killed(root: Path, number: int, chance: random.Random) -> list[str]:
    """What a saver told until it was killed; with everything that it had started, every other time."""
    child = subprocess.Popen(
        [sys.executable, "-c", SAVER, str(root), str(number)], stdout=subprocess.PIPE, text=True,
        start_new_session=True, cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": "src:."},
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(chance.uniform(0.0, 0.5))  # not a wait for something: the moment of the kill is the input
    session = child.pid
    takes_all = chance.random() < 0.5
    os.kill(child.pid, signal.SIGKILL)
    if takes_all:
        kill_session(session)
    told = child.stdout.read().splitlines()
    child.stdout.close()
    child.wait()
    return told


def kill_session(session: int) -> None:
    """Kills every program of a session: git has groups of its own in it."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and int(entry.name) != session:
                try:
                    os.kill(int(entry.name), signal.SIGKILL)
                except ProcessLookupError:
                    continue


def save_once(git: GitFolder, number: int) -> None:
    """A save goes on as before."""
    before = b"%d\n" % number * 2000
    repository_in(git.root).save(PAGE, before, b"end\n", author=("Ann", "a@example.org"), message="end")
    assert git("show", f"HEAD:{PAGE}") == "end\n"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the programs of a session in /proc")
def test_a_kill_leaves_the_old_page_or_the_new_one(tmp_path, needs):
    needs("git")
    campaign(tmp_path, kills=5, seed=5)


@pytest.mark.torture
def test_a_hundred_kills_leave_the_old_page_or_the_new_one(tmp_path, needs, record_property):
    needs("git")
    seed = random.SystemRandom().randrange(10**6)
    campaign(tmp_path, kills=100, seed=seed)  # which tells its seed where it fails
    record_property("tried", 100)


def test_a_lock_that_we_left_is_taken_away(tmp_path, needs):
    needs("git")
    git = GitFolder(tmp_path / "work")
    git.write(PAGE, "one\n")
    git.commit()
    (git.root / ".git/index.lock").write_bytes(b"opsbook is saving a page\n")
    repository_in(git.root).save(PAGE, b"one\n", b"two\n", author=("Ann", "a@example.org"), message="two")
    assert git("show", f"HEAD:{PAGE}") == "two\n"


def test_a_killed_write_outside_of_git_leaves_no_litter_behind_the_next(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / PAGE).write_bytes(b"one\n")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / f"{PAGE}.{ended.pid}.part").write_bytes(b"half")
    repository_in(tmp_path).save(PAGE, b"one\n", b"two\n", author=("Ann", "a@example.org"), message="two")
    assert os.listdir(tmp_path / "docs") == ["db.md"]

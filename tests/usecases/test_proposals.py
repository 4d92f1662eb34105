"""A proposed page is a commit beside what is checked out until somebody takes it; nothing of it is lost on the way."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.git_folder import GitFolder

from opsbook.config import load
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import PageConflict, Refusal, Usage
from opsbook.ledger import incident_events
from opsbook.ledger.incident import claim_of, incident_of
from opsbook.ledger.incident import stream_of as incident_stream
from opsbook.usecases.edit import BookEditing
from opsbook.usecases.ledger_ports import Write
from opsbook.usecases.proposals import Proposals
from opsbook.wire import build_branches, build_ledger, build_library, build_repository

PAGE = "docs/operations/runbooks/db.md"
NEW = "docs/operations/incidents/2026-11-26-orders.md"
TEXT = b"# Database Runbook\n\n## Overview\n\nIt keeps rows.\n\n## Restart\n\nPull the plug.\n"
BETTER = TEXT.replace(b"Pull the plug", b"Ask it to end")
ANN = ("Ann", "ann@example.org")


class Desk(NamedTuple):
    library: object
    ledger: object
    proposals: Proposals


def desk_in(root: Path) -> Desk:
    config = load(book=str(root / "docs/operations"), environ={})
    library, ledger = build_library(config), build_ledger(config)
    editing = BookEditing(library, build_repository(config), ledger, now)
    return Desk(library, ledger, Proposals(ledger, editing, build_branches(config), now=now, chance=os.urandom))


def now():
    from datetime import UTC, datetime

    return datetime.now(UTC)


@pytest.fixture
def git(tmp_path, needs):
    needs("git")
    made = GitFolder(tmp_path / "work")
    made.write(PAGE, TEXT)
    made.write(".gitignore", ".opsbook/\n")
    made.commit("first")
    return made


@pytest.fixture
def desk(git):
    made = desk_in(git.root)
    yield made
    made.library.close()
    made.ledger.close()


def propose(desk, content: bytes = BETTER, path: str = PAGE, **more):
    told = {"title": "The restart as it is done", "why": "Run 26 did it so.", "by": "ada", "author": ANN, **more}
    return desk.proposals.propose("patch", path, content, **told)


def declare(desk, number: int = 14):
    id = f"261126-1{number}"
    drafted = incident_events.declared(number=number, title="Orders fail", state="investigating", severity="P1",
                                       severity_why="")  # fmt: skip
    writes = [Write(incident_stream(id), [drafted], 0), Write(claim_of(number), [incident_events.numbered(id)], 0)]
    desk.ledger.record(writes, actor="ada", at=now())
    return lambda: incident_of(desk.ledger.row("incidents", incident_stream(id)))


def test_a_proposal_is_a_commit_on_a_branch_and_the_page_stays(git, desk):
    made = propose(desk)
    assert (made.state, made.base, made.path) == ("open", digest_of(TEXT), PAGE)
    assert git("log", "--format=%s|%an", f"main..{made.branch}") == "The restart as it is done|Ann\n"
    assert (git.root / PAGE).read_bytes() == TEXT
    assert git("status", "--porcelain") == ""
    assert desk.proposals.content(made) == BETTER


def test_accepting_commits_the_page_and_deletes_the_branch(git, desk):
    made = propose(desk)
    done = desk.proposals.accept(made.id, "bo", ("Bo", "bo@example.org"))
    assert (done.state, done.ended_by, done.taken) == ("accepted", "bo", git.head())
    assert (git.root / PAGE).read_bytes() == BETTER
    assert git("log", "-1", "--format=%an|%s") == "Bo|The restart as it is done\n"
    assert git("branch", "--format=%(refname:short)").split() == ["main"]
    assert desk.proposals.select() == []
    assert desk.proposals.select(is_open=False) == [done]


def test_it_is_accepted_as_somebody_changed_it(git, desk):
    text = BETTER.decode().replace("Ask it", "Ask it kindly").replace("\n", "\r\n")
    desk.proposals.accept(propose(desk).id, "bo", ANN, text=text)
    assert b"Ask it kindly to end" in (git.root / PAGE).read_bytes()
    assert b"\r" not in (git.root / PAGE).read_bytes()


def test_what_others_changed_elsewhere_on_the_page_stays(git, desk):
    made = propose(desk)
    git.write(PAGE, TEXT.replace(b"keeps rows", b"keeps all rows"))
    git.commit("theirs")
    desk.proposals.accept(made.id, "bo", ANN)
    assert (git.root / PAGE).read_bytes() == BETTER.replace(b"keeps rows", b"keeps all rows")


def test_what_others_changed_in_the_same_lines_is_a_conflict_with_all_sides(git, desk):
    made = propose(desk)
    theirs = TEXT.replace(b"Pull the plug", b"Leave it")
    git.write(PAGE, theirs)
    git.commit("theirs")
    with pytest.raises(PageConflict) as caught:
        desk.proposals.accept(made.id, "bo", ANN)
    assert (caught.value.base, caught.value.mine, caught.value.theirs) == (TEXT, BETTER, theirs)
    assert desk.proposals.find(made.id).is_open
    desk.proposals.accept(made.id, "bo", ANN, text=BETTER.decode(), based_on=digest_of(theirs))
    assert (git.root / PAGE).read_bytes() == BETTER


def test_a_page_that_came_to_be_meanwhile_is_a_conflict(git, desk):
    made = propose(desk, b"# Report\n", NEW)
    git.write(NEW, "# By hand\n")
    git.commit("by hand")
    with pytest.raises(PageConflict, match="there is such a page"):
        desk.proposals.accept(made.id, "bo", ANN)


def test_what_people_committed_to_the_branch_is_what_is_accepted(git, desk):
    made = propose(desk)
    git("switch", "-q", made.branch)
    git.write(PAGE, BETTER + b"\nBy hand.\n")
    git.commit("by hand")
    git("switch", "-q", "main")
    desk.proposals.accept(made.id, "bo", ANN)
    assert (git.root / PAGE).read_bytes() == BETTER + b"\nBy hand.\n"


@pytest.mark.parametrize("how", ["--no-ff", "--ff", "--squash"])
def test_whoever_merges_the_branch_by_git_has_accepted_it(git, desk, how):
    made = propose(desk)
    git("merge", "-q", how, made.branch)
    if how == "--squash":
        git.commit("squashed")
    desk.library.look()
    found = desk.proposals.find(made.id)
    assert found.state == "accepted"
    assert desk.proposals.select() == []


def test_declined_keeps_what_was_proposed_and_why_not(git, desk):
    made = propose(desk)
    done = desk.proposals.decline(made.id, "bo", "It was a drill.")
    assert (done.state, done.ended_by, done.ended_why) == ("declined", "bo", "It was a drill.")
    assert desk.proposals.content(done) == BETTER
    assert git("branch", "--format=%(refname:short)").split() == ["main"]
    with pytest.raises(Refusal, match="is declined by bo already"):
        desk.proposals.accept(made.id, "bo", ANN)


def test_declining_needs_a_reason(git, desk):
    with pytest.raises(Usage, match="why it is not taken"):
        desk.proposals.decline(propose(desk).id, "bo", " ")


def test_a_newer_one_supersedes_and_goes_on_with_the_branch(git, desk):
    first, second = propose(desk), propose(desk, BETTER + b"\nMore.\n")
    assert (desk.proposals.find(first.id).state, second.branch) == ("superseded", first.branch)
    assert len(git("log", "--format=%h", f"main..{second.branch}").split()) == 2
    assert desk.proposals.select() == [second]


def test_the_same_again_is_the_one_that_is_there(git, desk):
    assert propose(desk).id == propose(desk).id


def test_a_newer_one_keeps_what_people_changed_on_the_branch(git, desk):
    made = propose(desk)
    git("switch", "-q", made.branch)
    git.write(PAGE, BETTER.replace(b"keeps rows", b"keeps all rows"))
    git.commit("by hand")
    git("switch", "-q", "main")
    again = propose(desk, BETTER + b"\nMore.\n")
    assert desk.proposals.content(again) == BETTER.replace(b"keeps rows", b"keeps all rows") + b"\nMore.\n"


def test_what_the_page_says_already_is_not_proposed(git, desk):
    with pytest.raises(Refusal, match="nothing to propose"):
        propose(desk, TEXT)


def test_the_incident_knows_what_was_written_for_it(git, desk):
    incident = declare(desk)
    made = propose(desk, incident=14)
    (written,) = incident().writings
    assert (written.what, written.path, written.proposal) == ("patch", PAGE, made.id)
    assert desk.proposals.select(incident=14) == [made]
    assert desk.proposals.select(incident=15) == []


def test_outside_of_git_it_is_kept_in_the_ledger_and_accepted_as_a_file(tmp_path):
    (tmp_path / "docs/operations/runbooks").mkdir(parents=True)
    (tmp_path / "docs/operations/runbooks/db.md").write_bytes(TEXT)
    desk = desk_in(tmp_path / "")
    try:
        path = next(iter(desk.library.snapshot().files))
        made = propose(desk, path=path)
        assert (made.branch, made.commit, desk.proposals.content(made)) == (None, None, BETTER)
        assert desk.proposals.accept(made.id, "bo", ANN).state == "accepted"
        assert (tmp_path / "docs/operations/runbooks/db.md").read_bytes() == BETTER
    finally:
        desk.library.close()
        desk.ledger.close()


def test_where_git_refuses_it_is_kept_in_the_ledger_and_says_why(tmp_path, needs):
    needs("git")
    git = GitFolder(tmp_path / "work")
    git.write(PAGE, TEXT)
    desk = desk_in(git.root)
    try:
        made = propose(desk)
        assert made.branch is None
        assert "no commit yet" in made.trouble
        assert desk.proposals.content(made) == BETTER
    finally:
        desk.library.close()
        desk.ledger.close()


def test_one_that_is_not_there_is_named_with_a_guess(git, desk):
    made = propose(desk)
    with pytest.raises(Usage, match=f"Did you mean {made.id}"):
        desk.proposals.find(made.id[:-1] + "!")


PROPOSER = """
import sys
from pathlib import Path
from tests.usecases.test_proposals import ANN, PAGE, desk_in
desk, root, number = desk_in(Path(sys.argv[1])), Path(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
while True:
    number += 1
    made = desk.proposals.propose("patch", PAGE, b"# %d\\n" % number, title=str(number), why="", by="ada", author=ANN)
    print("proposed", number, made.id, flush=True)
    done = desk.proposals.accept(made.id, "bo", ANN)
    print("accepted", number, made.id, flush=True)
"""


def campaign(git: GitFolder, kills: int, seed: int) -> None:
    chance, number = random.Random(seed), 0
    for kill in range(kills):
        child = subprocess.Popen(
            [sys.executable, "-c", PROPOSER, str(git.root), str(number)], stdout=subprocess.PIPE, text=True,
            cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": "src:."},
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.6))  # not a wait for something: the moment of the kill is the input
        os.kill(child.pid, signal.SIGKILL)
        told = [line.split() for line in child.stdout.read().splitlines()]
        child.stdout.close()
        child.wait()
        where = f"kill {kill} of seed {seed}: {told[-1:]}"
        desk = desk_in(git.root)
        try:
            is_open = desk.proposals.select()
            assert len(is_open) <= 1, where
            states = {each.id: each.state for each in desk.proposals.select(is_open=None, limit=1000)}
            assert all(states[id] == "accepted" for what, _, id in told if what == "accepted"), where
            now_said = (git.root / PAGE).read_bytes()
            for each in is_open:
                assert desk.proposals.content(each) != now_said, where
                assert each.branch is not None, where
                desk.proposals.accept(each.id, "bo", ANN)
            number = int((git.root / PAGE).read_bytes().split()[1])
            subjects = git("log", "--format=%s", "HEAD").split()
            assert subjects == [*(str(each) for each in range(number, 0, -1)), "first"], where
            assert git("branch", "--format=%(refname:short)").split() == ["main"], where
            assert git("status", "--porcelain") == "", where
        finally:
            desk.library.close()
            desk.ledger.close()


def test_a_kill_at_any_moment_loses_no_proposal_and_accepts_none_twice(git):
    git.write(PAGE, "# 0\n")
    git("commit", "-aq", "--amend", "-m", "first")
    campaign(git, 2, seed=int.from_bytes(os.urandom(4)))


@pytest.mark.torture
def test_many_kills(git):
    git.write(PAGE, "# 0\n")
    git("commit", "-aq", "--amend", "-m", "first")
    campaign(git, 40, seed=int.from_bytes(os.urandom(4)))

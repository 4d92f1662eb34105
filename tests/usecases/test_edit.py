"""An edit is a commit and two events, or a conflict in which nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from msgspec.structs import replace
from tests.git_folder import GitFolder

from opsbook.config import load
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import PageConflict, Refusal, Usage
from opsbook.usecases.edit import PageEdit, save_bytes, save_page, sides_of
from opsbook.wire import build_ledger, build_library, build_repository

PAGE = "docs/operations/runbooks/db.md"
TEXT = b"# Database Runbook\n\n## Overview\n\nIt keeps rows.\n"


class Desk(NamedTuple):
    library: object
    repository: object
    ledger: object
    now: object


@pytest.fixture
def git(tmp_path, needs):
    needs("git")
    made = GitFolder(tmp_path / "work")
    made.write(PAGE, TEXT)
    made.commit("first")
    return made


@pytest.fixture
def desk(git):
    config = load(book=str(git.root / "docs/operations"), environ={})
    library, ledger = build_library(config), build_ledger(config)
    yield Desk(library, build_repository(config), ledger, lambda: datetime(2026, 11, 26, tzinfo=UTC))
    library.close()
    ledger.close()


def edit(based_on: bytes | None = TEXT, path: str = PAGE) -> PageEdit:
    return PageEdit(path, digest_of(based_on) if based_on is not None else None, "ann", ("Ann", "ann@example.org"), "Why")


def kinds(desk, path: str = PAGE) -> list[str]:
    return [event.kind for event in desk.ledger.read(f"page/{path}")]


def test_what_was_typed_is_committed_and_the_snapshot_has_it(git, desk):
    saved = save_page(desk, edit(), "# Database Runbook\r\n\r\n## Overview\r\n\r\nIt keeps all rows.\r\n")
    assert git("show", "--format=%an|%s", "--name-only").split("\n") == ["Ann|Why", "", PAGE, ""]
    assert desk.library.read(PAGE) == TEXT.replace(b"keeps rows", b"keeps all rows")
    assert desk.library.snapshot().commit == saved.commit
    assert desk.library.snapshot().facts[PAGE].digest == saved.digest


def test_the_intent_is_recorded_before_and_the_commit_after(git, desk):
    saved = save_bytes(desk, edit(), b"# Database\n")
    begun, done = desk.ledger.read(f"page/{PAGE}")
    assert (begun.kind, begun.actor, begun.facts["after"]) == ("PageSaveBegun", "ann", digest_of(b"# Database\n"))
    assert (done.kind, done.facts["commit"], done.facts["message"]) == ("PageSaved", saved.commit, "Why")


def test_a_new_page_is_in_the_snapshot_when_it_is_saved(git, desk):
    path = "docs/operations/runbooks/new.md"
    save_page(desk, edit(None, path), "# New Runbook\r\n")
    assert path in desk.library.snapshot().files


def test_a_conflict_holds_base_mine_and_theirs_and_what_can_be_merged(git, desk):
    theirs = TEXT.replace(b"# Database Runbook", b"# The Database Runbook")
    git.write(PAGE, theirs)
    git.commit("theirs")
    with pytest.raises(PageConflict) as caught:
        save_page(desk, edit(), TEXT.decode().replace("It keeps rows.", "It keeps all rows."))
    sides = sides_of(caught.value)
    assert (sides.base, sides.theirs) == (TEXT.decode(), theirs.decode())
    assert sides.mine.endswith("It keeps all rows.\n")
    assert sides.merged == "# The Database Runbook\n\n## Overview\n\nIt keeps all rows.\n"
    assert sides.their_digest == digest_of(theirs)
    assert (kinds(desk), (git.root / PAGE).read_bytes()) == ([], theirs)


def test_a_conflict_whose_base_nobody_knows_shows_both_sides(git, desk):
    with pytest.raises(PageConflict) as caught:
        save_page(desk, edit(b"never committed"), "mine")
    sides = sides_of(caught.value)
    assert (sides.base, sides.mine, sides.theirs, sides.merged) == (None, "mine", TEXT.decode(), None)


def test_a_page_that_is_gone_is_a_conflict_with_the_text_kept(git, desk):
    (git.root / PAGE).unlink()
    with pytest.raises(PageConflict, match="not there any more") as caught:
        save_page(desk, edit(), "mine")
    assert sides_of(caught.value).mine == "mine"


def test_a_refused_save_says_so_in_the_ledger(git, desk):
    git.hook("pre-commit", "echo no >&2; exit 1\n")
    with pytest.raises(Refusal, match="no"):
        save_bytes(desk, edit(), b"x")
    assert kinds(desk) == ["PageSaveBegun", "PageSaveFailed"]


def test_a_path_that_no_page_can_have_is_refused_before_anything_is_recorded(git, desk):
    with pytest.raises(Refusal):
        save_bytes(desk, edit(None, "docs/../secret.md"), b"x")
    assert desk.ledger.head() == 0


@pytest.mark.parametrize(("message", "why"), [
    ("a\0b", "U\\+0000 at position 2"), ("a\x1b[31m", "U\\+001B"), ("a\x85", "U\\+0085"), ("\ud800", "U\\+D800"),
    ("a" * 5001, "5001 characters; 5000 fit"),
])  # fmt: skip
def test_a_message_that_no_commit_can_have_is_refused_before_anything_is_recorded(desk, message, why):
    with pytest.raises(Usage, match=why):
        save_bytes(desk, replace(edit(), message=message), b"# Database\n")
    assert (desk.library.read(PAGE), kinds(desk)) == (TEXT, [])


def test_a_message_may_have_lines(git, desk):
    save_bytes(desk, replace(edit(), message="Why\n\n\tBecause.\r\n"), b"# Database\n")
    assert git("show", "-s", "--format=%B").split("\n")[:3] == ["Why", "", "\tBecause."]

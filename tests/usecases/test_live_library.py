"""The book is followed while it changes: snapshots are whole, soon there, and never of two states at once."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from queue import Queue

import pytest
from tests.git_folder import GitFolder

from opsbook.adapters.book_disk import BookDisk, Opened
from opsbook.adapters.facts_file import FactsFile
from opsbook.adapters.folder import FolderBook
from opsbook.adapters.spawned_workers import SpawnedWorkers
from opsbook.book.lint import LintSettings
from opsbook.book.page import default_reading
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Failure, Usage
from opsbook.usecases.library import Book
from opsbook.usecases.lint import Scope, lint
from opsbook.usecases.live_library import LiveLibrary
from opsbook.usecases.ports import Unreadable
from opsbook.usecases.show import show
from opsbook.wire import build_book, build_workers, lint_scope

RUNBOOK = """# API Runbook

**Service:** API Service
**Owner:** Ann
**Last Updated:** 2026-11-01

## Overview

It answers. See [the database](db.md).

## Health Checks

- **Health Check URL:** http://127.0.0.1:9/healthz

## Deployment

1. Deploy it:

   ```sh
   make deploy
   ```
"""
SOON_S = 10.0  # the least patient wait that a slow machine needs; what is promised is one second


class Calendar:
    """A day that a test moves."""

    def __init__(self) -> None:
        self.day = date(2026, 11, 26)

    def today(self) -> date:
        return self.day


class Opening:
    """Libraries over one folder, closed at the end."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calendar = Calendar()
        self.practised: dict[str, date] = {}  # what the ledger tells
        self.verified: dict[str, bool] = {}
        self.libraries: list[LiveLibrary] = []

    def __call__(self) -> LiveLibrary:
        root, folder = str(self.root), str(self.root / "docs")

        def opened() -> Opened:
            scope = partial(Scope, settings=LintSettings())
            return Opened(FolderBook(root, folder, default_reading()), scope, "", (f"{root}/opsbook.toml",))

        keep = FactsFile(str(self.root.parent / "facts.cache"))
        library = LiveLibrary(
            BookDisk(root, opened), keep, SpawnedWorkers(2), self.calendar.today, practised=self.practised.copy,
            verified=lambda book: self.verified.copy() if PEOPLE in book.facts else {},
        )  # fmt: skip
        self.libraries.append(library)
        return library

    def close(self) -> None:
        for library in self.libraries:
            library.close()


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / "work/docs").mkdir(parents=True)
    (tmp_path / "work/docs/api.md").write_text(RUNBOOK)
    (tmp_path / "work/docs/db.md").write_text("# Database\n\nRows.\n")
    return tmp_path / "work"


@pytest.fixture
def opening(root) -> Iterator[Opening]:
    made = Opening(root)
    yield made
    made.close()


@pytest.fixture
def library(opening) -> LiveLibrary:
    made = opening()
    assert made.wait_whole(SOON_S)
    return made


def soon(library: LiveLibrary, holds: Callable[[Book], bool]) -> Book:
    """The first snapshot of which something holds, told by the library itself."""
    told = threading.Event()
    library.on_change(lambda book: told.set() if holds(book) else None)
    if not holds(library.snapshot()):
        assert told.wait(SOON_S), library.snapshot()
    return library.snapshot()


# -- what a snapshot holds ------------------------------------------------------------------------------------


def rules(book: Book, path: str) -> set[str]:
    """The rules that a page of a snapshot breaks."""
    return {finding.rule for finding in book.findings if finding.span.path == path}


def test_a_snapshot_holds_every_page_with_its_facts(library):
    book = library.snapshot()
    facts = book.facts["docs/api.md"]
    assert (list(book.files), book.is_whole, book.commit) == (["docs/api.md", "docs/db.md"], True, None)
    assert (facts.kind, facts.service, facts.owner, facts.last_updated) == ("runbook", "API Service", "Ann", "2026-11-01")
    assert facts.digest == digest_of(RUNBOOK.encode())
    assert [probe.address for probe in facts.probes] == ["http://127.0.0.1:9/healthz"]
    assert [(brief.title, brief.steps, brief.runnable) for brief in facts.procedures] == [("Deployment", 1, 1)]
    assert facts.coverage is not None and "troubleshooting" in facts.coverage.missing
    assert book.services == {"api-service": "docs/api.md"}
    assert book.linked_from == {"docs/db.md": ("docs/api.md",)}


def test_its_findings_are_those_of_lint(library, root):
    source = FolderBook(str(root), str(root / "docs"), default_reading())
    scope = Scope(date(2026, 11, 26), LintSettings())
    assert library.snapshot().findings == lint(source, source, scope, build_workers()).findings


def test_two_runbooks_of_one_service_have_names_of_their_own(library, root):
    (root / "docs/second.md").write_text(RUNBOOK)
    book = soon(library, lambda book: "docs/second.md" in book.facts)
    assert book.services == {"api-service": "docs/api.md", "api-service-second": "docs/second.md"}


def test_the_verbs_answer_from_the_snapshot(library):
    assert show(library, "api", LintSettings()).model["service"] == "API Service"


def test_a_page_is_parsed_once_while_it_is_the_same(library, root):
    page = library.page("docs/api.md")
    assert library.page("docs/api.md") is page
    (root / "docs/api.md").write_text("# Other\n")
    soon(library, lambda book: book.facts["docs/api.md"].title == "Other")
    assert library.page("docs/api.md").title == "Other"


def test_a_page_that_is_not_there_is_named_with_a_guess(library):
    with pytest.raises(Usage, match=r"Did you mean 'docs/api\.md'"):
        library.page("docs/apo.md")


def test_an_edit_is_linted_before_it_is_saved(library):
    text = RUNBOOK.replace("(db.md)", "(dba.md)").encode()
    found = {finding.rule for finding in library.findings_in("docs/api.md", text)}
    now = {finding.rule for finding in library.snapshot().findings if finding.span.path == "docs/api.md"}
    assert found - now == {"broken-link"}
    assert {finding.span.path for finding in library.findings_in("docs/new.md", b"# New\n\n[x](nowhere.md)\n")} == {"docs/new.md"}


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/passwd", ".git/config", "docs/../../secret.txt", "docs/out.png", "a\0"])
def test_no_other_file_is_read_that_lies_or_leads_outside(library, root, path):
    (root.parent / "secret.txt").write_text("secret")
    (root / "docs/out.png").symlink_to(root.parent / "secret.txt")
    assert isinstance(library.read(path), Unreadable)


def test_an_image_of_the_book_is_read(library, root):
    (root / "docs/a.png").write_bytes(b"PNG")
    assert library.read("docs/a.png") == b"PNG"


# -- following ------------------------------------------------------------------------------------------------


def test_a_change_is_soon_in_a_snapshot_of_the_next_number(library, root):
    before = library.snapshot()
    (root / "docs/db.md").write_text("# The Database\n")
    book = soon(library, lambda book: book.facts["docs/db.md"].title == "The Database")
    assert book.number > before.number
    assert before.facts["docs/db.md"].title == "Database"  # who holds the old one keeps it whole
    assert library.read("docs/db.md") == b"# The Database\n"


def test_a_page_renamed_takes_its_links_with_it_into_the_findings(library, root):
    (root / "docs/db.md").rename(root / "docs/database.md")
    book = soon(library, lambda book: "docs/database.md" in book.files)
    assert "docs/db.md" not in book.files
    assert ("docs/api.md", "broken-link") in {(f.span.path, f.rule) for f in book.findings}
    (root / "docs/database.md").rename(root / "docs/db.md")
    book = soon(library, lambda book: "docs/db.md" in book.files)
    assert "broken-link" not in {f.rule for f in book.findings}


def test_a_page_in_a_new_folder_is_found_and_followed(library, root):
    (root / "docs/deep/er").mkdir(parents=True)
    (root / "docs/deep/er/x.md").write_text("# One\n")
    soon(library, lambda book: "docs/deep/er/x.md" in book.facts)
    (root / "docs/deep/er/x.md").write_text("# Two\n")
    soon(library, lambda book: book.facts["docs/deep/er/x.md"].title == "Two")


def test_looking_shows_at_once_what_was_just_written(library, root):
    (root / "docs/new.md").write_text("# New\n")
    assert "docs/new.md" in library.look().facts


def test_a_page_that_changed_since_the_snapshot_is_never_mixed_in(library, root):
    """Reading it looks first, so that what is read is what the snapshot in force was made of."""
    (root / "docs/db.md").write_text("# The Database\n")
    raw = library.read("docs/db.md")
    assert digest_of(raw) == library.snapshot().facts["docs/db.md"].digest


def test_a_link_to_a_file_that_comes_is_mended_at_the_next_look(library, root):
    (root / "docs/db.md").write_text("# Database\n\n![x](../x.png)\n")
    assert "broken-link" in {f.rule for f in library.look().findings}
    (root / "x.png").write_bytes(b"x")
    assert "broken-link" not in {f.rule for f in library.look().findings}


def test_at_midnight_staleness_is_worked_out_again(library, opening):
    assert "stale" not in {f.rule for f in library.snapshot().findings}
    opening.calendar.day = date(2027, 11, 26)
    assert "stale" in {f.rule for f in library.look().findings}


RESTORE = "docs/procedures/restore.md"
PEOPLE = "docs/incidents/people.md"
OLD = "# Restore\n\n**Last Drilled:** 2026-01-01\n\n1. Restore\n"


@pytest.fixture
def drilled(root) -> None:
    """A page of a procedure that says that it was practised long ago."""
    (root / "docs/procedures").mkdir()
    (root / RESTORE).write_text(OLD)


def test_a_run_is_practice_of_its_page_and_no_other_page_is_judged_anew(drilled, library, opening):
    before = library.look()
    assert "not-practised" in rules(before, RESTORE)
    opening.practised[f"{RESTORE}#restore"] = opening.calendar.day
    after = library.look()
    assert "not-practised" not in rules(after, RESTORE)
    assert after.facts[RESTORE] is not before.facts[RESTORE]
    assert after.facts["docs/api.md"] is before.facts["docs/api.md"]
    opening.calendar.day += timedelta(days=91)
    assert "not-practised" in rules(library.look(), RESTORE)


def test_a_run_between_starts_is_practice_at_the_next(drilled, library, opening):
    assert "not-practised" in rules(library.look(), RESTORE)
    library.close()
    opening.practised[f"{RESTORE}#restore"] = opening.calendar.day
    assert "not-practised" not in rules(opening().look(), RESTORE)


def test_an_edit_is_judged_by_what_was_practised(drilled, library, opening):
    def found() -> set[str]:
        return {finding.rule for finding in library.findings_in(RESTORE, OLD.encode() + b"2. Look\n")}

    assert "not-practised" in found()
    opening.practised[f"{RESTORE}#restore"] = opening.calendar.day
    library.look()
    assert "not-practised" not in found()


def test_a_contact_that_is_verified_is_one_finding_less_of_that_page_alone(root, opening):
    (root / "docs/incidents").mkdir()
    (root / PEOPLE).write_text("# People\n\n| Name | Handle |\n|-|-|\n| Ada Byron | @ada |\n| Ben Nevis | @ben |\n")
    opening.verified |= {"ada": True, "ben": False}
    library = opening()
    before = soon(library, lambda book: "unverified-contact" in rules(book, PEOPLE))
    opening.verified["ben"] = True
    after = library.look()
    assert "unverified-contact" not in rules(after, PEOPLE)
    assert after.facts["docs/api.md"] is before.facts["docs/api.md"]


def test_owners_named_beside_the_pages_are_followed(library, root):
    assert library.snapshot().facts["docs/db.md"].owner is None
    (root / "CODEOWNERS").write_text("docs/db.md @rows\n")
    book = soon(library, lambda book: book.facts["docs/db.md"].owner is not None)
    assert book.facts["docs/db.md"].owner == "@rows"


def test_listeners_are_told_when_the_folder_goes_and_when_it_is_back(library, root):
    told = Queue()
    library.on_change(lambda book: told.put((book.number, library.trouble())))
    shutil.move(root / "docs", root / "away")
    number, trouble = told.get(timeout=3)
    assert number == library.snapshot().number
    assert "not there any more" in trouble
    shutil.move(root / "away", root / "docs")
    assert told.get(timeout=3)[1] is None


def test_a_book_that_is_moved_away_with_what_holds_it_is_noticed(library, root):
    told = Queue()
    library.on_change(lambda _: told.put(library.trouble()))
    away = root.with_name("elsewhere")
    root.rename(away)
    assert "not there any more" in told.get(timeout=3)
    away.rename(root)
    assert told.get(timeout=3) is None


def test_a_folder_that_vanishes_leaves_the_last_snapshot_and_comes_back(library, root):
    shutil.move(root / "docs", root / "away")
    book = library.look()
    assert len(book.files) == 2
    assert "not there any more" in (library.trouble() or "")
    with pytest.raises(Failure, match="folder is not there any more"):
        library.page("docs/db.md")
    (root / "away/db.md").write_text("# Back\n")
    shutil.move(root / "away", root / "docs")
    soon(library, lambda book: book.facts["docs/db.md"].title == "Back")
    assert library.trouble() is None
    (root / "docs/db.md").write_text("# Again\n")  # and is watched again
    soon(library, lambda book: book.facts["docs/db.md"].title == "Again")


def test_links_that_lead_in_circles_are_walked_once(library, root):
    (root / "docs/loop").symlink_to(root / "docs")
    (root / "docs/self.md").symlink_to("self.md")
    (root / "docs/x.md").write_text("# X\n")
    book = soon(library, lambda book: "docs/x.md" in book.facts)
    assert list(book.files) == ["docs/api.md", "docs/db.md", "docs/x.md"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_page_that_may_not_be_read_is_a_finding(library, root):
    (root / "docs/db.md").chmod(0)
    assert "unreadable-page" in {f.rule for f in library.look().findings}


def test_a_page_too_large_to_be_one_is_a_finding_and_the_rest_is_whole(library, root):
    with open(root / "docs/giant.md", "wb") as file:
        file.truncate(70 * 1024 * 1024)
    book = library.look()
    assert (book.is_whole, "docs/giant.md" in book.facts) == (True, False)
    assert [f.span.path for f in book.findings if f.rule == "unreadable-page"] == ["docs/giant.md"]
    with pytest.raises(Failure, match="larger than"):
        library.page("docs/giant.md")


def test_a_page_of_20_megabytes_is_followed(library, root):
    (root / "docs/long.md").write_bytes(b"# Long\n\n" + (b"words " * 350 + b"\n") * 10_000)
    assert soon(library, lambda book: "docs/long.md" in book.facts).facts["docs/long.md"].title == "Long"
    assert library.page("docs/long.md").title == "Long"


def test_a_page_that_never_rests_does_not_keep_the_others_from_being_followed(library, root):
    stop = threading.Event()

    def write_on() -> None:
        number = 0
        while not stop.wait(0.005):
            number += 1
            (root / "docs/busy.md").write_text(f"# Busy\n\n{number}\n")

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        (root / "docs/db.md").write_text("# The Database\n")
        told = threading.Event()
        library.on_change(lambda book: told.set() if book.facts["docs/db.md"].title == "The Database" else None)
        assert told.wait(30)
    finally:
        stop.set()
        writer.join()


# -- kept between starts --------------------------------------------------------------------------------------


def test_a_second_start_is_whole_at_once(opening, library):
    first = library.snapshot()
    library.close()
    again = opening().snapshot()
    assert again.is_whole
    assert (again.facts, again.findings, again.services) == (first.facts, first.findings, first.services)


def test_what_changed_between_starts_is_worked_out_again(opening, library, root):
    library.close()
    (root / "docs/db.md").unlink()
    (root / "docs/new.md").write_text("# New\n")
    again = opening()
    assert again.wait_whole(SOON_S)
    book = again.look()
    assert list(book.facts) == ["docs/api.md", "docs/new.md"]
    assert "broken-link" in {f.rule for f in book.findings}


# -- git ------------------------------------------------------------------------------------------------------


@pytest.fixture
def git(root, needs) -> GitFolder:
    needs("git")
    made = GitFolder(root)
    made.commit("first")
    return made


def test_the_commit_of_a_snapshot_moves_with_the_branch(git, opening):
    library = opening()
    assert library.snapshot().commit == git.head()
    git.write("docs/db.md", "# Two\n")
    commit = git.commit("two")
    assert soon(library, lambda book: book.commit == commit).facts["docs/db.md"].title == "Two"
    git("pack-refs", "--all")
    assert library.look().commit == commit
    git("checkout", "-q", "--detach", "HEAD~1")
    assert soon(library, lambda book: book.commit != commit).facts["docs/db.md"].title == "Database"


def test_a_working_tree_beside_another_is_followed(git, tmp_path):
    git("worktree", "add", "-q", str(tmp_path / "second"), "-b", "second")
    opening = Opening(tmp_path / "second")
    try:
        library = opening()
        second = GitFolder.__new__(GitFolder)
        second.root = tmp_path / "second"
        second.write("docs/db.md", "# Second\n")
        commit = second.commit("second")
        assert soon(library, lambda book: book.commit == commit).facts["docs/db.md"].title == "Second"
    finally:
        opening.close()


def test_no_snapshot_mixes_two_branches(git, opening):
    """Hundreds of pages change at once, again and again, while readers hammer."""
    pages = [f"docs/many/p{number}.md" for number in range(200)]
    for branch in ("one", "two"):
        git("checkout", "-q", "-B", branch, "main")
        for page in pages:
            git.write(page, f"# {branch}\n\n" + "words\n" * (3 if branch == "one" else 4))
        git.commit(branch)
    commits = {git("rev-parse", branch).strip(): branch for branch in ("one", "two")}
    library = opening()
    assert library.wait_whole(SOON_S)
    mixed: list[object] = []
    stop = threading.Event()

    def look_at(book: Book) -> None:
        titles = {book.facts[page].title for page in pages if page in book.facts}
        if titles != {commits[book.commit or ""]}:
            mixed.append((book.number, titles, book.commit))

    def hammer() -> None:
        while not stop.is_set():
            book = library.snapshot()
            look_at(book)
            for page in pages[::37]:
                raw = library.read(page)
                now = library.snapshot()
                if now.number == book.number and isinstance(raw, bytes) and digest_of(raw) != book.facts[page].digest:
                    mixed.append((page, raw[:20], book.number))

    library.on_change(look_at)
    readers = [threading.Thread(target=hammer) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for turn in range(4):
            git("checkout", "-q", ("one", "two")[turn % 2])
            soon(library, lambda book: book.commit == git.head())
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert mixed == []


def test_while_git_changes_files_nothing_is_looked_at(git, opening):
    library = opening()
    number = library.snapshot().number
    lock = git.root / ".git/index.lock"
    lock.touch()
    git.write("docs/db.md", "# Half\n")
    asked = threading.Thread(target=library.look)
    asked.start()
    time.sleep(0.3)  # longer than a look takes: what is tested is that nothing comes
    assert library.snapshot().number == number
    lock.unlink()
    asked.join()
    assert library.snapshot().facts["docs/db.md"].title == "Half"


def test_a_lock_that_somebody_left_behind_holds_up_no_start(git, opening):
    lock = git.root / ".git/index.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    began = time.monotonic()
    opening()
    assert time.monotonic() - began < 5


# -- the whole thing as it is wired ---------------------------------------------------------------------------


def test_a_change_of_the_configuration_is_followed_and_a_mistake_in_it_is_told(root):
    from opsbook.config import load
    from opsbook.wire import build_library

    library = build_library(load(book=str(root / "docs"), environ={}))
    try:
        assert library.wait_whole(SOON_S)
        (root / "docs/opsbook.toml").write_text('[lint]\nignore = ["missing-section"]\n')
        assert "missing-section" not in {f.rule for f in library.look().findings}
        (root / "docs/opsbook.toml").write_text('[lint]\nignored = ["x"]\n')
        library.look()
        assert "There is no setting 'ignored'" in (library.trouble() or "")
        (root / "docs/opsbook.toml").unlink()
        assert "missing-section" in {f.rule for f in library.look().findings}
        assert library.trouble() is None
    finally:
        library.close()


def test_many_pages_are_worked_out_in_other_processes_as_here(corpora, tmp_path):
    from opsbook.config import load
    from opsbook.wire import build_library

    shutil.copytree(corpora / next(iter(sorted(os.listdir(corpora)))), tmp_path / "book", ignore=shutil.ignore_patterns(".*"))
    for folder, folders, names in os.walk(tmp_path / "book"):
        for name in (*folders, *names):
            os.chmod(os.path.join(folder, name), 0o755)
    config = load(book=str(tmp_path / "book"), environ={})
    library = build_library(config)
    try:
        assert library.wait_whole(60)
        report = lint(build_book(config), build_book(config), lint_scope(config, date.today()), build_workers())
        assert library.snapshot().findings == report.findings
    finally:
        library.close()

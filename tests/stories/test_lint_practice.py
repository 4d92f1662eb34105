"""`opsbook lint` knows what Opsbook has run: a run counts as practice, and no ledger is needed for lint."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.stories.opsbook_program import asked, run, write

PAGE = """# Restore

**Last Drilled:** 2020-01-01

## Restore it

1. Restore
   ```bash
   {command}
   ```
"""
PATH = "docs/operations/procedures/restore.md"
WHERE = f"{PATH}#restore-it"
PADDING = "# Notes\n\n" + "Nothing to see here, but much of it.\n" * 7000  # only a large book's answer is kept


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A repository with a procedure that says that it was practised long ago."""
    return write(tmp_path / "repository", {".git/HEAD": "", PATH: PAGE.format(command="true")})


def told(book: Path) -> bool:
    """Whether lint says that it was not practised."""
    return bool(asked("lint", "--select", "not-practised", here=book)["findings"])


def test_a_run_that_succeeded_is_practice_and_a_dry_one_is_not(book):
    assert told(book)
    run("run", WHERE, "--dry-run", here=book)
    assert told(book)
    assert run("run", WHERE, "--yes", here=book).returncode == 0
    assert not told(book)


def test_a_run_that_failed_is_none(book):
    (book / PATH).write_text(PAGE.format(command="false"))
    assert run("run", WHERE, "--yes", here=book).returncode == 1
    assert told(book)


def test_the_kept_answer_of_a_large_book_knows_of_the_run(book):
    write(book, {"docs/operations/notes.md": PADDING})
    assert told(book) and told(book)
    run("run", WHERE, "--yes", here=book)
    assert not told(book)


def test_lint_makes_no_ledger(book):
    run("lint", here=book)
    assert not (book / ".opsbook").exists()


def test_a_ledger_that_cannot_be_read_costs_one_line_and_nothing_else(book):
    run("run", WHERE, "--yes", here=book)
    with closing(sqlite3.connect(book / ".opsbook/opsbook.db")) as other:
        other.execute("PRAGMA user_version = 99")
    done = run("lint", "--select", "not-practised", here=book)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert "without what runs tell of practice. The ledger" in done.stderr
    assert "newer Opsbook" in done.stderr
    assert "[not-practised]" in done.stdout
    assert run("lint", "--ignore", "drill-overdue,never-practised,not-practised", here=book).stderr == ""


def test_a_postgresql_that_is_away_costs_one_line_and_nothing_else(book):
    done = run("lint", "--select", "not-practised", here=book, OPSBOOK_DB=f"postgresql://nobody@/none?host={book}")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert "[not-practised]" in done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_ledger_that_is_not_this_users_costs_one_line(book):
    run("run", WHERE, "--yes", here=book)
    (book / ".opsbook/opsbook.db").chmod(0)
    done = run("lint", "--select", "not-practised", here=book)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)

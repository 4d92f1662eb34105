"""The ledger goes away and comes back under a run, and programs that drive one are told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.postgres import PostgresServer
from tests.stories.at_terminal import person_at
from tests.stories.opsbook_program import SOURCE, asked, run, write

PAGE = """\
# Shop Runbook

## Common Operations

### Long

1. Work
   ```bash
   echo begun; touch begun; while ! test -e go; do sleep 0.05; done; echo ended
   ```
2. Finish
   ```bash
   touch finished
   ```
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return write(tmp_path, {"docs/operations/shop.md": PAGE, ".git/HEAD": "ref: refs/heads/main\n"})


def begun(book: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """`opsbook` with these words, in the background."""
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "NO_COLOR": "1", **environment}
    with (book / "told").open("w") as told:
        return subprocess.Popen([sys.executable, "-m", "opsbook", *words], cwd=book, env=env, stdin=subprocess.DEVNULL,
                                stdout=told, stderr=subprocess.STDOUT, text=True)  # fmt: skip


def told(book: Path) -> str:
    return (book / "told").read_text()


def until(holds: Callable[[], object], patience_s: float = 20.0) -> None:
    give_up = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_a_run_waits_for_a_ledger_that_went_away_and_goes_on_when_it_is_back(
    book: Path, postgres_server: PostgresServer
) -> None:
    program = begun(book, "run", "shop#long", "--yes", OPSBOOK_DB=postgres_server.fresh())
    until((book / "begun").exists)
    postgres_server.stop()
    try:
        until(lambda: "cannot be" in told(book))
        (book / "go").touch()
        time.sleep(1)  # it tries more than once meanwhile
        assert program.poll() is None
    finally:
        postgres_server.start()
    assert program.wait(30) == 0, told(book)
    assert (book / "finished").exists()
    assert told(book).count("Ctrl-C leaves") == 1, told(book)
    assert told(book).count("begun\n") == 1
    assert told(book).count("The ledger is back") == 1


def test_ctrl_c_leaves_a_run_whose_ledger_is_away_and_says_how_to_take_it_up(
    book: Path, postgres_server: PostgresServer
) -> None:
    program = begun(book, "run", "shop#long", "--yes", OPSBOOK_DB=postgres_server.fresh())
    until((book / "begun").exists)
    postgres_server.stop()
    try:
        until(lambda: "cannot be" in told(book))
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 130, told(book)
    finally:
        postgres_server.start()
        (book / "go").touch()
    assert "opsbook runs resume" in told(book)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_a_program_that_is_told_to_end_lets_go_of_its_run_and_the_step_goes_on(book: Path, sign: signal.Signals) -> None:
    program = begun(book, "run", "shop#long", "--yes")
    until((book / "begun").exists)
    program.send_signal(sign)
    assert program.wait(20) == 128 + sign, told(book)
    assert "opsbook runs resume" in told(book)
    (book / "go").touch()
    taken_up = time.monotonic()
    assert run("runs", "resume", "last", "--yes", here=book).returncode == 0
    assert time.monotonic() - taken_up < 10  # nobody had its lease any more
    assert [len(step["attempts"]) for step in asked("runs", "show", "last", here=book)["steps"]] == [1, 1]


def test_a_terminal_that_is_closed_leaves_the_run_where_it_is(book: Path) -> None:
    with person_at("run", "shop#long", here=book) as person:
        person.reads("help")
        person.presses("\n")
        until((book / "begun").exists)
        person.program.send_signal(signal.SIGHUP)
        assert person.ends() == 128 + signal.SIGHUP
    assert asked("runs", "show", "last", here=book)["state"] == "running"
    (book / "go").touch()


def test_a_program_that_is_told_to_end_leaves_a_question_unanswered(book: Path) -> None:
    with person_at("run", "shop#long", here=book) as person:
        person.reads("help")
        person.program.terminate()
        assert person.ends() == 143
    assert asked("runs", "show", "last", here=book)["state"] == "waiting"

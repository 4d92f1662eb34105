"""Incidents while the PostgreSQL of the ledger is away, and from a laptop: into a file, and from there into the ledger."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.postgres import PostgresServer
from tests.stories.opsbook_program import SOURCE, run, write
from tests.stories.test_incident_cli import called

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ledger.views import VIEWS
from opsbook.usecases.ledger_check import check

AWAY = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A repository with a book of one page."""
    return write(tmp_path / "book", {".git/HEAD": "ref: refs/heads/main\n", "docs/operations/README.md": "# Ops\n"})


def said(folder: Path, *words: str, status: int = 0) -> tuple[str, str]:
    """What `opsbook incident …` answered, and what it said beside that."""
    ended, out, err = called("incident", *words, here=folder)
    assert ended == status, out + err
    return out, err


def notes(folder: Path, number: int, *more: str) -> list[str]:
    """The notes of an incident."""
    return [each["text"] for each in timeline(folder, number, *more) if each["kind"] == "note"]


def timeline(folder: Path, number: int, *more: str) -> list[dict]:
    """What happened in an incident."""
    told: list[dict] = json.loads(said(folder, "show", str(number), *more, "--format", "json")[0])["timeline"]
    return told


def test_away_it_says_so_loudly_and_keeps_all_until_it_is_there_again(book, postgres_server: PostgresServer):
    there = postgres_server.fresh()
    said(book, "open", "Mail is late", "--db", there)
    out, err = said(book, "open", "Checkout fails", "--db", AWAY)
    said(book, "note", "2", "Written offline.", "--db", AWAY)
    said(book, "note", "1", "Late.", "--db", AWAY)
    assert ("OFFLINE" in err, "INC-2" in out) == (True, True)  # behind the last number that was seen in the ledger

    _, err = said(book, "list", "--db", there)

    assert err == "opsbook: Brought into the ledger: INC-2, late notes for INC-1; 4 entries.\n"
    assert (notes(book, 2, "--db", there), notes(book, 1, "--db", there)) == (["Written offline."], ["Late."])
    assert said(book, "list", "--db", there)[1] == ""
    assert run("ledger", "verify", "--db", there, here=book).returncode == 0


def test_both_times_of_an_entry_are_kept(book):
    said(book, "open", "Checkout fails", "--offline")
    said(book, "role", "1", "scribe", "@cy", "--offline")
    said(book, "note", "1", "Seen.", "--offline")
    said(book, "bring")

    entries = timeline(book, 1)
    assert len(entries) == 3
    assert [each for each in entries if each["at"] >= each["recorded_at"]] == []
    assert [each["at"] for each in entries] == sorted({each["at"] for each in entries})


def test_what_needs_the_ledger_is_refused_with_what_can_be_done_instead(book):
    said(book, "open", "Checkout fails", "--offline")

    assert "by phone" in said(book, "call", "1", "@ada", "--why", "x", "--offline", status=3)[1]
    assert "draft" in said(book, "update", "1", "We look.", "--publish", "--offline", status=3)[1]
    assert "incident note" in said(book, "ack", "14", "--offline", status=2)[1]
    assert "once it is there" in said(book, "report", "1", "--offline", status=3)[1].lower()


def test_resolved_offline_it_is_reported_later(book):
    said(book, "open", "Checkout fails", "--offline")
    assert "opsbook incident report 1" in said(book, "resolve", "1", "--offline")[1]

    said(book, "list")

    assert "Resolved" in said(book, "show", "1")[0].splitlines()[0]


def test_a_number_that_somebody_took_meanwhile_leads_to_where_it_is_now(book):
    said(book, "open", "Checkout fails", "--offline")
    (book / ".opsbook" / "offline.db").rename(book / "taken-along.db")
    said(book, "open", "Mail is late")

    assert "INC-2 (INC-1 in the file)" in said(book, "bring", "taken-along.db")[0]
    assert "INC-2 was called INC-1 too" in said(book, "show", "1")[1]
    assert "formerly    INC-1" in said(book, "show", "2")[0]


def test_a_laptops_file_is_only_read(book, tmp_path):
    laptop = write(tmp_path / "laptop", {".git/HEAD": "x", "docs/operations/README.md": "# Ops\n", "a.txt": "df\n"})
    said(laptop, "open", "Checkout fails")
    said(laptop, "note", "1", "Seen.", "--file", str(laptop / "a.txt"))
    file = laptop / ".opsbook" / "opsbook.db"
    before = file.read_bytes()

    out, _ = said(book, "bring", str(file))
    assert "INC-1" in out
    assert said(book, "bring", str(file))[0] == "Brought into the ledger: nothing new; 0 entries.\n"
    assert file.read_bytes() == before
    assert notes(book, 1) == ["Seen."]


def test_late_notes_that_nobody_can_place_stay_until_somebody_can(book):
    said(book, "open", "Checkout fails")
    said(book, "note", "14", "Whose is it?", "--offline")
    assert "bring --late" in said(book, "list")[1]

    said(book, "bring", "--late", "14=1")

    assert (notes(book, 1), said(book, "list")[1]) == (["Whose is it?"], "")


@pytest.fixture
def waiting(book: Path) -> Iterator[Path]:
    """A book with much that waits to be brought."""
    said(book, "open", "Mail is late")
    for name in ("Checkout fails", "The shop is slow", "Search is down"):
        said(book, "open", name, "--offline")
    for number in (2, 3, 4, 1):
        for text in ("One.", "Two.", "Three."):
            said(book, "note", str(number), text, "--offline")
    yield book


def killed_in_the_midst(folder: Path, after_s: float) -> bool:
    """Begins to bring, and kills it after a while; whether it was quicker."""
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "opsbook", "incident", "bring"]
    program = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        program.wait(after_s)
    except subprocess.TimeoutExpired:
        program.send_signal(signal.SIGKILL)
        program.wait()
        return False
    return True


def proven(folder: Path) -> None:
    """All is in the ledger, once."""
    said(folder, "list")
    for number in (1, 2, 3, 4):
        assert notes(folder, number) == ["One.", "Two.", "Three."]
    with closing(SqliteLedger(str(folder / ".opsbook" / "opsbook.db"), views=VIEWS)) as ledger:
        assert check(ledger).faults == []


def test_killed_in_the_midst_it_neither_loses_nor_doubles(waiting):
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "opsbook", "incident", "--help"], env={**os.environ, "PYTHONPATH": str(SOURCE)},
                   stdout=subprocess.DEVNULL, check=True)  # fmt: skip
    start_s = time.monotonic() - began
    for share in (1.0, 1.5, 2.0):
        if killed_in_the_midst(waiting, start_s * share):
            break
    proven(waiting)


@pytest.mark.torture
def test_killed_again_and_again_it_neither_loses_nor_doubles(waiting, request):
    named = request.config.getoption("--hypothesis-seed", default=None)
    seed = int(named) if named is not None else random.SystemRandom().getrandbits(32)
    chance = random.Random(seed)
    kills = 0
    for turn in range(100):
        kills += not killed_in_the_midst(waiting, chance.uniform(0.1, 1.0))
        said(waiting, "note", "2", f"After {turn}.", "--offline")
    said(waiting, "list")
    sys.stderr.write(f"{kills} kills of seed {seed}\n")
    after = [text for text in notes(waiting, 2) if text.startswith("After ")]
    assert len(after) == len(set(after)) == 100, f"seed {seed}"

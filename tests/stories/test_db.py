"""Backups of the ledger from the command line: made beside a writer, put back, refused, killed; checks and migrations."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import apsw
import pytest
from tests.adapters.ledger_contract import AT, SOON_S, everything, program
from tests.stories.opsbook_program import SOURCE, asked, run, write

from opsbook.adapters.sqlite_ledger import SqliteLedger, tables
from opsbook.config import load
from opsbook.entrypoints import cli
from opsbook.ledger.event import Draft, verify
from opsbook.usecases.ledger_upkeep import RESTORES
from opsbook.wire import build_ledger, serving_lock


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write(tmp_path, {".git/HEAD": "", "docs/operations/README.md": "# Operations\n"}))
    for name in ("OPSBOOK_BOOK", "OPSBOOK_DB"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def ledger(place: Path) -> Iterator[SqliteLedger]:
    with closing(build_ledger(load())) as ledger:
        assert isinstance(ledger, SqliteLedger)
        added(ledger, 3)
        yield ledger


def added(ledger: SqliteLedger, count: int, stream: str = "run/1") -> None:
    drafts = [Draft("Tried", {"n": n}) for n in range(count)]
    ledger.append(stream, drafts, expected=None, actor="ada", at=AT)


def kept(file: Path) -> list[tuple[str, int]]:
    with closing(SqliteLedger(str(file))) as backup:
        assert verify(everything(backup)) == []
        return [(event.stream, event.number) for event in everything(backup)]


def test_a_backup_is_one_file_for_its_owner_with_all_that_is_recorded(place, ledger):
    done = run("db", "backup", "kept.db", here=place)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("kept.db: 3 events in 1 stream, ")
    assert [each.name for each in place.iterdir() if each.name.startswith("kept")] == ["kept.db"]
    assert (place / "kept.db").stat().st_mode & 0o777 == 0o600
    assert kept(place / "kept.db") == [("run/1", 1), ("run/1", 2), ("run/1", 3)]


def test_a_backup_takes_no_files_place_unless_told_to(place, ledger):
    (place / "kept.db").write_text("mine")
    assert run("db", "backup", "kept.db", here=place).returncode == 3
    assert (place / "kept.db").read_text() == "mine"
    answer = asked("db", "backup", "kept.db", "--force", here=place)
    assert (answer["events"], answer["streams"], answer["bytes"]) == (3, 1, (place / "kept.db").stat().st_size)
    assert answer["head"] == everything(ledger)[-1].hash


def test_a_backup_made_while_others_write_is_whole(place, ledger):
    address = f"sqlite:///{place}/.opsbook/opsbook.db"
    with program("append", address, "1000000") as output:
        reading = threading.Thread(target=output.read)  # it writes on for as long as it is read
        reading.start()
        assert ledger.wait(10, SOON_S)
        for number in range(3):
            assert run("db", "backup", f"{number}.db", here=place).returncode == 0
    reading.join()
    sizes = [len(kept(place / f"{number}.db")) for number in range(3)]
    assert sizes == sorted(set(sizes))


def test_what_is_changed_is_not_backed_up_as_if_it_were_well(place, ledger):
    with closing(apsw.Connection(str(place / ".opsbook" / "opsbook.db"))) as connection:
        connection.execute("DROP TRIGGER event_is_not_changed")
        connection.execute("UPDATE event SET actor = 'eve' WHERE number = 2")
    done = run("db", "backup", "kept.db", here=place)
    assert done.returncode == 4
    assert "run/1 2 (Tried, " in done.stderr
    assert not (place / "kept.db").exists()
    answer = asked("db", "check", here=place, status=1)
    assert (answer["well"], len(answer["faults"])) == (False, 1)


def test_a_backup_where_nothing_can_be_written_is_told(place, ledger):
    done = run("db", "backup", "no/such/folder.db", here=place)
    assert (done.returncode, "Traceback" in done.stderr) == (4, False)


def test_a_backup_is_put_back_and_one_more_event_tells_of_it(place, ledger):
    run("db", "backup", "kept.db", here=place)
    added(ledger, 5, "run/2")
    refused = run("db", "restore", "kept.db", here=place)
    assert (refused.returncode, ledger.head()) == (3, 8)
    assert "it has 8 events, which would be gone" in refused.stderr
    done = run("db", "restore", "kept.db", "--force", here=place)
    assert done.stdout == (
        "Restored from kept.db: 3 events in 1 stream, as they were recorded. 8 events that were there before are"
        " gone.\n"
    )
    (told,) = ledger.read(RESTORES)
    assert told.facts == {"events": 3, "head": ledger.read("run/1")[-1].hash, "replaced": 8}
    assert [event.stream for event in everything(ledger)] == ["run/1"] * 3 + [RESTORES]
    added(ledger, 1)
    assert run("db", "check", here=place).returncode == 0


def test_into_no_ledger_at_all_a_backup_is_restored_without_force(place, ledger):
    run("db", "backup", "kept.db", here=place)
    answer = asked("db", "restore", "kept.db", "--db", "sqlite:///new/ledger.db", here=place)
    assert (answer["events"], answer["replaced"]) == (3, 0)
    assert kept(place / "new" / "ledger.db")[:3] == kept(place / "kept.db")


def test_restoring_leaves_the_backup_as_it_was(place, ledger):
    run("db", "backup", "kept.db", here=place)
    before = (place / "kept.db").read_bytes()
    (place / "kept.db").chmod(0o400)
    assert run("db", "restore", "kept.db", "--force", here=place).returncode == 0
    assert (place / "kept.db").read_bytes() == before
    assert {each.name for each in (place / ".opsbook").iterdir()} <= {
        ".gitignore", "opsbook.db", "opsbook.db-wal", "opsbook.db-shm", "opsbook.db-serving", "opsbook.db-turn",
    }  # fmt: skip


def test_while_a_server_runs_nothing_is_restored(place, ledger):
    run("db", "backup", "kept.db", here=place)
    with serving_lock(load(), "http://127.0.0.1:8000"):
        refused = run("db", "restore", "kept.db", "--force", here=place)
    assert refused.returncode == 3
    assert "serves this ledger at http://127.0.0.1:8000" in refused.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "it is empty"), ("no database\n" * 100, "not a SQLite file"), ("cut", "damaged"), ("forged", "not as it was")],
)
def test_what_is_no_good_backup_changes_nothing(place, ledger, content, words):
    file = place / "kept.db"
    run("db", "backup", "kept.db", here=place)
    if content == "cut":
        file.write_bytes(file.read_bytes()[:9000])
    elif content == "forged":
        with closing(apsw.Connection(str(file))) as connection:
            connection.execute("DROP TRIGGER event_is_not_changed")
            connection.execute("UPDATE event SET actor = 'eve' WHERE number = 2")
    else:
        file.write_text(content)
    before = everything(ledger)
    done = run("db", "restore", "kept.db", "--force", here=place)
    assert (done.returncode, words in done.stderr) == (4, True), done.stderr
    assert everything(ledger) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("backup .opsbook/opsbook.db --force", "is the ledger itself"),
        ("restore .opsbook/opsbook.db --force", "is the ledger itself"),
        ("restore none.db", "There is no file 'none.db'"),
        ("backup x.db --db sqlite:///none.db", "There is no ledger"),
        ("check --db sqlite:///none.db", "There is no ledger"),
        ("migrate --db sqlite:///none.db", "There is no ledger"),
    ],
)
def test_neither_the_ledger_itself_nor_nothing_is_a_backup(place, ledger, capsys, words, told):
    assert cli.run(["db", *words.split()]) == 2
    assert told in capsys.readouterr().err


def test_a_ledger_of_an_older_version_is_brought_up_to_date(place):
    file = place / ".opsbook" / "opsbook.db"
    file.parent.mkdir()
    with closing(apsw.Connection(str(file))) as connection:
        connection.execute(tables.MIGRATIONS[0])
        connection.pragma("application_id", tables.APPLICATION)
        connection.pragma("user_version", 1)
    answer = asked("db", "migrate", here=place)
    assert (answer["from"], answer["to"]) == (1, tables.VERSION)
    assert f"has version {tables.VERSION} already" in run("db", "migrate", here=place).stdout
    assert run("db", "check", here=place).stdout == "0 events in 0 streams: all is well.\n"


def test_a_ledger_of_a_newer_version_is_refused_by_every_verb(place, ledger, capsys):
    assert cli.run(["db", "backup", "kept.db"]) == 0
    with closing(apsw.Connection(str(place / ".opsbook" / "opsbook.db"))) as connection:
        connection.pragma("user_version", tables.VERSION + 1)
    for verb in (("backup", "x.db"), ("restore", "kept.db", "--force"), ("check",), ("migrate",)):
        assert cli.run(["db", *verb]) == 3
        assert "written by a newer Opsbook" in capsys.readouterr().err


def test_a_backup_of_a_newer_version_is_refused(place, ledger):
    run("db", "backup", "kept.db", here=place)
    with closing(apsw.Connection(str(place / "kept.db"))) as connection:
        connection.pragma("user_version", tables.VERSION + 1)
    assert run("db", "restore", "kept.db", "--force", here=place).returncode == 3
    assert ledger.head() == 3


def test_a_killed_backup_or_restore_leaves_old_or_new_whole(place, ledger):
    kill_at_random(place, ledger, 1)


@pytest.mark.torture
def test_very_many_killed_backups_and_restores_leave_old_or_new_whole(place, ledger, record_property):
    record_property("tried", kill_at_random(place, ledger, 60))


def kill_at_random(place: Path, ledger: SqliteLedger, times: int) -> int:
    random = Random(str(times))
    for _ in range(60):
        added(ledger, 100)
    assert run("db", "backup", "first.db", here=place).returncode == 0
    (place / "kept.db").write_bytes((place / "first.db").read_bytes())
    first = len(everything(ledger))
    for _ in range(times):
        added(ledger, 10)
        for words in (("backup", "kept.db"), ("restore", "first.db")):
            begin_and_kill(place, random.uniform(0.1, 0.9), *words)
            assert kept(place / "kept.db")[:first] == kept(place / "first.db")
            found = everything(ledger)
            assert verify(found) == []
            assert len(found) >= first
            assert run("db", "check", here=place).returncode == 0
    return 2 * times


def begin_and_kill(place: Path, after_s: float, *words: str) -> None:
    command = [sys.executable, "-m", "opsbook", "db", *words, "--force"]
    with subprocess.Popen(command, cwd=place, env={**os.environ, "PYTHONPATH": str(SOURCE)}, stdout=-3) as running:
        time.sleep(after_s)
        running.send_signal(signal.SIGKILL)

"""The SQLite ledger keeps the contract, and its own promises: a file of its own, and troubles that pass."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from tests.adapters.beside_contract import BesideContract
from tests.adapters.engine_contract import EngineContract
from tests.adapters.keeping_contract import KeepingContract
from tests.adapters.ledger_contract import AT, ROOT, SOON_S, LedgerContract, appended, everything, opened, side_by_side
from tests.adapters.view_contract import COUNTS, ViewContract, counted, right_rows, rows_of

from opsbook.adapters.sqlite_ledger import SqliteLedger, tables
from opsbook.adapters.sqlite_ledger.turnstile import Turnstile
from opsbook.ground.errors import Failure, Refusal
from opsbook.ledger.event import Draft, verify
from opsbook.usecases.ledger_check import untold
from opsbook.usecases.ledger_ports import Timer


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'opsbook.db'}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "opsbook.db"


class TestSqliteLedger(LedgerContract):
    pass


class TestSqliteEngine(EngineContract):
    pass


class TestSqliteViews(ViewContract):
    pass


class TestSqliteKeeping(KeepingContract):
    pass


class TestSqliteBeside(BesideContract):
    pass


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE event SET actor = 'eve' WHERE position = 1",
        "DELETE FROM event",
        "INSERT OR REPLACE INTO event SELECT position, stream, number, at, 'eve', kind, facts, previous_hash, hash FROM event",
        "INSERT OR REPLACE INTO event SELECT 3, stream, number, at, 'eve', kind, facts, previous_hash, hash FROM event LIMIT 1",
        "INSERT INTO event SELECT 9, stream, 9, at, actor, kind, facts, previous_hash, hash FROM event LIMIT 1",
    ],
)
def test_the_database_itself_refuses_every_change(file, address, change):
    with closing(opened(address)) as ledger:
        before = appended(ledger, "a", 2)
        with (
            closing(apsw.Connection(str(file))) as connection,
            pytest.raises(apsw.ConstraintError, match="an event is"),
        ):
            connection.execute(change)
        assert everything(ledger) == list(before)


def test_what_is_changed_behind_its_back_is_found_by_the_chain(file, address):
    with closing(opened(address)) as ledger:
        appended(ledger, "a", 3)
        with closing(apsw.Connection(str(file))) as connection:
            connection.execute("DROP TRIGGER event_is_not_changed")
            connection.execute("UPDATE event SET actor = 'eve' WHERE number = 2")
        assert verify(everything(ledger)) == [
            "a 2 (Tried, 2026-11-23T03:10:00+00:00): it is not what was recorded: its hash does not fit."
        ]


def test_the_file_is_for_its_owner_alone(file, address):
    with closing(opened(address)) as ledger:
        appended(ledger, "a")
        assert {path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == {0o600}


def test_opened_by_many_at_once_for_the_first_time_it_is_made_once(address):
    def open_and_append(number: int) -> None:
        with closing(opened(address)) as ledger:
            appended(ledger, f"s{number}")

    side_by_side(8, open_and_append)
    with closing(opened(address)) as ledger:
        assert ledger.head() == 8


def test_a_file_of_a_newer_version_is_refused(file, address):
    opened(address).close()
    with closing(apsw.Connection(str(file))) as connection:
        connection.pragma("user_version", tables.VERSION + 1)
    with pytest.raises(Refusal, match="written by a newer Opsbook"):
        opened(address)


def test_another_programs_database_is_left_alone(file, address):
    with closing(apsw.Connection(str(file))) as connection:
        connection.execute("CREATE TABLE theirs(a)")
    before = file.read_bytes()
    with pytest.raises(Refusal, match="another program's database"):
        opened(address)
    assert file.read_bytes() == before


def test_a_file_that_is_no_database_is_told(file, address):
    file.write_text("not a database at all\n" * 100)
    with pytest.raises(Failure, match="is damaged") as told:
        opened(address)
    assert not told.value.retryable


def test_a_file_that_cannot_be_made_is_told(tmp_path):
    with pytest.raises(Failure, match="No such file or directory") as told:
        SqliteLedger(str(tmp_path / "nowhere" / "opsbook.db"))
    assert told.value.retryable


def test_while_another_program_locks_it_appends_fail_and_reads_go_on(file):
    with closing(SqliteLedger(str(file), busy_s=0.05)) as ledger:
        appended(ledger, "a")
        with closing(apsw.Connection(str(file))) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Failure, match="another program keeps it locked") as told:
                appended(ledger, "a")
            assert told.value.retryable
            assert len(ledger.read("a")) == 1
            other.execute("ROLLBACK")
        appended(ledger, "a", expected=1)


def test_a_file_that_is_taken_away_is_not_written_to(file, address, tmp_path):
    with closing(opened(address)) as ledger:
        appended(ledger, "a")
        file.rename(tmp_path / "elsewhere.db")
        with pytest.raises(Failure, match="taken away or replaced"):
            appended(ledger, "a")
        (tmp_path / "elsewhere.db").rename(file)
        appended(ledger, "a", expected=1)


def test_a_row_that_was_left_behind_is_right_after_the_next_event(file, address):
    with closing(opened(address, [COUNTS])) as ledger:
        for number in range(5):
            counted(ledger, "count/a", number)
        with closing(apsw.Connection(str(file))) as older:  # as an Opsbook leaves it that knew no views yet
            older.execute("DELETE FROM view_row")
        counted(ledger, "count/a", 5)
        assert rows_of(ledger) == right_rows(ledger)


def test_leases_and_timers_go_by_the_clock_that_is_given(file):
    now = [1_000_000_000]
    with closing(SqliteLedger(str(file), clock=lambda: now[0])) as ledger:
        lease = ledger.claim("run/1", "ann", 10)
        due = tables.moment(now[0] + 5_000_000)
        ledger.append("a", [], expected=None, actor="ada", at=AT, set_timers=[Timer("a", "limit", due)])
        assert (ledger.next_due_s(), ledger.claim("run/1", "ben", 1)) == (5.0, None)
        now[0] += 5_000_000
        assert [timer.name for timer in ledger.due(1)] == ["limit"]
        now[0] += 5_000_000
        assert ledger.claim("run/1", "ben", 1).epoch == lease.epoch + 1


def test_on_a_disk_that_can_only_be_read_it_is_read_until_it_can_be_written_to(tmp_path, needs):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = [needs("mount"), "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("ABSENT: a-disk-to-fill (mounting one takes root)")
    try:
        with closing(SqliteLedger(str(disk / "opsbook.db"), views=[COUNTS])) as ledger:
            counted(ledger, "count/a", 1)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with closing(SqliteLedger(str(disk / "opsbook.db"), views=[COUNTS])) as ledger:
            assert (ledger.head(), len(ledger.rows("counts")), ledger.faults(untold)) == (1, 1, [])
            with pytest.raises(Failure, match="it can only be read here") as told:
                counted(ledger, "count/a", 2)
            assert told.value.retryable
            subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
            counted(ledger, "count/a", 2)
        with closing(SqliteLedger(str(disk / "opsbook.db"))) as again:
            assert again.head() == 2
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


FULL = """
import resource, signal, sys
from contextlib import closing
from tests.adapters.ledger_contract import appended, everything, opened
from opsbook.ground.errors import Failure
from opsbook.ledger.event import verify

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with closing(opened(sys.argv[1])) as ledger:
    appended(ledger, "a", 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    told = None
    while told is None:
        try:
            appended(ledger, "a", 50)
        except Failure as wrong:
            told = wrong
    assert told.retryable and "nothing was written" in str(told), told
    count = len(ledger.read("a"))
    assert count == ledger.head() and count % 50 == 2, count
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    appended(ledger, "a", 50, expected=count)
    assert verify(everything(ledger)) == []
print("well")
"""


def test_where_no_more_can_be_written_appends_fail_whole_and_then_work_again(address):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", FULL, address], capture_output=True, text=True, env=environment, timeout=60
    )
    assert (done.stdout, done.stderr) == ("well\n", "")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (apsw.FullError("full"), "the disk is full"), (apsw.ReadOnlyError("ro"), "it can only be read here"),
        (apsw.BusyError("busy"), "keeps it locked"), (apsw.IOError("disk I/O error"), "the database says 'disk I/O error'"),
        (apsw.CantOpenError("no"), "the database says 'no'"), (PermissionError(13, "Permission denied"), "Permission denied"),
    ],
)  # fmt: skip
def test_each_trouble_that_may_pass_is_told_with_the_way_to_mend_it(wrong, words):
    told = tables.failure("/x/opsbook.db", wrong)
    assert told.retryable
    assert words in str(told)
    assert str(told).endswith("then try again.")


def test_a_bug_in_the_thread_fails_its_own_append_and_no_other(address, monkeypatch):
    ended: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda told: ended.append(told.exc_value))
    with closing(opened(address)) as ledger:
        with pytest.raises(Failure, match="TypeError"):
            ledger.append("a", [Draft({"no": "kind"})], expected=None, actor="ada", at=AT)  # which cannot be bound
        assert [type(wrong) for wrong in ended] == [TypeError]
        appended(ledger, "a", expected=0)


def test_one_begins_while_another_waits_for_its_turn_and_no_longer_than_it_has_patience(tmp_path):
    order: list[str] = []
    first, second = (Turnstile(str(tmp_path / "opsbook.db"), patience_s) for patience_s in (SOON_S, 0.02))
    with first.passed(), second.passed():
        order.append("without")
    waiting = threading.Thread(target=lambda: take(Turnstile(str(tmp_path / "opsbook.db"), SOON_S), order, "second"))
    with first.passed():
        waiting.start()
        time.sleep(0.02)
        order.append("first")
    waiting.join()
    assert order == ["without", "first", "second"]


def take(turnstile: Turnstile, order: list[str], name: str) -> None:
    with turnstile.passed():
        order.append(name)


def test_where_no_turn_is_to_be_had_one_writes_all_the_same(address, file):
    (file.parent / "opsbook.db-turn").mkdir()
    with closing(opened(address)) as ledger:
        appended(ledger, "a")
        assert ledger.head() == 1


def test_whoever_looks_into_the_file_beside_a_server_takes_nothing_from_it(file: Path) -> None:
    """Two of one process lay on the file, as the server's are; the log beside it outlives a stranger's last look."""
    look = (
        "import sqlite3, sys; file = sqlite3.connect(sys.argv[1]);"
        " print(file.execute('SELECT count(*) FROM event').fetchone()[0]); file.close()"
    )
    with closing(SqliteLedger(str(file))) as ledger, closing(SqliteLedger(str(file))) as second:
        appended(ledger, "a/1")
        second.head()
        subprocess.run([sys.executable, "-c", look, str(file)], check=True)
        appended(ledger, "a/2")
        seen = subprocess.run([sys.executable, "-c", look, str(file)], check=True, capture_output=True, text=True)
        assert seen.stdout.strip() == "2"

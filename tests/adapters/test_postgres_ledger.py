"""The PostgreSQL ledger keeps the contract, and its own promises: what it refuses, and in which words."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import Connection
from tests.adapters.beside_contract import BesideContract
from tests.adapters.engine_contract import EngineContract
from tests.adapters.keeping_contract import KeepingContract
from tests.adapters.ledger_contract import AT, LedgerContract, appended, everything, side_by_side
from tests.adapters.view_contract import ViewContract

from opsbook.adapters.postgres_ledger import PostgresLedger, tables
from opsbook.adapters.postgres_ledger.connecting import Server
from opsbook.ground.errors import Conflict, Failure, Refusal, Usage
from opsbook.ledger.event import Draft, verify
from opsbook.usecases.ledger_check import untold
from opsbook.usecases.ledger_ports import Sighting


@pytest.fixture
def address(postgres_url: str) -> str:
    return postgres_url


class TestPostgresLedger(LedgerContract):
    pass


class TestPostgresEngine(EngineContract):
    pass


class TestPostgresViews(ViewContract):
    pass


class TestPostgresKeeping(KeepingContract):
    pass


class TestPostgresBeside(BesideContract):
    pass


@pytest.fixture
def ledger(address: str) -> Iterator[PostgresLedger]:
    with closing(PostgresLedger(address)) as ledger:
        yield ledger


@pytest.fixture
def database(address: str) -> Iterator[Connection]:
    """A connection of somebody else to the same database."""
    with closing(psycopg.connect(address, autocommit=True)) as connection:
        yield connection


# -- what the database itself refuses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE opsbook.event SET actor = 'eve' WHERE position = 1", "DELETE FROM opsbook.event", "TRUNCATE opsbook.event",
        "SET session_replication_role TO replica; DELETE FROM opsbook.event WHERE position = 2",
        "INSERT INTO opsbook.event SELECT * FROM opsbook.event ON CONFLICT (position) DO UPDATE SET actor = 'eve'",
        "INSERT INTO opsbook.event SELECT 9, stream, 9, at, actor, kind, facts, previous_hash, hash FROM opsbook.event LIMIT 1",
        "INSERT INTO opsbook.event SELECT 0, stream, 9, at, actor, kind, facts, previous_hash, hash FROM opsbook.event LIMIT 1",
    ],
)  # fmt: skip
def test_the_database_itself_refuses_every_change(ledger, database, change):
    before = appended(ledger, "a", 2)
    with pytest.raises(psycopg.errors.RaiseException, match="an event is"):
        database.execute(change)
    assert everything(ledger) == list(before)


def test_what_is_changed_behind_its_back_is_found_by_the_chain(ledger, database):
    appended(ledger, "a", 3)
    database.execute("ALTER TABLE opsbook.event DISABLE TRIGGER event_is_kept")
    database.execute("UPDATE opsbook.event SET actor = 'eve' WHERE number = 2")
    assert len(verify(everything(ledger))) == 1


def test_a_trigger_that_was_switched_off_is_told(ledger, database):
    appended(ledger, "a", 3)
    assert ledger.faults(untold) == []
    database.execute(
        "ALTER TABLE opsbook.event DISABLE TRIGGER event_is_next; DROP TRIGGER event_is_kept ON opsbook.event"
    )
    told = ledger.faults(untold)
    assert ["'event_is_kept' is gone or switched off" in told[0], "'event_is_next'" in told[1]] == [True, True]


def test_what_somebody_adds_by_hand_is_seen_and_nothing_is_added_twice(ledger, database):
    appended(ledger, "a")
    database.execute(
        "INSERT INTO opsbook.event SELECT 2, stream, 2, at, actor, kind, facts, hash, hash FROM opsbook.event"
    )
    with pytest.raises(Conflict):
        appended(ledger, "a", expected=1)
    assert [event.number for event in appended(ledger, "a")] == [3]


# -- making and opening it ------------------------------------------------------------------------------------------


def test_opened_by_many_at_once_for_the_first_time_it_is_made_once(address):
    def open_and_append(number: int) -> None:
        with closing(PostgresLedger(address)) as ledger:
            appended(ledger, f"s{number}")

    side_by_side(6, open_and_append)
    with closing(PostgresLedger(address)) as ledger:
        assert ledger.head() == 6


def test_tables_of_a_newer_version_are_refused_and_not_written_to(address, ledger, database):
    appended(ledger, "a")
    database.execute("UPDATE opsbook.ledger SET version = %s", (tables.VERSION + 1,))
    with pytest.raises(Refusal, match="written by a newer Opsbook"):
        PostgresLedger(address)
    with pytest.raises(Failure, match="written by a newer Opsbook"):  # by one that was open before, too
        appended(ledger, "a")
    assert ledger.head() == 1


def test_another_programs_schema_is_left_alone(address, database):
    database.execute("CREATE SCHEMA opsbook CREATE TABLE opsbook.theirs(a int)")
    with pytest.raises(Refusal, match="another program's tables"):
        PostgresLedger(address)


def test_a_new_one_is_not_made_where_it_is_not_welcome(address, database):
    with pytest.raises(Usage, match="There is no ledger in"):
        PostgresLedger(address, is_new_welcome=False)
    assert database.execute("SELECT to_regnamespace('opsbook')").fetchone() == (None,)


def test_a_role_that_may_only_add_can_use_what_another_has_made(postgres_server, address, ledger, database):
    """As docs/postgresql.md has it for those who let no program change tables."""
    appended(ledger, "a")
    role = f"narrow_{threading.get_ident() % 1_000_000}"
    database.execute(f"CREATE ROLE {role} LOGIN")
    for grant in (
        "USAGE ON SCHEMA opsbook", "SELECT ON ALL TABLES IN SCHEMA opsbook", "INSERT ON opsbook.event",
        "INSERT, UPDATE, DELETE ON opsbook.lease, opsbook.timer, opsbook.view, opsbook.view_row, opsbook.output,"
        " opsbook.output_part, opsbook.attachment, opsbook.sighting",
    ):  # fmt: skip
        database.execute(f"GRANT {grant} TO {role}")
    with closing(PostgresLedger(address.replace("opsbook@", f"{role}@"))) as narrow:
        lease = narrow.claim("run/1", "ann", 60)
        narrow.append("a", [Draft("B")], expected=1, actor="ada", at=AT, fence=lease)
        narrow.record([], actor="ada", at=AT, attach={"raw/1": b"x"})
        narrow.sight([Sighting("a", AT)])
        assert narrow.head() == 2
    with closing(psycopg.connect(address.replace("opsbook@", f"{role}@"), autocommit=True)) as connection:
        for change in ("UPDATE opsbook.event SET actor = 'x'", "ALTER TABLE opsbook.event DISABLE TRIGGER ALL"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(change)
    database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_database_that_cannot_keep_all_text_is_refused(postgres_server):
    postgres_server.run("postgres", "CREATE DATABASE narrow ENCODING 'SQL_ASCII' TEMPLATE template0")
    with pytest.raises(Refusal, match="keeps text as SQL_ASCII"):
        PostgresLedger(postgres_server.url("narrow"))


# -- addresses and errors, in words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://ops:hush%40hush@127.0.0.1:1/x", "PostgreSQL cannot be reached"),
        ("postgresql://ops@127.0.0.1:1/x?password=hush", "PostgreSQL cannot be reached"),
    ],
)
def test_a_server_that_is_not_there_is_told_without_the_password(url, words):
    with pytest.raises(Failure, match=words) as told:
        PostgresLedger(url)
    assert told.value.retryable
    assert "postgresql://ops@127.0.0.1:1/x" in str(told.value)
    assert "hush" not in f"{told.value} {told.value.__cause__}"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ops:hush@hush@db/x", "postgresql://ops:1/hush@db/x", "postgresql://ops:hush/x@db/x",
        "postgresql://ops:%zzhush@db/x", "postgresql://ops:hush#x@db/x?nothing=1",
    ],
)  # fmt: skip
def test_an_address_with_a_password_that_is_written_wrong_is_told_without_it(url):
    with pytest.raises(Usage, match="%40 for @") as told:
        Server(url)
    assert (
        "hush"
        not in f"{told.value} {told.value.__cause__} {told.value.__context__ if not told.value.__suppress_context__ else ''}"
    )


@pytest.mark.parametrize(
    ("wrong", "words", "may_pass"),
    [
        (psycopg.errors.DiskFull("no space"), "its disk is full", True), (psycopg.errors.ReadOnlySqlTransaction("ro"), "standby", True),
        (psycopg.errors.QueryCanceled("x"), "too long", True), (psycopg.errors.LockNotAvailable("x"), "keeps it locked", True),
        (psycopg.errors.AdminShutdown("x"), "was stopped", True), (psycopg.errors.TooManyConnections("x"), "no more connections", True),
        (psycopg.errors.DataCorrupted("page 3"), "it is damaged ('page 3')", False), (psycopg.errors.InsufficientPrivilege("t"), "may not do that", False),
        (psycopg.errors.SystemError("odd"), "PostgreSQL says 'odd'", True), (psycopg.OperationalError("FATAL: the database system is starting up"), "starts", True),
        (psycopg.OperationalError('FATAL: password authentication failed for user "x"'), "does not let this user in", False),
    ],
)  # fmt: skip
def test_each_trouble_is_told_with_the_way_to_mend_it(wrong, words, may_pass):
    told = Server("postgresql://ops:hush@db/x").failure(wrong, is_write=True)
    assert words in str(told)
    assert "nothing was written" in str(told)
    assert str(told).endswith("then try again.")
    assert told.retryable is may_pass


def test_a_database_that_is_not_there_is_told(postgres_server):
    with pytest.raises(Failure, match="no such database"):
        PostgresLedger(postgres_server.url("nowhere"))


def test_what_cannot_be_kept_fails_its_own_caller_alone(ledger):
    for draft, actor in ((Draft("A\0"), "ada"), (Draft("A"), "a\0"), (Draft("A\ud800"), "ada")):
        with pytest.raises(ValueError):
            ledger.append("a", [draft], expected=None, actor=actor, at=AT)
    ledger.append("a", [Draft("A", {"text": "\0"})], expected=0, actor="ada", at=AT)
    assert ledger.read("a")[0].facts == {"text": "\0"}

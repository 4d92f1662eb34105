"""Troubles of a PostgreSQL that pass: restarts, crashes, cut connections, commits of which nobody knows."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import Connection
from tests.adapters.engine_contract import soon
from tests.adapters.ledger_contract import AT, SOON_S, appended, everything, side_by_side
from tests.postgres import until_it_works

from opsbook.adapters.postgres_ledger import PostgresLedger, tables
from opsbook.adapters.postgres_ledger.announcing import announced
from opsbook.adapters.postgres_ledger.connecting import Server
from opsbook.ground.errors import Conflict, Failure, Fenced
from opsbook.ledger.event import Draft, verify


@pytest.fixture
def address(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def ledger(address: str) -> Iterator[PostgresLedger]:
    with closing(PostgresLedger(address)) as ledger:
        yield ledger


@pytest.fixture
def database(address: str) -> Iterator[Connection]:
    """A connection of somebody else to the same database."""
    with closing(psycopg.connect(address, autocommit=True)) as connection:
        yield connection


def test_a_server_that_was_restarted_while_nothing_was_asked_is_not_even_noticed(postgres_server, ledger):
    appended(ledger, "a")
    assert ledger.head() == 1
    postgres_server.stop()
    postgres_server.start()
    assert ledger.head() == 1
    assert ledger.claim("run/1", "ann", 60).epoch == 1
    appended(ledger, "a", expected=1)


def test_while_the_server_is_away_everything_fails_with_a_word_and_then_works_again(postgres_server, ledger):
    appended(ledger, "a")
    postgres_server.stop()
    try:
        for ask in (lambda: appended(ledger, "a"), ledger.head, lambda: ledger.claim("x", "y", 1), lambda: ledger.wait(1, 5)):
            with pytest.raises(Failure, match="cannot be used now") as told:
                ask()
            assert told.value.retryable
    finally:
        postgres_server.start()
    until_it_works(ledger.head)
    until_it_works(lambda: appended(ledger, "a", expected=1))


def test_a_read_only_server_answers_and_is_written_to_when_it_may_be(ledger, database):
    appended(ledger, "a")
    name = database.info.dbname
    database.execute(f"ALTER DATABASE {name} SET default_transaction_read_only TO on")
    database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", (name,))
    with pytest.raises(Failure, match="can only be read") as told:
        appended(ledger, "a")
    assert told.value.retryable
    assert len(ledger.read("a")) == 1
    database.execute("SET default_transaction_read_only TO off")
    database.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    until_it_works(lambda: appended(ledger, "a", expected=1))


def test_waiting_hears_of_events_again_after_its_connection_was_cut(address, ledger, database, monkeypatch):
    monkeypatch.setattr("opsbook.adapters.postgres_ledger.POLL_S", 10 * SOON_S)  # so that it must hear of it
    waited = threading.Thread(target=lambda: ledger.wait(0, 0.2))
    waited.start()
    soon(lambda: ledger._listener.hears)
    waited.join()
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND query LIKE 'LISTEN%%'"
    assert database.execute(cut, (database.info.dbname,)).fetchall() == [(True,)]
    soon(lambda: not ledger._listener.hears)
    soon(lambda: ledger._listener.hears)
    with closing(PostgresLedger(address)) as other:
        woken: list[bool] = []
        waiting = threading.Thread(target=lambda: woken.append(ledger.wait(0, 10 * SOON_S)))
        waiting.start()
        appended(other, "a")
        waiting.join(SOON_S)
        heard = list(woken)
        ledger.close()  # which ends the waiting in any case
        waiting.join(SOON_S)
        assert heard == [True]


def test_a_program_that_stops_in_the_midst_of_an_append_does_not_keep_others_from_writing(address, ledger, database):
    database.execute("BEGIN")
    database.execute("SELECT pg_advisory_xact_lock(%s)", (tables.APPENDING,))
    done: list[object] = []
    writing = threading.Thread(target=lambda: done.append(appended(ledger, "a")))
    writing.start()
    soon(lambda: _waits(address))
    with closing(psycopg.connect(address, autocommit=True)) as administrator:  # as the server does by itself, later
        administrator.execute("SELECT pg_terminate_backend(%s)", (database.info.backend_pid,))
    writing.join(SOON_S)
    assert done
    with closing(Server(address).connect()) as ours:
        assert ours.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("10s",)


def _waits(address: str, kind: str = "advisory") -> bool:
    with closing(psycopg.connect(address)) as connection:
        asked = "SELECT count(*) FROM pg_locks WHERE locktype = %s AND NOT granted"
        return connection.execute(asked, (kind,)).fetchone() != (0,)


class CutOff:
    """Stands between a ledger and its connection, and cuts that at the commit: before PostgreSQL has it, or after."""

    def __init__(self, connection: Connection, *, is_done: bool) -> None:
        self._connection, self._is_done = connection, is_done

    def execute(self, query: object, *values: object) -> object:
        if query != "COMMIT":
            return self._connection.execute(query, *values)
        if self._is_done:
            self._connection.execute(query)
        self._connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    @property
    def broken(self) -> bool:
        return self._connection.closed

    def close(self) -> None:
        self._connection.close()


@pytest.mark.parametrize("is_done", [True, False])
def test_a_commit_that_is_cut_off_is_looked_up_before_anything_is_told(ledger, is_done):
    appended(ledger, "a")
    ledger._writer._connection = CutOff(ledger._writer._connection, is_done=is_done)
    if is_done:
        assert [event.number for event in appended(ledger, "a")] == [2]
    else:
        with pytest.raises(Failure, match="nothing was written") as told:
            appended(ledger, "a", expected=1)
        assert told.value.retryable
        appended(ledger, "a", expected=1)
    assert [event.number for event in ledger.read("a")] == [1, 2]
    assert verify(everything(ledger)) == []


@pytest.mark.parametrize(("expected", "may_be_tried_again"), [(1, True), (None, False)])
def test_where_it_cannot_be_found_out_what_became_of_a_commit_it_is_told_so(ledger, monkeypatch, expected, may_be_tried_again):
    appended(ledger, "a")
    with monkeypatch.context() as patch:
        patch.setattr("opsbook.adapters.postgres_ledger.writing.RESOLVE_S", 0.0)
        ledger._writer._connection = CutOff(ledger._writer._connection, is_done=True)
        patch.setattr(ledger._server, "connect", _refuse)
        with pytest.raises(Failure, match="it is not known whether the events for 'a' were recorded") as told:
            appended(ledger, "a", expected=expected)
    assert told.value.retryable is may_be_tried_again
    with pytest.raises(Conflict, match="has 2 events"):
        appended(ledger, "a", expected=1)


def _refuse() -> Connection:
    raise Failure("away", retryable=True)


class Halting:
    """Stands between a ledger and its connection, and holds every commit up until it is told to go on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.is_there, self.goes_on = threading.Event(), threading.Event()

    def execute(self, query: object, *values: object) -> object:
        if query == "COMMIT":
            self.is_there.set()
            assert self.goes_on.wait(SOON_S)
        return self._connection.execute(query, *values)

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


def test_a_lease_is_not_taken_over_between_the_look_at_it_and_the_commit(address, ledger):
    stale = ledger.claim("run/1", "ann", 0)
    appended(ledger, "a")
    ledger._writer._connection = halting = Halting(ledger._writer._connection)
    happened: list[str] = []

    def append() -> None:
        ledger.append("a", [Draft("B")], expected=1, actor="ann", at=AT, fence=stale)
        happened.append("appended")

    def take_over() -> None:
        with closing(PostgresLedger(address)) as other:
            assert other.claim("run/1", "ben", 60).epoch == 2
            happened.append("taken over")
            assert len(other.read("a")) == 2  # and so whoever takes over sees all that was done before

    appending, taking = threading.Thread(target=append), threading.Thread(target=take_over)
    appending.start()
    assert halting.is_there.wait(SOON_S)
    taking.start()
    soon(lambda: _waits(address, "transactionid"))
    assert happened == []
    halting.goes_on.set()
    appending.join(SOON_S)
    taking.join(SOON_S)
    assert sorted(happened) == ["appended", "taken over"]
    with pytest.raises(Fenced):
        ledger.append("a", [Draft("C")], expected=2, actor="ann", at=AT, fence=stale)


def test_with_the_server_crashing_under_load_nothing_acknowledged_is_lost(postgres_server, address, ledger):
    acknowledged: list[tuple[str, int]] = []
    wrong: list[Exception] = []
    ends = threading.Event()

    def write(number: int) -> None:
        last = 0
        while not ends.is_set():
            try:
                last = appended(ledger, f"s{number}", expected=last)[-1].number
                acknowledged.append((f"s{number}", last))
            except Failure as told:
                if not told.retryable:
                    wrong.append(told)
                time.sleep(0.01)
            except Conflict as told:  # it was recorded, and told to have failed
                wrong.append(told)
                return

    def progress() -> None:
        before = len(acknowledged)
        soon(lambda: len(acknowledged) > before + 30)

    writing = threading.Thread(target=lambda: side_by_side(4, write))
    writing.start()
    try:
        for sign in (signal.SIGQUIT, signal.SIGINT):
            progress()
            postgres_server.stop(sign)
            postgres_server.start()
        progress()
    finally:
        ends.set()
        writing.join(SOON_S)
    assert not wrong
    until_it_works(ledger.head)
    events = everything(ledger)
    assert set(acknowledged) <= {(event.stream, event.number) for event in events}
    assert verify(events) == []


def test_a_bug_in_the_thread_fails_its_own_append_and_no_other(ledger, monkeypatch):
    ended: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda told: ended.append(told.exc_value))
    with monkeypatch.context() as patch:
        patch.setattr(tables, "microseconds", lambda _: {}["none"])
        with pytest.raises(Failure, match="KeyError"):
            appended(ledger, "a")
    assert [type(wrong) for wrong in ended] == [KeyError]
    appended(ledger, "a", expected=0)


def test_a_server_is_told_of_until_it_ends(address, ledger):
    with closing(PostgresLedger(address)) as other:
        with announced(ledger, "server/web-1/8000", "http://web-1:8000"):
            soon(lambda: [lease.owner for lease in other.held("server/")] == ["http://web-1:8000"])
        assert other.held("server/") == []



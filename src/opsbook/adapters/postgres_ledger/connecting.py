"""How the PostgreSQL of a ledger is reached: its address, connections to it, and what its errors mean in words.

No message holds a password. Every connection has the session that the ledger's promises rest on: isolation READ
COMMITTED, commits that wait for the disk, UTC, and limits on how long anything may take.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from opsbook.ground.errors import Failure, Refusal, Usage

SCHEMA = "opsbook"  # all tables lie in a schema of their own, so that no other program's are ever touched
OLDEST = 130_000
MOST = 8  # connections that reading shares in one process; two more write and listen
AWAY_S = 0.5  # after a connection failed nobody tries again for so long: many who ask would each wait for the network
PATIENCE_S = 20.0  # how long one waits for a connection that others use

# What the URL itself sets, wins. The keepalives tell within half a minute that the other side is gone without a word.
_DEFAULTS = {
    "application_name": "opsbook", "keepalives_idle": "10", "keepalives_interval": "5",
    "keepalives_count": "3", "tcp_user_timeout": "20000", "client_encoding": "UTF8",
}  # fmt: skip
# A node that stops in the midst of a transaction (suspended, cut off) must not keep all others from writing.
_SESSION = f"""
SET search_path TO {SCHEMA};
SET default_transaction_isolation TO 'read committed';
SET timezone TO 'UTC';
SET statement_timeout TO '30s';
SET lock_timeout TO '15s';
SET idle_in_transaction_session_timeout TO '10s';
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') IN ('off', 'local')
"""

Db = Connection[TupleRow]
_T = TypeVar("_T")


class Server:
    """The database at a URL; raises Usage for a URL that is none. A connection may take `within_s`, where the URL does
    not say how long."""

    def __init__(self, url: str, within_s: int = 5) -> None:
        self._settings = {"connect_timeout": str(within_s), **_settings(url)}
        self._password = str(self._settings.get("password") or "")
        self.shown = _shown(self._settings)
        self._away: tuple[float, Failure] | None = None

    def connect(self) -> Db:
        """A new connection, each statement a transaction of its own; raises Failure or Refusal where there is none."""
        away = self._away
        if away is not None and time.monotonic() < away[0]:
            raise Failure(str(away[1]), retryable=away[1].retryable)
        connection: Db | None = None
        try:
            connection = psycopg.connect(**self._settings, autocommit=True)
            self._look_at(connection)
            connection.execute(_SESSION)
        except BaseException as wrong:
            if connection is not None:
                connection.close()
            if not isinstance(wrong, psycopg.Error):
                raise
            told = self.failure(wrong)
            self._away = time.monotonic() + AWAY_S, told
            raise told from wrong
        self._away = None
        return connection

    def failure(self, wrong: psycopg.Error, *, is_write: bool = False) -> Failure:
        """What an error of the database means, and how to mend it."""
        first = (str(wrong).strip().splitlines() or [type(wrong).__name__])[0].rstrip(".")
        said = first.replace(self._password, "***") if self._password else first
        state = wrong.sqlstate or next((state for words, state in _SAID if words in said), "")
        _, why, mend, may_pass = next(meaning for meaning in _MEANINGS if state.startswith(meaning[0]))
        if not state:
            why, mend = "PostgreSQL cannot be reached ('{said}')", "See whether it runs and the network is up"
        nothing = ", and nothing was written" if is_write else ""
        told = f"The ledger {self.shown} cannot be used now{nothing}: {why.format(said=said)}. {mend}, then try again."
        return Failure(told, retryable=may_pass)

    def _look_at(self, connection: Db) -> None:
        version, encoding = connection.info.server_version, connection.info.parameter_status("server_encoding")
        if version < OLDEST:
            raise Refusal(
                f"The ledger {self.shown} is on PostgreSQL {version // 10_000}; Opsbook needs {OLDEST // 10_000} or"
                " later. Name a newer server with --db."
            )
        if encoding != "UTF8":
            raise Refusal(
                f"The database {self.shown} keeps text as {encoding}, which cannot hold every page and name. Make one"
                " with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and name it with --db."
            )


class Pool:
    """Connections that reading shares. Any thread may call anything."""

    def __init__(self, server: Server, most: int = MOST) -> None:
        self._server = server
        self._most = most
        self._free: list[Db] = []
        self._taken = 0
        self._is_closed = False
        self._turn = threading.Condition()

    def run(self, job: Callable[[Db], _T]) -> _T:
        """What the job gives. It must be one that may be done twice: where a connection was cut while it lay idle, as
        each restart of the server does, the job is done again on a new one."""
        connection, is_new = self._take()
        try:
            try:
                return job(connection)
            except psycopg.Error as wrong:
                if is_new or not connection.broken:
                    raise self._server.failure(wrong) from wrong
            connection = self._anew(connection)
            try:
                return job(connection)
            except psycopg.Error as wrong:
                raise self._server.failure(wrong) from wrong
        except BaseException:
            connection.close()  # whatever it was in the midst of
            raise
        finally:
            self._give(connection)

    def close(self) -> None:
        """Closes what is free now, and the rest when it is given back."""
        with self._turn:
            self._is_closed = True
            free, self._free = self._free, []
            self._turn.notify_all()
        for connection in free:
            connection.close()

    def _take(self) -> tuple[Db, bool]:
        until = time.monotonic() + PATIENCE_S
        with self._turn:
            while not self._free and self._taken >= self._most and not self._is_closed:
                if not self._turn.wait(until - time.monotonic()):
                    raise Failure(
                        f"The ledger {self._server.shown} cannot be used now: all {self._most} connections were busy"
                        f" for {PATIENCE_S:.0f} seconds. Try again.", retryable=True,
                    )  # fmt: skip
            if self._is_closed:
                raise closed(self._server)
            self._taken += 1
            if self._free:
                return self._free.pop(), False
        try:
            return self._server.connect(), True
        except BaseException:
            self._give(None)
            raise

    def _anew(self, cut: Db) -> Db:
        with self._turn:
            others, self._free = self._free, []
        for connection in (cut, *others):  # most likely all of them were cut
            connection.close()
        return self._server.connect()

    def _give(self, connection: Db | None) -> None:
        with self._turn:
            self._taken -= 1
            is_kept = connection is not None and not connection.closed and not self._is_closed
            if is_kept and connection is not None:
                self._free.append(connection)
            self._turn.notify()
        if connection is not None and not is_kept:
            connection.close()


def closed(server: Server) -> Failure:
    """What is told to whoever comes after the end."""
    return Failure(f"The ledger {server.shown} is closed, because Opsbook stops. Start it again, then try again.")


# Beginnings of SQLSTATE, what they mean, how to mend it, whether it may pass by itself; the first that fits counts.
_MEANINGS = (
    ("53100", "its disk is full", "Free some space there", True),
    ("53300", "it takes no more connections", "Raise its max_connections, or end other programs", True),
    ("53", "it lacks memory or another means ('{said}')", "Give it more", True),
    ("25006", "it can only be read, being a standby or set so", "Name the primary with --db, or promote it", True),
    ("57014", "it took too long to answer", "See what keeps it busy", True),
    ("55P03", "another program keeps it locked", "Wait for that program, or end it", True),
    ("57P03", "it starts, stops or recovers at this moment", "Wait", True),
    ("57P", "it was stopped or has cut the connection", "See whether it runs", True),
    ("08", "the connection to it was lost ('{said}')", "See whether it runs and the network is up", True),
    ("28", "it does not let this user in ('{said}')", "Mend the address in OPSBOOK_DB, or its pg_hba.conf", False),
    ("3D000", "there is no such database ('{said}')", "Make it with CREATE DATABASE", False),
    ("42501", "this user may not do that ('{said}')", "Grant it what docs/postgresql.md lists", False),
    ("3F000", "its tables are gone ('{said}')", "Restore them from a backup", False),
    ("42P01", "its tables are gone ('{said}')", "Restore them from a backup", False),
    ("XX00", "it is damaged ('{said}')", "Restore it from a backup", False),
    ("", "PostgreSQL says '{said}'", "See its log", True),
)

# An error while connecting has no SQLSTATE. These are PostgreSQL's own words, where it speaks English; else its words
# are shown as they are.
_SAID = (
    ("authentication failed", "28"), ("no password supplied", "28"), ("no pg_hba.conf entry", "28"),
    ("starting up", "57P03"), ("shutting down", "57P03"), ("in recovery mode", "57P03"), ("not yet accepting", "57P03"),
    ("too many clients", "53300"), ("remaining connection slots", "53300"), ("session is read-only", "25006"),
    ("database \"", "3D000"), ("role \"", "28"),
)  # fmt: skip


def _settings(url: str) -> dict[str, Any]:
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        given = {"host": "@"}
    # A password with one of @ / : ? # as it stands cuts the address in the wrong place, and a piece of it would be
    # taken for a name that messages show.
    if any("@" in str(given.get(key, "")) for key in ("host", "dbname")) or not _are_numbers(given.get("port", "")):
        raise Usage(
            "The ledger's address is not one that PostgreSQL understands. Write postgresql://USER@HOST:PORT/NAME; in a"
            " password write %40 for @, %2F for /, %3A for :, %3F for ? and %23 for #."
        ) from None
    if "," in str(given.get("host", "")):
        given.setdefault("target_session_attrs", "read-write")  # of several the one that can be written to
    return {**_DEFAULTS, **given}


def _are_numbers(port: object) -> bool:
    return all(not each or each.isdigit() for each in str(port or "").split(","))


def _shown(settings: dict[str, Any]) -> str:
    user, host = (str(settings.get(key) or "") for key in ("user", "host"))
    port, name = (str(settings.get(key) or "") for key in ("port", "dbname"))
    place = "" if host.startswith("/") else host + (f":{port}" if port else "")
    return f"postgresql://{user}{'@' if user else ''}{place}/{name}"

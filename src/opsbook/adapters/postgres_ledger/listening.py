"""Hears that something was recorded, by whichever program, on a connection of its own. Reads nothing itself.

PostgreSQL's notifications carry stream and number alone, and those that come while the connection is away are lost: so
whoever is told looks from where it was, and after each new connection it is told once.
"""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Callable
from contextlib import suppress

import psycopg

from opsbook.adapters.postgres_ledger.connecting import Db, Server
from opsbook.adapters.postgres_ledger.recording import CHANNEL
from opsbook.ground.errors import Failure, Refusal

AGAIN_S = 0.5  # between two tries to connect
SIGN_OF_LIFE_S = 20.0  # after so long without a word it is asked whether the other side is still there


class Listener:
    """A thread that calls `tell` when something was recorded; it begins with `start`."""

    def __init__(self, server: Server, tell: Callable[[], None]) -> None:
        self._server = server
        self._tell = tell
        self._turn = threading.Lock()
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None
        self._bell, self._rope = -1, -1  # a pipe: a word in it ends the waiting
        self.hears = False  # whether what is recorded now would be told

    def start(self) -> None:
        """Begins to listen, where it has not yet."""
        with self._turn:
            if self._thread is None and not self._ends.is_set():
                self._bell, self._rope = os.pipe()
                self._thread = threading.Thread(target=self._run, name="ledger-listener", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        with self._turn:
            self._ends.set()
            if self._thread is None:
                return
            os.write(self._rope, b".")
            self._thread.join()
            os.close(self._bell)
            os.close(self._rope)
            self._thread = None

    def _run(self) -> None:
        while not self._ends.is_set():
            with suppress(psycopg.Error, Failure, Refusal):  # whoever reads tells of it; this one comes back
                connection = self._server.connect()
                try:
                    self._listen(connection)
                finally:
                    self.hears = False
                    connection.close()
            self._ends.wait(AGAIN_S)

    def _listen(self, connection: Db) -> None:
        connection.execute(f"LISTEN {CHANNEL}".encode())
        self.hears = True
        self._tell()
        with selectors.DefaultSelector() as selector:
            selector.register(connection.fileno(), selectors.EVENT_READ)
            selector.register(self._bell, selectors.EVENT_READ)
            while not self._ends.is_set():
                if not selector.select(SIGN_OF_LIFE_S):
                    connection.execute("SELECT 1")
                elif any(True for _ in connection.notifies(timeout=0)):
                    self._tell()

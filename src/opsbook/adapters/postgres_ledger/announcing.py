"""Tells all that share a ledger where a server runs, for as long as it does. Decides nothing by it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from opsbook.adapters.postgres_ledger import PostgresLedger
from opsbook.ground.errors import Failure, Refusal

FOR_S, EVERY_S = 60.0, 20.0  # a server that was killed is forgotten after the first


@contextmanager
def announced(ledger: PostgresLedger, name: str, address: str) -> Iterator[None]:
    """Keeps a lease of that name, whose owner is the address, in a thread; it is given up at the end."""
    ends = threading.Event()

    def keep() -> None:
        while not ends.is_set():
            with suppress(Failure, Refusal):  # it only helps to find the server, which tells of the ledger itself
                ledger.claim(name, address, FOR_S)
            ends.wait(EVERY_S)

    keeper = threading.Thread(target=keep, name="announcing", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ends.set()
        keeper.join()
        with suppress(Failure, Refusal):
            lease = ledger.claim(name, address, 0)
            if lease is not None:
                ledger.release(lease)

"""Leases that are kept as long as somebody works under them. Takes none, and works at nothing."""

from __future__ import annotations

import threading
from types import TracebackType

from opsbook.ground.errors import Failure
from opsbook.usecases.ledger_ports import EngineLedger, Lease


class Holding:
    """`with Holding(…) as hold:` renews leases in the background; `is_lost` once another owner has one of them.

    A ledger that cannot be asked is asked again: what is recorded later is refused if the lease is another's by then.
    """

    def __init__(self, ledger: EngineLedger, lease: Lease, lease_s: float) -> None:
        self._ledger, self._leases, self._lease_s = ledger, [lease], lease_s
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"holding {lease.name}", daemon=True)
        self.is_lost = False

    def add(self, lease: Lease) -> None:
        """Keeps another one too."""
        self._leases = [*self._leases, lease]

    def __enter__(self) -> Holding:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._is_over.wait(self._lease_s / 3):
            for lease in self._leases:
                try:
                    if self._ledger.renew(lease, self._lease_s) is None:
                        self.is_lost = True
                except Failure:
                    continue

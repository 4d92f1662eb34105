"""One at a time: the lock of a procedure, held by a run from its first step to its end. Executes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.ledger.run import Run, folded
from opsbook.usecases.holding import Holding
from opsbook.usecases.ledger_ports import EngineLedger, Lease

# While a run waits for a person nobody renews its lock; so long it may wait, and longer than a run is waited for.
WAITING_S = 7 * 24 * 3600.0


class Locks:
    """The locks of runs, which are leases whose owner is the run."""

    def __init__(self, ledger: EngineLedger, lease_s: float) -> None:
        self._ledger, self._lease_s = ledger, lease_s
        self._taken: dict[str, Lease] = {}  # by run

    def is_wanted(self, run: Run) -> bool:
        """Whether a run may not go on without its lock."""
        return bool(run.plan.lock) and not (run.is_dry or run.has_ended or run.wants_cancel)

    def take(self, run: Run, hold: Holding) -> bool:
        """Takes the lock of a run, or has it already; False while another run does."""
        lease = self._claim(run, run.id)
        if lease is None and self._freed_of_the_dead(run):
            lease = self._claim(run, run.id)
        if lease is None:
            return False
        self._taken[run.id] = lease
        hold.add(lease)
        return True

    def let_go(self, run: Run) -> None:
        """Frees the lock of a run that has ended, whoever took it for the run; keeps that of one that waits."""
        lease = self._taken.pop(run.id, None)
        if run.has_ended and run.plan.lock and not run.is_dry:
            lease = lease or self._claim(run, run.id)
            if lease is not None:
                self._ledger.release(lease)
        elif lease is not None:
            self._ledger.renew(lease, WAITING_S)

    def holder(self, run: Run) -> str:
        """The open run that has the lock of this one, as far as that can be told."""
        found = (other.id for other in self._others(run, is_open=True) if other.epoch and not other.is_held)
        return next(found, "")

    def _claim(self, run: Run, owner: str) -> Lease | None:
        return self._ledger.claim(f"lock/{run.plan.lock}", owner, self._lease_s)

    def _freed_of_the_dead(self, run: Run) -> bool:
        """Frees the lock where a run has it that ended, and whose runner was gone before it let go of it."""
        for other in self._others(run, is_open=False):
            lease = self._claim(run, other.id)
            if lease is not None:
                self._ledger.release(lease)
                return True
        return False

    def _others(self, run: Run, *, is_open: bool) -> Iterator[Run]:
        for kept in self._ledger.rows("runs", is_open=is_open):
            if kept.row.document["lock"] != run.plan.lock:
                continue
            other = folded(self._ledger.read(kept.stream))
            if other is not None and other.id != run.id:
                yield other

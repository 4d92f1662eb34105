"""Whether a ledger can be written to, found out by writing. Mends nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

from opsbook.ground.errors import Failure, Refusal

TRIED = "ledger/trial"  # the lease's name, and its owner
TRIED_EVERY_S = 5.0
TRIED_AGAIN_S = 1.0  # while it cannot be written to


class Trial:
    """Writes a lease of no length by `claim`: a disk may be full or read-only although nothing was to be recorded
    since. `running` gives seconds that only go forward; not before `next_at` of
    them is it tried again."""

    def __init__(self, claim: Callable[[str, str, float], object], running: Callable[[], float]) -> None:
        self._claim, self._running = claim, running
        self._trying = threading.Lock()
        self.next_at = running()
        self._trouble: str | None = None

    def trouble(self) -> str | None:
        """Why not, None when it can. Whoever asks while another tries, or soon after, gets the last answer: to be asked
        often must not keep the disk busy."""
        if self._running() >= self.next_at and self._trying.acquire(blocking=False):
            try:
                self._try()
            finally:
                self._trying.release()
        return self._trouble

    def _try(self) -> None:
        try:
            self._claim(TRIED, TRIED, 0)
            self._trouble = None
        except (Failure, Refusal) as wrong:
            self._trouble = str(wrong)
        self.next_at = self._running() + (TRIED_AGAIN_S if self._trouble else TRIED_EVERY_S)

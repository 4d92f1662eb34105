"""Tells a dead man's switch outside that paging works, after a clean cycle alone. Its silence is the alarm there."""

from __future__ import annotations

from collections.abc import Callable

from opsbook.ground.errors import Failure
from opsbook.usecases.alerting_ports import Pinger
from opsbook.usecases.paging_audit import Audit


class DeadMan:
    """`audit` tells how paging is, `aside` does a job without holding up whoever pages, `report` hears of each change.

    A switch that does not answer is no trouble of paging, and keeps nothing from being told there again.
    """

    def __init__(
        self, pinger: Pinger, address: str, *, audit: Callable[[], Audit], aside: Callable[[Callable[[], None]], None],
        report: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._pinger = pinger
        self._address = address
        self._audit = audit
        self._aside = aside
        self._report = report
        self._is_busy = False
        self._trouble = ""

    def tell(self) -> bool:
        """Tells it where all is well; gives whether it was. One telling at a time."""
        if self._is_busy or self._audit().troubles:
            return False
        self._is_busy = True
        self._aside(self._ping)
        return True

    def _ping(self) -> None:
        try:
            self._pinger.ping(self._address)
            if self._trouble:
                self._report("The dead man's switch is told again.")
            self._trouble = ""
        except Failure as wrong:
            if str(wrong) != self._trouble:
                self._report(str(wrong))
            self._trouble = str(wrong)
        finally:
            self._is_busy = False

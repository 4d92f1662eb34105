"""Services that are deployed and have no runbook, for coverage: by name alone, and looked for beside what is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from threading import Event, Lock, Thread

from opsbook.book.discovery.found import Found
from opsbook.book.discovery.naming import are_known
from opsbook.book.kinds import PROFILES
from opsbook.ground.errors import Failure, Usage
from opsbook.usecases.coverage import ServiceCoverage
from opsbook.usecases.gathering import Gathered

_KEPT = timedelta(minutes=5)  # a deployment file is not changed more often than somebody looks
_PATIENCE_S = 0.1  # how long the first who asks waits; a small repository is walked in less


def without_runbook(
    found: Iterable[Found], covered: Iterable[ServiceCoverage], expected: tuple[str, ...] | None = None
) -> tuple[ServiceCoverage, ...]:
    """The services that no runbook is about, in the order of their names, as rows of coverage: all is missing. What
    runs and ends needs none."""
    slots = PROFILES["runbook"].slots if expected is None else expected
    known = {name for each in covered for name in each.names}
    rows = [
        ServiceCoverage(each.name, None, slots, (), 0.0, deployed=f"{each.place.path}:{each.place.line}")
        for each in found
        if not each.is_job and not are_known(each, known)
    ]
    return tuple(sorted(rows, key=lambda row: row.service.lower()))


class Deployed:
    """What is deployed, looked for in a thread of its own when somebody asks, and kept for some minutes. Who asks gets
    what is known by then; safe to ask from several threads."""

    def __init__(self, look: Callable[[], Gathered], now: Callable[[], datetime]) -> None:
        self._look = look
        self._now = now
        self._lock = Lock()
        self._known = Gathered()
        self._looked_at: datetime | None = None
        self._done: Event | None = None
        self._looks = 0

    @property
    def looks(self) -> int:
        """How often what is known has become something else."""
        return self._looks

    def services(self) -> tuple[Found, ...]:
        """The services, as `known` has them."""
        return self.known().found

    def known(self, patience_s: float = _PATIENCE_S) -> Gathered:
        """All that is known; nothing before the first look has ended, for which this waits `patience_s` at most."""
        with self._lock:
            is_old = self._looked_at is None or self._now() - self._looked_at > _KEPT
            if is_old and self._done is None:
                self._done = Event()
                Thread(target=self._again, args=(self._done,), name="deployed", daemon=True).start()
            done = self._done if self._looked_at is None else None
        if done is not None:
            done.wait(patience_s)
        return self._known

    def _again(self, done: Event) -> None:
        found: Gathered | None = None
        try:
            found = self._look()
        except (Failure, Usage, OSError):
            found = None  # what was known stays; the next look may do better
        finally:
            with self._lock:
                self._looks += 0 if found is None or found == self._known else 1
                self._known = self._known if found is None else found
                self._looked_at, self._done = self._now(), None
            done.set()

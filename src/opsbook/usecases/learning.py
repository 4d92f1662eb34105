"""Reports that are due, written beside the engine's loop: git may take its time, and nobody is paged later for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property

from opsbook.ground.errors import Failure, Fenced
from opsbook.usecases.guarding import Guarded
from opsbook.usecases.incident_reports import Reports

NAME = "reports of incidents"


class Learning:
    """Looks whether reports are due, one look at a time; `build` makes the reports once the first look asks."""

    def __init__(self, build: Callable[[], Reports], guard: Guarded) -> None:
        self._build = build
        self._guard = guard
        self._busy = threading.Lock()

    @cached_property
    def _reports(self) -> Reports:
        return self._build()

    def look(self, aside: Callable[[Callable[[], None]], None]) -> None:
        """Looks, by `aside`, which is to return at once; not while the last look goes on."""
        if self._busy.acquire(blocking=False):
            try:
                aside(self._write)
            except BaseException:
                self._busy.release()
                raise

    def _write(self) -> None:
        try:
            self._guard(NAME, self._written)
        except (Failure, Fenced):
            pass  # the ledger or git is away for now: the next look tries again
        finally:
            self._busy.release()

    def _written(self) -> None:
        refused = self._reports.write_due().refused
        if refused:
            raise Failure(" ".join(f"{name}: {why}" for name, why in refused))

"""Takes up open runs, each in a thread of its own, until it is told to stop. What a run does, it knows nothing of.

A run that waits is let go of, so that any runner may take it up: when something is recorded of it, or when its time has
come. One that another runner has is asked for again and again: that one may be gone. What goes wrong with one run keeps
no other from going on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from queue import SimpleQueue

from msgspec import Struct

from opsbook.ground.errors import Failure, Refusal
from opsbook.ledger.view import Kept
from opsbook.usecases.execute import Engine, Pause
from opsbook.usecases.ledger_ports import EngineLedger, Lease

VIEW = "runs"
SLICE_S = 0.1  # so soon it is noticed that a run has let go, or that this is to stop
PACE_S = 0.02  # between two looks while runs record, which wakes this up each time
CLAIMED_AGAIN = timedelta(seconds=1)  # which is added to the lease of a runner that is gone
TRIED_AGAIN = timedelta(seconds=5)
LOOKED_AT_LEAST = timedelta(seconds=5)  # whatever was or was not noticed
STOPPED_WITHIN_S = 3.0
LONGEST_S = 2.0  # between two tries while the ledger does not answer
PAGE = 200
ALL = ""  # in the place of a run's name: what keeps every run


class _Known(Struct, frozen=True):
    """A run as it was let go of: behind which event, and when it is worth looking again though nothing is recorded."""

    number: int
    until: datetime | None


class _Came(Struct, frozen=True):
    """A run that was let go of: what for, or what went wrong."""

    run: str
    pause: Pause | None = None
    wrong: BaseException | None = None


class Troubles:
    """What keeps runs from going on, told to `report` once however often and by however many it is met, and once more
    when it is over."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._of: dict[str, str] = {}
        self._told: set[str] = set()

    def come(self, run: str, wrong: BaseException) -> None:
        """A run, or all, cannot go on."""
        plain = isinstance(wrong, Failure | Refusal)
        self._of[run] = words = str(wrong) if plain else f"{type(wrong).__name__}: {wrong}"
        if words not in self._told:
            self._told.add(words)
            self._report(f"A run cannot go on for now: {words}")

    def pass_by(self, run: str) -> None:
        """A run, or all, went on; what kept none of those is over."""
        if self._of.pop(run, None) is not None and not self._of:
            self._told.clear()
            self._report("What kept runs from going on is over.")

    def forget(self, is_open: Collection[str]) -> None:
        """Drops what kept runs that are not open any more."""
        for run in [run for run in self._of if run != ALL and run not in is_open]:
            self.pass_by(run)


class Runner:
    """Executes what is open, at most `most` at the same time. `owner` is this runner's name, which no other has;
    `report` takes a sentence for whoever operates this."""

    def __init__(
        self, ledger: EngineLedger, engine: Engine, *, owner: str, now: Callable[[], datetime],
        report: Callable[[str], None], most: int = 32,
    ) -> None:  # fmt: skip
        self._ledger, self._engine, self._owner = ledger, engine, owner
        self._now, self._most = now, most
        self._troubles = Troubles(report)
        self._known: dict[str, _Known] = {}
        self._busy: dict[str, threading.Thread] = {}
        self._came: SimpleQueue[_Came] = SimpleQueue()
        self._look_at: datetime | None = None
        self._position = -1

    def run(self, stop: threading.Event) -> None:
        """Goes on until `stop`; then lets go of every run. Commands under way go on, and are found again."""
        pause_s = SLICE_S
        while not stop.is_set():
            try:
                self._tick(stop)
            except Exception as wrong:
                self._troubles.come(ALL, wrong)
                stop.wait(pause_s)
                pause_s = min(pause_s * 2, LONGEST_S)
            else:
                self._troubles.pass_by(ALL)
                pause_s = SLICE_S
        for thread in list(self._busy.values()):
            thread.join(STOPPED_WITHIN_S)

    def _tick(self, stop: threading.Event) -> None:
        has_come = not self._came.empty()
        while not self._came.empty():
            self._let_go(self._came.get())
        if has_come or self._is_time():
            self._look(stop)
        if self._ledger.wait(self._position, SLICE_S):
            self._look_at = None
            if self._busy:
                stop.wait(PACE_S)

    def _is_time(self) -> bool:
        return self._look_at is None or self._now() >= self._look_at

    def _look(self, stop: threading.Event) -> None:
        """Takes up what may go on."""
        self._position = self._ledger.head()  # before reading: what is recorded meanwhile is looked at next
        is_open = set()
        for kept in self._open():
            run = kept.stream.removeprefix("run/")
            is_open.add(run)
            if run not in self._busy and len(self._busy) < self._most and self._may_go_on(run, kept.number):
                self._take_up(run, kept.number, stop)
        self._known = {run: known for run, known in self._known.items() if run in is_open}
        self._troubles.forget(is_open)
        times = [known.until for run, known in self._known.items() if known.until and run not in self._busy]
        self._look_at = min([*times, self._now() + LOOKED_AT_LEAST])

    def _open(self) -> Iterator[Kept]:
        before = None
        while page := self._ledger.rows(VIEW, is_open=True, before=before, limit=PAGE):
            yield from page
            before = page[-1].first
            if len(page) < PAGE:
                return

    def _may_go_on(self, run: str, number: int) -> bool:
        known = self._known.get(run)
        return known is None or known.number != number or (known.until is not None and self._now() >= known.until)

    def _take_up(self, run: str, number: int, stop: threading.Event) -> None:
        lease = self._engine.claim(run, self._owner)
        if lease is None:
            self._known[run] = _Known(number, self._now() + CLAIMED_AGAIN)
            return
        self._busy[run] = thread = threading.Thread(
            target=_Errand(self._came, run, lambda: self._advance(run, lease, stop)).run, name=f"run {run}", daemon=True
        )
        thread.start()

    def _advance(self, run: str, lease: Lease, stop: threading.Event) -> Pause:
        try:
            return self._engine.advance(run, lease, stop=stop)
        finally:
            self._ledger.release(lease)

    def _let_go(self, came: _Came) -> None:
        self._busy.pop(came.run, None)
        if came.pause is not None:
            self._troubles.pass_by(came.run)
            again = self._now() + CLAIMED_AGAIN if came.pause.kind in ("taken", "node") else None
            self._known[came.run] = _Known(came.pause.run.number, came.pause.until or again)
            return
        if came.wrong is not None:
            self._troubles.come(came.run, came.wrong)
        self._known[came.run] = _Known(-1, None)
        row = self._ledger.row(VIEW, f"run/{came.run}")
        self._known[came.run] = _Known(row.number if row else -1, self._now() + TRIED_AGAIN)


class _Errand:
    """One run, in a thread. However it ends, it comes back."""

    def __init__(self, came: SimpleQueue[_Came], run: str, do: Callable[[], Pause]) -> None:
        self._came, self._run, self._do = came, run, do

    def run(self) -> None:
        """Does it."""
        with self:
            self._came.put(_Came(self._run, self._do()))

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, wrong: BaseException | None, _trace: object) -> bool:
        if wrong is not None:
            self._came.put(_Came(self._run, wrong=wrong))
        return True

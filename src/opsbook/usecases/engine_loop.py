"""The loop of the engine that routes and pages: one leader of all nodes does whatever is due. Knows no work itself.

- **Leader.** Whoever has the lease works, and all that is recorded is fenced by it. It is kept while the loop makes
  progress: one that hangs lets go, and another node goes on.
- **In order.** What was received is routed before anything is sent, so that after an outage nobody is woken by what is
  over; what is broken is put off, and stops nothing else.
- **Woken** by a nudge, by whatever is recorded, by the next timer; and looks by itself all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from opsbook.ground.errors import Failure, Fenced
from opsbook.usecases.guarding import Guarded
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer

LEASE = "pager"
ACTOR = "pager"
LOOKED_AT_LEAST_S = 1.0
BEAT_S = 2.0  # between two signs of life
AGAIN_S = 1.0  # after the ledger did not answer
HANGS_S = 60.0  # without any progress
PUT_OFF = timedelta(seconds=30)
WINDS_UP_S, WAITS_S = 8.0, 0.1
SPELL_S = 10.0  # of one work, before the next has its turn


class Work(Struct, frozen=True):
    """Whoever does what is due of the streams that begin with `prefix`, so many timers at once. With a `name` only the
    timers of that name: the others of those streams are somebody else's, and say nothing of when to look again.
    `wanted` tells that there is something to do although no timer is due, `is_under_way` that something is to come of
    what was done, which the end waits for."""

    prefix: str
    do: Callable[[Sequence[Timer], Lease], object]
    at_once: int = 500
    name: str = ""
    wanted: Callable[[], bool] = bool
    is_under_way: Callable[[], bool] = bool


class Chore(Struct, frozen=True):
    """Something that is done every so often by whoever leads."""

    name: str
    every_s: float
    do: Callable[[Lease], object]


class Waking(Protocol):
    """Wakes the loop."""

    def wait(self, timeout_s: float) -> bool:
        """Waits until somebody notifies, at once where somebody has."""
        ...

    def notify(self) -> None:
        """Wakes whoever waits; from any thread."""
        ...


class EngineLoop:
    """Does the works in their order, again and again, and the chores between. `taken` is called once it leads, after
    its first cycle; `beating` from time to time with how many cycles there were."""

    def __init__(
        self, ledger: EngineLedger, works: Sequence[Work], chores: Sequence[Chore], *, owner: str, lease_s: float,
        now: Callable[[], datetime], monotonic: Callable[[], float], waking: Waking, guard: Guarded,
        report: Callable[[str], None], taken: Callable[[Lease], object] = lambda lease: None,
        beating: Callable[[int], None] = lambda cycles: None,
    ) -> None:  # fmt: skip
        self._ledger, self._works, self._chores = ledger, tuple(works), tuple(chores)
        self._owner, self._lease_s = owner, lease_s
        self._now, self._monotonic = now, monotonic
        self._waking, self._guard, self._report, self._taken = waking, guard, report, taken
        self._beating = beating
        self._beat_at = float("-inf")
        self._lease: Lease | None = None
        self._is_new = False
        self._progress = monotonic()
        self._done_at: dict[str, float] = {}
        self._is_away = False
        self.cycles = 0

    def run(self, stop: threading.Event) -> None:
        """Goes on until `stop`, then lets go of the lease."""
        helping = [threading.Thread(target=each, args=(stop,), daemon=True) for each in (self._listen, self._keep)]
        for thread in helping:
            thread.start()
        while not stop.is_set():
            self._progress = self._monotonic()
            try:
                done = self.cycle()
                self._back()
            except Fenced:
                self._lease = None
                continue
            except Failure as wrong:
                self._away(wrong)
                stop.wait(AGAIN_S)
                continue
            if not done:
                self._waking.wait(self._pause_s())
        if self._lease is not None:
            self._wind_up(self._lease)
            self._let_go(self._lease)
        for thread in helping:
            thread.join()

    def cycle(self) -> int:
        """One look at everything: how many timers were done. 0 where another node leads."""
        if self._lease is None:
            self._lease = self._ledger.claim(LEASE, self._owner, self._lease_s)
            self._is_new = True
        lease = self._lease
        if lease is None:
            return 0
        done = sum(self._spell(work, lease) for work in self._works)
        if self._is_new:
            self._guard("taking over", lambda: self._taken(lease))
            self._is_new = False
        for chore in self._chores:
            if self._monotonic() >= self._done_at.get(chore.name, float("-inf")) + chore.every_s:
                self._done_at[chore.name] = self._monotonic()
                self._guard(chore.name, lambda chore=chore: chore.do(lease))  # type: ignore[misc]
        self.cycles += 1
        if self._monotonic() >= self._beat_at + BEAT_S:
            self._beating(self.cycles)
            self._beat_at = self._monotonic()
        return done

    def progressed(self) -> None:
        """Says that something long goes on, so that it is not taken for one that hangs."""
        self._progress = self._monotonic()

    def _wind_up(self, lease: Lease) -> None:
        """Waits for what is under way, so that whoever goes on need not do it again; not for ever."""
        until = self._monotonic() + WINDS_UP_S
        while self._monotonic() < until and any(work.is_under_way() for work in self._works):
            self._waking.wait(WAITS_S)
            try:
                for work in self._works:
                    if work.wanted():
                        self._guard(f"the end of {work.prefix}", lambda work=work: work.do((), lease))  # type: ignore[misc]
            except (Failure, Fenced):
                return

    def _spell(self, work: Work, lease: Lease) -> int:
        """All that is due of one work, as far as it comes within its turn."""
        done, until = 0, self._monotonic() + SPELL_S
        while (timers := self._due(work)) or work.wanted():
            self._progress = self._monotonic()
            done += max(len(timers), 1)
            self._do(work, timers, lease)
            if len(timers) < work.at_once or self._monotonic() > until:
                break
        return done

    def _due(self, work: Work) -> Sequence[Timer]:
        found = self._ledger.due(work.at_once, work.prefix)
        return [each for each in found if each.name == work.name] if work.name else found

    def _do(self, work: Work, timers: Sequence[Timer], lease: Lease) -> None:
        if self._guard(f"what is due of {work.prefix}", lambda: work.do(timers, lease)):
            return
        for timer in timers:  # one of them is broken: which?
            if not self._guard(timer.stream, lambda timer=timer: work.do((timer,), lease)):  # type: ignore[misc]
                later = Timer(timer.stream, timer.name, self._now() + PUT_OFF, timer.facts)
                self._ledger.append(
                    timer.stream, (), expected=None, actor=ACTOR, at=self._now(), fence=lease, set_timers=(later,)
                )

    def _pause_s(self) -> float:
        if self._lease is None:
            return min(self._lease_s / 3, LOOKED_AT_LEAST_S)
        due = [self._ledger.next_due_s(work.prefix) for work in self._works if not work.name]
        chores = [
            self._done_at.get(each.name, 0.0) + each.every_s - self._monotonic() for each in self._chores
        ]  # fmt: skip
        return max(min([LOOKED_AT_LEAST_S, *(each for each in due if each is not None), *chores]), 0.0)

    # -- threads that help --------------------------------------------------------------------------------------

    def _keep(self, stop: threading.Event) -> None:
        """Keeps the lease while the loop makes progress."""
        while not stop.wait(self._lease_s / 3):
            lease = self._lease
            if lease is None or self._monotonic() - self._progress > HANGS_S:
                continue
            try:
                renewed = self._ledger.renew(lease, self._lease_s)
            except Failure:
                continue  # it is asked again; what is recorded later is refused if another has it by then
            if renewed is None and self._lease is lease:
                self._lease = None

    def _listen(self, stop: threading.Event) -> None:
        """Wakes the loop when anything is recorded, by whatever process or node."""
        position = -1
        while not stop.is_set():
            try:
                if self._ledger.wait(position, LOOKED_AT_LEAST_S):
                    position = self._ledger.head()
                    self._waking.notify()
            except Failure:
                stop.wait(AGAIN_S)

    def _away(self, wrong: Failure) -> None:
        if not self._is_away:
            self._report(f"Nothing is routed or paged for now: {wrong}")
        self._is_away = True

    def _back(self) -> None:
        if self._is_away:
            self._report("The ledger answers again, and paging goes on.")
        self._is_away = False

    def _let_go(self, lease: Lease) -> None:
        try:
            self._ledger.release(lease)
        except Failure as wrong:
            self._report(f"The lease '{LEASE}' ends by itself: {wrong}")

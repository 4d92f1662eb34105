"""Executes a run: decides by its fold, records, acts, and begins again, until it has ended or must wait.

An attempt is recorded before it is begun, and what became of it after it, together with what follows. Whatever is cut
off at any point is found again by the next owner of the run: the machine is asked first, then the check of the step
itself, then a person. Nothing here sleeps: what is due later is a pause with its time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Literal

from msgspec import Struct

from opsbook.book.plan import LOCAL, Gate
from opsbook.ground.errors import Failure, Fenced
from opsbook.ledger import run_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.run import Approved, Attempt, Run
from opsbook.ledger.run_events import Question
from opsbook.ledger.run_moves import Moves, Start, Wait, doubted, next_moves
from opsbook.usecases import attempting
from opsbook.usecases.attempting import Errand, Tell, World
from opsbook.usecases.gate_keeping import found_changed
from opsbook.usecases.holding import Holding
from opsbook.usecases.ledger_ports import EngineLedger, Lease
from opsbook.usecases.lock_keeping import Locks
from opsbook.usecases.run_environment import Carried, limit_at
from opsbook.usecases.run_journal import Journal
from opsbook.usecases.run_ports import Find, Outputs, SecretSources, StepHosts

TICK_S = 0.25  # so soon a cancel is noticed while steps run
ASK_AGAIN = timedelta(seconds=5)  # of a machine that does not answer
LOCK_AGAIN = timedelta(seconds=1)  # for a lock that another run has
LOOK_AGAIN = timedelta(seconds=60)  # at one whose step is in doubt already


PauseKind = Literal["ended", "person", "time", "lock", "node", "taken", "stopped"]


class Pause(Struct, frozen=True):
    """Why the engine let go of a run: it has ended, or waits for a person (`step`, `question`), for a time (`until`),
    for a lock that the run `holder` has, for the node `holder`; or it was taken over by another runner, or this one
    was told to stop."""

    kind: PauseKind
    run: Run
    step: str = ""
    question: Question | None = None
    words: str = ""
    until: datetime | None = None
    holder: str = ""


class Engine:
    """Executes runs, each in the thread that calls. `reach_s` is how long a machine may be silent before what was
    begun there is in doubt, `grace_s` how long a cancelled command has to end by itself; steps on this machine begin
    in `home`. `may_approve` is asked again whenever an approval is used, `inherited` for the
    variables of this environment that a step names."""

    def __init__(
        self, ledger: EngineLedger, hosts: StepHosts, outputs: Outputs, secrets: SecretSources, *, find: Find,
        node: str, now: Callable[[], datetime], lease_s: float = 15.0, reach_s: float = 300.0, grace_s: float = 10.0,
        home: str = "", may_approve: Callable[[Gate, Approved], bool] = lambda _gate, _approved: True,
        inherited: Callable[[str], str | None] = lambda _name: None,
    ) -> None:  # fmt: skip
        self.ledger = ledger
        self.world = World(hosts, outputs, secrets, find, node, Carried(), now, home, may_approve, inherited)
        self.lease_s, self.reach_s, self.grace_s = lease_s, reach_s, grace_s
        self.locks = Locks(ledger, lease_s)
        self.silent_since: dict[str, datetime] = {}  # keys of attempts whose machines do not answer

    def claim(self, run: str, owner: str) -> Lease | None:
        """The lease of a run, None while somebody else has it."""
        return self.ledger.claim(f"run/{run}", owner, self.lease_s)

    def holding(self, lease: Lease) -> Holding:
        """Keeps a lease for as long as it is entered, as around a person's answers between two advances."""
        return Holding(self.ledger, lease, self.lease_s)

    def advance(
        self, run: str, lease: Lease, *, tell: Tell | None = None, typed: Mapping[str, str] | None = None,
        stop: threading.Event | None = None,
    ) -> Pause:  # fmt: skip
        """Does all that can be done now. `tell` gets the output as it comes, from threads of its own; `typed` are
        secrets that a person typed; with `stop` it lets go, and what runs is found again later. Raises Usage where
        there is no such run, and Failure of the ledger."""
        journal = Journal(self.ledger, run, lease, self.world.now)
        with self.holding(lease) as hold:
            turn = _Turn(self, journal, lease, hold, tell=tell, typed=typed or {}, stop=stop)
            try:
                pause = turn.go()
            except Fenced:
                pause = turn.taken()
        if pause.kind in ("ended", "taken"):
            self.world.carried.forget(run)
        return pause


class _Came(Struct, frozen=True):
    """What comes back of an attempt: the event of its end, or why there is none."""

    errand: Errand
    draft: Draft | None = None
    left: tuple[str, ...] = ()
    wrong: BaseException | None = None


class _Turn:
    """One advance of one run."""

    def __init__(
        self, engine: Engine, journal: Journal, lease: Lease, hold: Holding, *, tell: Tell | None,
        typed: Mapping[str, str], stop: threading.Event | None,
    ) -> None:  # fmt: skip
        self._stop_wanted = stop
        self._engine, self._journal, self._lease, self._hold = engine, journal, lease, hold
        self._tell, self._typed = tell, typed
        self._came: SimpleQueue[_Came] = SimpleQueue()
        self._live: set[str] = set()
        self._silent: dict[str, str] = {}  # key → why its machine could not be asked in this turn

    def go(self) -> Pause:
        """Goes on until nothing can be done any more."""
        locks, run = self._engine.locks, self._journal.run
        if locks.is_wanted(run) and not locks.take(run, self._hold):
            holder = locks.holder(run)
            words = f"Of '{run.plan.lock}' only one may run at a time" + (f", and {holder} does." if holder else ".")
            if run.why != words:
                self._journal.fact(events.run_held(words, holder))
                self._journal.flush()
            return self._pause("lock", words=words, until=self._now() + LOCK_AGAIN, holder=holder)
        if run.is_held:
            self._journal.decide(events.run_held(""))  # its turn has come: it says no longer what it waited for
        while not self._hold.is_lost:
            if self._stop_wanted is not None and self._stop_wanted.is_set():
                return self._pause("stopped", words="The runner was told to stop.")
            pause = self._once()
            if pause is not None:
                locks.let_go(self._journal.run)
                return pause
        return self.taken()

    def taken(self) -> Pause:
        """Somebody else goes on with it."""
        return self._pause("taken", words="Another runner has taken this run over.")

    def _once(self) -> Pause | None:
        moves = next_moves(self._journal.run, self._now())
        while moves.record and moves.stop is None:
            self._journal.decide(*self._looked_at(moves))
            moves = next_moves(self._journal.run, self._now())
        if moves.stop is not None:
            return self._end(moves.stop, moves.record) if self._journal.flush() else None
        elsewhere = self._is_elsewhere(moves)
        errands = [] if elsewhere else [self._intended(start) for start in moves.start]
        if not self._journal.flush():
            return None
        for errand in errands:
            self._in_background(attempting.begin, errand)
        self._find_again(moves.attend)
        if self._live:
            self._attend()
            return None
        if self._journal.run.has_ended:
            return self._pause("ended", words=self._journal.run.why)
        if elsewhere and not moves.attend:
            node = self._journal.run.node
            return self._pause("node", moves.start[0].step, f"This step is done on {node}.", holder=node)
        return self._wait(moves)

    def _looked_at(self, moves: Moves) -> tuple[Draft, ...]:
        """What is to be recorded, once secrets and people were looked at where an approval is asked for or used."""
        found = moves.gate and found_changed(self._engine.world, self._journal.run, moves.gate, self._typed)
        return found or moves.record

    def _now(self) -> datetime:
        return self._engine.world.now()

    def _pause(
        self, kind: PauseKind, step: str = "", words: str = "", *,
        question: Question | None = None, until: datetime | None = None, holder: str = "",
    ) -> Pause:  # fmt: skip
        return Pause(kind, self._journal.run, step, question, words, until, holder)

    def _wait(self, moves: Moves) -> Pause | None:
        """Nothing can be done now: for whom, or until when."""
        if moves.attend:
            return self._silence(moves)
        wait = moves.wait or Wait("time", until=self._now())
        return self._pause(wait.kind, wait.step, wait.words, question=wait.question, until=wait.until)

    def _is_elsewhere(self, moves: Moves) -> bool:
        run = self._journal.run
        return run.node != self._engine.world.node and any(start.target == LOCAL for start in moves.start)

    # -- attempts ----------------------------------------------------------------------------------------------

    def _intended(self, start: Start) -> Errand:
        run = self._journal.run
        step, planned = run.step(start.step), run.plan.step(start.step)
        assert step is not None and planned is not None, "what is started stands in the plan"
        where = "" if start.target == LOCAL else f"@{start.target}"
        key = f"{run.id}/{start.step}.{len(step.attempts) + 1}{where}"
        self._journal.decide(
            events.attempt_intended(
                start.step,
                key,
                target=start.target,
                purpose=start.purpose,
                epoch=self._lease.epoch,
                limit_at=limit_at(planned, self._now()),
            )
        )
        after = self._journal.run.step(start.step)
        assert after is not None
        return self._errand(start.step, after.attempts[-1])

    def _errand(self, number: str, attempt: Attempt) -> Errand:
        run = self._journal.run
        planned = run.plan.step(number)
        assert planned is not None, "what was attempted stands in the plan"
        return Errand(run, planned, attempt, self._lease.epoch, self._tell, self._typed)

    def _find_again(self, attend: tuple[tuple[str, Attempt], ...]) -> None:
        for number, attempt in attend:
            if attempt.key not in self._live and attempt.key not in self._silent:
                self._in_background(attempting.find_again, self._errand(number, attempt))

    def _in_background(self, do: Callable[[World, Errand], Draft], errand: Errand) -> None:
        self._live.add(errand.attempt.key)
        job = _Job(self._came, errand, lambda: (do(self._engine.world, errand), ()))
        threading.Thread(target=job.run, name=errand.attempt.key, daemon=True).start()

    def _attend(self) -> None:
        """Takes what has come back, or looks what others recorded meanwhile."""
        try:
            came = [self._came.get(timeout=TICK_S)]
        except Empty:
            self._journal.refresh()
            return
        while not self._came.empty():
            came.append(self._came.get())
        for each in came:
            self._take(each)

    def _take(self, came: _Came) -> None:
        key = came.errand.attempt.key
        self._live.discard(key)
        if came.draft is not None:
            self._engine.silent_since.pop(key, None)
            if self._is_open(key):
                self._journal.fact(came.draft)
        elif isinstance(came.wrong, Failure):
            self._silent[key] = str(came.wrong)
            if isinstance(came.wrong, attempting.Elsewhere):
                self._doubt(came.errand, str(came.wrong))
            elif self._now() - self._engine.silent_since.setdefault(key, self._now()) >= self._patience():
                self._doubt(came.errand, f"{came.errand.attempt.target} does not answer: {came.wrong}")
        elif isinstance(came.wrong, attempting.Voided):
            for draft in came.wrong.drafts:
                self._journal.fact(draft)
        elif came.wrong is not None:
            raise came.wrong

    def _patience(self) -> timedelta:
        return timedelta(seconds=self._engine.reach_s)

    def _is_open(self, key: str) -> bool:
        return any(attempt.key == key for step in self._journal.run.steps for attempt in step.open_attempts)

    def _doubt(self, errand: Errand, why: str) -> None:
        step = self._journal.run.step(errand.planned.number)
        if step is not None and step.state != "unknown" and self._is_open(errand.attempt.key):
            for draft in doubted(self._journal.run, step.number, why):
                self._journal.fact(draft)

    def _silence(self, moves: Moves) -> Pause | None:
        """What is open cannot be asked now, and is asked again later."""
        number, attempt = moves.attend[0]
        why = self._silent.get(attempt.key, "")
        if moves.wait is not None:
            wait = moves.wait
            return self._pause("person", wait.step, wait.words, question=wait.question, until=self._now() + LOOK_AGAIN)
        since = self._engine.silent_since.get(attempt.key, self._now())
        return self._pause("time", number, why, until=min(self._now() + ASK_AGAIN, since + self._patience()))

    # -- ending ------------------------------------------------------------------------------------------------

    def _end(self, wanted: tuple[tuple[str, Attempt], ...], record: tuple[Draft, ...]) -> Pause | None:
        """Ends the run, by what is to be recorded or else as cancelled, once nothing of it is left in the world; what
        is, is said, and stopped again later."""
        stopped: SimpleQueue[_Came] = SimpleQueue()
        for number, attempt in wanted:
            errand = self._errand(number, attempt)
            job = _Job(stopped, errand, lambda errand=errand: self._stop(errand))  # type: ignore[misc]
            threading.Thread(target=job.run, name=f"stop {attempt.key}", daemon=True).start()
        held = []
        for _ in wanted:
            held += self._stopped(stopped.get())
        run, told = self._journal.run, " ".join(held)
        if held and run.why != told:
            self._journal.fact(events.cancel_held(told))
        if self._live:  # one that was only about to begin begins, and is stopped with the next turn
            self._attend()
            return None
        if not held:
            why = f": {run.cancelled_why}" if run.cancelled_why else "."
            self._journal.decide(*(record or (events.run_ended("cancelled", f"Cancelled by {run.cancelled_by}{why}"),)))
        if not self._journal.flush() or not held:
            return None
        return self._pause("time", wanted[0][0], told, until=self._now() + ASK_AGAIN)

    def _stop(self, errand: Errand) -> tuple[Draft | None, tuple[str, ...]]:
        return attempting.stop(self._engine.world, errand, self._engine.grace_s)

    def _stopped(self, came: _Came) -> list[str]:
        """What keeps the run from being cancelled. A machine that lost a step and is gone itself keeps nothing."""
        key, attempt = came.errand.attempt.key, came.errand.attempt
        if isinstance(came.wrong, Failure):
            return [str(came.wrong)] if attempt.ended_at is None or attempt.is_ok else []
        if came.wrong is not None:
            raise came.wrong
        if came.left or (came.draft is None and attempt.ended_at is None):
            return [attempting.unstopped(came.errand, came.left)]
        if came.draft is not None and key not in self._live and self._is_open(key):
            self._journal.fact(came.draft)
        return []


class _Job:
    """Something done in a thread. However it ends, it comes back: what was raised is raised again by who waits."""

    def __init__(
        self, came: SimpleQueue[_Came], errand: Errand, do: Callable[[], tuple[Draft | None, tuple[str, ...]]]
    ) -> None:
        self._came, self._errand, self._do = came, errand, do

    def run(self) -> None:
        """Does it."""
        with self:
            draft, left = self._do()
            self._came.put(_Came(self._errand, draft, left))

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, wrong: BaseException | None, _trace: object) -> bool:
        if wrong is not None:
            self._came.put(_Came(self._errand, wrong=wrong))
        return True

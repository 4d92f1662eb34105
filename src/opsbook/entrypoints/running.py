"""One run driven from a terminal, or from a program without one, until it ends or waits for somebody else.

The engine works in a thread of its own; here its events and outputs are shown, and Ctrl-C is heard.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opsbook.entrypoints.keyboard import INTERRUPT, Interrupts, Keyboard
from opsbook.entrypoints.run_progress import Progress
from opsbook.entrypoints.run_questions import Questions
from opsbook.entrypoints.screen import Screen
from opsbook.entrypoints.shown.run import dimmed, next_lines, waiting_step
from opsbook.entrypoints.shown.terminal import wrapped
from opsbook.ledger.run import Attempt, Run, RunStep, stream_of
from opsbook.usecases.ledger_ports import Lease
from opsbook.run_parts import RunParts

_LOOK_S = 0.05  # how often events are looked for while nothing is printed
_MOST_WAITING = 1000  # parts of output that wait to be shown; a program that prints faster waits for the terminal
_CANCEL_S = 60.0  # for how long an end of all that belongs to a cancelled run is waited for
_POLL_S = 5.0  # how often a wait for somebody else is looked at, at the least

EXITS = {"succeeded": 0, "waiting": 3}  # every other state of a run is 1
INTERRUPTED, NEVER_BEGUN = 130, 4


class Session:
    """Drives one run whose lease is held here. `keyboard` is None where nobody can be asked; `waits` keeps waiting for
    people and locks elsewhere; `who` is the name that answers carry."""

    def __init__(
        self, parts: RunParts, screen: Screen, interrupts: Interrupts, *, keyboard: Keyboard | None, who: str,
        waits: bool,
    ) -> None:  # fmt: skip
        self._parts = parts
        self._screen = screen
        self._interrupts = interrupts
        self._keyboard = keyboard
        self._who = who
        self._waits = waits
        self._was_interrupted = False
        self._questions: Questions | None = None
        if keyboard is not None:
            self._questions = Questions(parts.runs, screen, keyboard, who=who, output=self._output)

    def drive(self, run: Run, lease: Lease) -> tuple[Run, int]:
        """The run as it was left, and the exit status that says so."""
        progress = Progress(self._screen, run)
        with _kept(self._parts, lease):
            while True:
                self._advance(progress, lease)
                run = progress.run
                if run.has_ended or self._was_interrupted:
                    break
                if not self._answered(progress, run):
                    break
        return run, self._status(run)

    def _status(self, run: Run) -> int:
        if self._was_interrupted:
            return INTERRUPTED
        attempts = [attempt for step in run.steps for attempt in step.attempts]
        if run.state == "failed" and attempts and all(each.outcome == "never-started" for each in attempts):
            return NEVER_BEGUN
        return EXITS.get(run.state, 1)

    # While the engine works.

    def _advance(self, progress: Progress, lease: Lease) -> None:
        """Lets the engine work until it can go no further, and shows what it does. Raises what it raised."""
        told: queue.Queue[tuple[str, bytes]] = queue.Queue(_MOST_WAITING)
        wrong: list[Exception] = []
        run_id = progress.run.id

        def work() -> None:
            try:
                self._parts.engine.advance(run_id, lease, tell=lambda key, _at, part: told.put((key, part)))
            except Exception as raised:  # carried to the thread that reports it, whatever it is
                wrong.append(raised)

        working = threading.Thread(target=work, name=f"run {run_id}", daemon=True)
        working.start()
        asked_at: float | None = None  # when it was asked to be cancelled
        while working.is_alive():
            self._look(progress, told)
            waited = progress.waited_s(self._parts.now())
            if waited is not None:
                self._screen.tick(waited, "being cancelled" if asked_at else "")
            if self._interrupts.take():
                if asked_at is not None:
                    break  # a second Ctrl-C behind a cancel leaves at once; what goes on is found again
                asked_at = time.monotonic() if self._interrupted(progress) else None
            if asked_at is not None and time.monotonic() - asked_at > _CANCEL_S:
                break
        self._look(progress, told, last=True)
        if wrong:
            raise wrong[0]

    def _look(self, progress: Progress, told: queue.Queue[tuple[str, bytes]], *, last: bool = False) -> None:
        """Shows what came since the last look: outputs first, for each was told before the end of its attempt."""
        outputs = list(_drained(told, 0 if last else _LOOK_S))
        events = self._parts.ledger.read(stream_of(progress.run.id), progress.run.number)
        outputs += _drained(told, 0)
        progress.show(events, outputs)

    def _interrupted(self, progress: Progress) -> bool:
        """What Ctrl-C means now; True where the run is being cancelled. Without a keyboard it is that."""
        run = progress.run.id
        choice = "c"
        if self._keyboard is not None:
            self._screen.say(["", "  c cancel the run · p pause it before the next step · g go on · Ctrl-C cancel"])
            choice = ""
            while choice not in ("c", "p", "g", INTERRUPT):
                choice = self._keyboard.key()
        if choice == "g":
            return False
        self._was_interrupted = True
        if choice == "p":
            self._parts.runs.pause(run, self._who, "Ctrl-C at the terminal")
            self._screen.say([dimmed("  It is paused as soon as this step has ended; Ctrl-C again cancels.")])
            return False
        self._screen.say([dimmed("  Cancelling: its processes are ended first. Ctrl-C again leaves it to itself.")])
        self._parts.runs.cancel(run, self._who, "Ctrl-C at the terminal")
        return True

    # While somebody is waited for.

    def _answered(self, progress: Progress, run: Run) -> bool:
        """Whether what the run waited for came, so that it can go on."""
        step = waiting_step(run)
        if step is None:
            return self._waited(progress, None, run.why) if self._waits or self._keyboard is not None else False
        planned = run.plan.step(step.number)
        if step.asked is None or planned is None:
            return False
        if step.asked.question == "approval":
            return self._approved(progress, step)
        if self._questions is None:
            return self._waited(progress, step, step.asked.words) if self._waits else False
        progress.step(step.number)
        after = self._questions.ask(run, planned, step)
        if after == "interrupted":
            self._was_interrupted = not self._goes_on(progress)
        self._look(progress, queue.Queue(), last=True)
        return after == "goes-on" or (after == "interrupted" and not self._was_interrupted)

    def _approved(self, progress: Progress, step: RunStep) -> bool:
        progress.step(step.number)
        for line in next_lines(progress.run):
            self._screen.say(wrapped(f"  {line}", self._screen.width, 4))
        if self._keyboard is None and not self._waits:
            return False
        self._screen.say([dimmed("  Waiting. Ctrl-C leaves; the approval is waited for all the same.")])
        return self._waited(progress, step, "")

    def _waited(self, progress: Progress, step: RunStep | None, words: str) -> bool:
        """Waits for an event of the run, or for a time that was agreed; False where Ctrl-C ended it."""
        if step is None and progress.run.is_paused:
            return False
        if words:
            self._screen.say(wrapped(dimmed(f"  Waiting: {words} Ctrl-C leaves."), self._screen.width, 4))
        begun, number = time.monotonic(), progress.run.number
        until = step.asked.until if step is not None and step.asked is not None else None
        while True:
            position = self._parts.ledger.head()
            self._look(progress, queue.Queue(), last=True)
            if progress.run.number != number or (until is not None and self._parts.now() >= until):
                return True
            if self._interrupts.take():
                self._was_interrupted = step is None or step.asked is None or step.asked.question != "approval"
                return False
            self._screen.tick(time.monotonic() - begun, "waiting")
            self._parts.ledger.wait(position, 0.2)
            if step is None and time.monotonic() - begun > _POLL_S:
                return True  # a lock may be free, a pause over: the engine looks itself

    def _goes_on(self, progress: Progress) -> bool:
        """What Ctrl-C at a question means: True where the run goes on."""
        is_cancelled = self._interrupted(progress)
        if is_cancelled:
            lease = self._parts.lease
            if lease is not None:
                self._advance(progress, lease)
        return not self._was_interrupted

    def _output(self, attempt: Attempt) -> bytes:
        return self._parts.outputs.read(attempt.key, 0, 1 << 20)


def _drained(told: queue.Queue[tuple[str, bytes]], wait_s: float) -> Iterator[tuple[str, bytes]]:
    """All that waits there now; where nothing does, the first that comes within `wait_s`."""
    try:
        yield told.get(timeout=wait_s) if wait_s else told.get_nowait()
        while True:
            yield told.get_nowait()
    except queue.Empty:
        return


@contextmanager
def _kept(parts: RunParts, lease: Lease) -> Iterator[None]:
    """Renews a lease for as long as this lasts, and gives it back at the end."""
    over = threading.Event()

    def renew() -> None:
        held: Lease | None = lease
        while held is not None and not over.wait(parts.lease_s / 3):
            held = parts.ledger.renew(held, parts.lease_s)  # one that is lost is told by the next record

    renewing = threading.Thread(target=renew, name="lease", daemon=True)
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()
        parts.ledger.release(lease)

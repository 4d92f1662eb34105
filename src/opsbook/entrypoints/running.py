"""One run driven from a terminal, or from a program without one, until it ends or waits for somebody else.

The engine works in a thread of its own; here its events and outputs are shown, and Ctrl-C is heard.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress

import click

from opsbook.entrypoints.keyboard import INTERRUPT, Interrupts, Keyboard
from opsbook.entrypoints.run_assumed import Assumed
from opsbook.entrypoints.run_heard import Heard
from opsbook.entrypoints.run_outage import Outage
from opsbook.entrypoints.run_progress import Progress
from opsbook.entrypoints.run_questions import Questions
from opsbook.entrypoints.screen import Screen
from opsbook.entrypoints.shown.run import dimmed, next_lines, waiting_step
from opsbook.entrypoints.shown.terminal import printable, wrapped, wrapped_items
from opsbook.ground.errors import Failure
from opsbook.ledger.run import Attempt, Run, stream_of
from opsbook.run_parts import RunParts
from opsbook.usecases.execute import Pause
from opsbook.usecases.ledger_ports import Lease

_LOOK_S = 0.05  # how often events are looked for while nothing is printed
_CANCEL_S = 60.0  # for how long an end of all that belongs to a cancelled run is waited for
_STOPPED_S = 3.0  # for how long the engine is waited for where the program was told to end
_WAIT_S = 0.2  # how often Ctrl-C is looked for while somebody else is waited for

EXITS = {"succeeded": 0, "waiting": 3}  # every other state of a run is 1
INTERRUPTED, NEVER_BEGUN = 130, 4
_SIGNALLED = 128  # and the number of a signal: what a shell shows for a program that it ended
_INTERRUPTED_MENU = ("c cancel the run", "p pause it before its next step", "g go on", "Ctrl-C cancel")


class Session:
    """Drives one run whose lease is held here. `keyboard` is None where nobody can be asked; `waits` keeps waiting for
    people and locks elsewhere; `who` is the name that answers carry, `typed` are secrets that were typed, and `assumed`
    answers where --yes was said."""

    def __init__(
        self, parts: RunParts, screen: Screen, interrupts: Interrupts, *, keyboard: Keyboard | None, who: str,
        waits: bool = False, typed: Mapping[str, str] | None = None, assumed: Assumed | None = None,
    ) -> None:  # fmt: skip
        self._parts = parts
        self._screen = screen
        self._interrupts = interrupts
        self._keyboard = keyboard
        self._who = who
        self._waits = waits
        self._typed = typed or {}
        self._is_left = False  # by Ctrl-C
        self._waiting = ("", 0.0)  # what for, and since when by the clock of this process
        self._heard, self._outage = Heard(), Outage(screen)
        self._questions: Questions | Assumed | None = assumed
        if keyboard is not None:
            self._questions = Questions(parts.runs, screen, keyboard, who=who, output=self._output)

    def drive(self, run: Run, lease: Lease) -> tuple[Run, int]:
        """The run as it was left, and the exit status that says so. Gives the lease back. Where the ledger cannot be
        used for a while it waits, and goes on; raises Failure where waiting would not help."""
        progress, held, pause = Progress(self._screen, run), lease, None
        while True:
            try:
                pause = self._driven(progress, held)
                break
            except Failure as wrong:
                if not wrong.retryable:
                    raise
                self._outage.begins(wrong)
            again = self._claimed_again(progress)
            if again is None:
                break
            held = again
        if self._interrupts.ended:
            self._say(dimmed("  Told to end: the run is left. A step that was begun goes on."))
        elif pause is not None and pause.kind == "taken":
            self._say(f"{pause.words} 'opsbook runs log {run.id} --follow' shows what it does.")
        elif pause is not None and pause.kind in ("lock", "node", "time"):
            self._screen.say([""])
            words = "." if pause.kind == "lock" else f": {pause.words}"  # the result says for whom
            self._say(click.style(f"It was left where it waits{words}", fg="yellow"))
        return progress.run, self._status(progress.run)

    def _driven(self, progress: Progress, lease: Lease) -> Pause | None:
        """Goes on under a lease until the run has ended, is left or taken over. Raises Failure of the ledger."""
        try:
            with self._parts.engine.holding(lease):
                while True:
                    pause = self._advance(progress, lease)
                    self._outage.ends()
                    is_over = pause is None or pause.kind in ("ended", "taken", "stopped") or self._interrupts.ended
                    if pause is None or is_over or not self._went_on(progress, pause):
                        return pause
        finally:
            with suppress(Failure):  # of a ledger that cannot be used; the lease ends by itself
                self._parts.ledger.release(lease)

    def _claimed_again(self, progress: Progress) -> Lease | None:
        """The lease of the run, once the ledger can be used again; None where somebody else has it, or where the run is
        left. What its step prints meanwhile is shown."""
        while True:
            until = time.monotonic() + self._outage.pause_s()
            while time.monotonic() < until:
                if self._interrupts.take() or self._interrupts.ended:
                    self._is_left = True
                    return None
                progress.show((), self._heard.drained(_LOOK_S))
                self._screen.tick(self._outage.lasted_s, "waiting for the ledger")
            try:
                lease = self._parts.engine.claim(progress.run.id, self._parts.owner)
            except Failure:
                continue
            if lease is None:
                run = progress.run.id
                self._say(f"Another runner has taken it over. 'opsbook runs log {run} --follow' shows what it does.")
            return lease

    def _status(self, run: Run) -> int:
        if self._interrupts.ended:
            return _SIGNALLED + self._interrupts.ended
        if self._is_left:
            return INTERRUPTED
        attempts = [attempt for step in run.steps for attempt in step.attempts]
        if run.state == "failed" and attempts and all(each.outcome == "never-started" for each in attempts):
            return NEVER_BEGUN
        return EXITS.get(run.state, 1 if run.has_ended or run.state == "unknown" else 3)

    # While the engine works.

    def _advance(self, progress: Progress, lease: Lease) -> Pause | None:
        """Lets the engine work until it can go no further, and shows what it does; None where it was left to itself.
        Raises what it raised."""
        came: list[Pause | Exception] = []
        run_id, stop = progress.run.id, threading.Event()

        def work() -> None:
            try:
                came.append(self._parts.engine.advance(
                    run_id, lease, tell=self._heard.tell, typed=self._typed, stop=stop
                ))  # fmt: skip
            except Exception as wrong:  # carried to the thread that reports it, whatever it is
                came.append(wrong)

        working = threading.Thread(target=work, name=f"run {run_id}", daemon=True)
        working.start()
        asked_at: float | None = None  # when it was asked to be cancelled
        while working.is_alive():
            with suppress(Failure):  # the engine needs the ledger more, and says what is wrong with it
                self._look(progress, _LOOK_S)
            waited_s = progress.waited_s(self._parts.now())
            if waited_s is not None:
                self._screen.tick(waited_s, "being cancelled" if asked_at else "")
            if self._interrupts.ended:
                stop.set()
                working.join(_STOPPED_S)
                return None
            pressed = self._interrupts.take()
            if pressed and asked_at is not None:
                return None  # what goes on is found again
            if pressed:
                asked_at = time.monotonic() if self._interrupted(progress) else None
            if asked_at is not None and time.monotonic() - asked_at > _CANCEL_S:
                return None
        if isinstance(came[0], Exception):
            progress.show((), self._heard.drained())
            raise came[0]
        self._look(progress, 0)
        return came[0]

    def _look(self, progress: Progress, wait_s: float) -> None:
        """Shows what came since the last look: outputs first, for each was told before the end of its attempt."""
        outputs = list(self._heard.drained(wait_s))
        try:
            events = self._parts.ledger.read(stream_of(progress.run.id), progress.run.number)
        except Failure:
            progress.show((), outputs)
            raise
        outputs += self._heard.drained()
        if events:
            self._outage.ends()
        progress.show(events, outputs)

    def _catch_up(self, progress: Progress) -> None:
        self._look(progress, 0)

    def _interrupted(self, progress: Progress) -> bool:
        """What Ctrl-C means now; True where the run is being cancelled. Without a keyboard it is that."""
        run = progress.run.id
        choice = "c"
        if self._keyboard is not None:
            self._keyboard.forget()
            self._screen.say([""])
            self._screen.say(wrapped_items(_INTERRUPTED_MENU, self._screen.width, 2))
            choice = ""
            while choice not in ("c", "p", "g", INTERRUPT):
                choice = self._keyboard.key()
        if self._interrupts.ended:
            self._is_left = True
            return False
        self._catch_up(progress)
        if progress.run.wants_cancel and not progress.run.has_ended:
            self._say(dimmed(f"  {printable(progress.run.cancelled_by)} is cancelling it meanwhile."))
            return True
        if choice == "g":
            self._say(dimmed("  It goes on."))
            return False
        try:
            if choice == "p":
                self._parts.runs.pause(run, self._who, "Ctrl-C at the terminal")
            else:
                self._parts.runs.cancel(run, self._who, "Ctrl-C at the terminal")
        except Failure as wrong:
            self._say(click.style(f"  {wrong}", fg="yellow"))
            return False
        self._is_left = True
        if choice == "p":
            self._say(dimmed("  It is paused as soon as this step has ended; Ctrl-C cancels it."))
            return False
        self._say(dimmed("  Cancelling: its processes are ended first. Ctrl-C again leaves it to itself."))
        return True

    # While somebody is waited for.

    def _went_on(self, progress: Progress, pause: Pause) -> bool:
        """Whether what the run waits for came, so that it can go on."""
        run = progress.run
        step = waiting_step(run)
        if pause.kind != "person":
            is_short = pause.kind == "time"
            return (is_short or self._waits or self._keyboard is not None) and self._waited(progress, pause)
        if step is None or step.asked is None:
            return False  # it is paused
        progress.step(step.number)
        if step.asked.question == "approval":
            return self._approved(progress, pause)
        if self._questions is None:
            return self._waits and self._waited(progress, pause)
        planned = run.plan.step(step.number)
        after = self._questions.ask(run, planned, step) if planned is not None else "left"
        if after == "left" and self._keyboard is None and self._waits:
            return self._waited(progress, pause)
        if self._interrupts.ended:
            return False
        if after == "interrupted":
            after = "goes-on" if self._interrupted(progress) or not self._is_left else "left"
        self._catch_up(progress)
        return after == "goes-on" or progress.run.wants_cancel  # it ends here, for nobody else may work on it

    def _approved(self, progress: Progress, pause: Pause) -> bool:
        if self._keyboard is None and not self._waits:
            return False
        for line in list(next_lines(progress.run))[:-1]:  # all but how to take it up here, where it is
            self._say(f"  {line}")
        return self._waited(progress, pause)

    def _waited(self, progress: Progress, pause: Pause) -> bool:
        """Waits for an event of the run, or for a time that was agreed; False where Ctrl-C ended it."""
        is_asked = pause.kind == "person"
        what = "lock" if pause.kind == "lock" else f"{pause.kind} {progress.run.number}"
        if self._waiting[0] != what:
            self._waiting = (what, time.monotonic())
        if pause.kind not in ("time", "lock"):  # those stand in the events, and were told
            self._say(dimmed(f"  Waiting. {'' if is_asked else f'{pause.words} '}Ctrl-C leaves."))
        number = pause.run.number  # what came since the engine looked is looked at now
        while True:
            position = self._parts.ledger.head()
            self._catch_up(progress)
            is_due = pause.until is not None and self._parts.now() >= pause.until
            if progress.run.number != number or is_due:
                return True
            if self._interrupts.ended:
                return False
            if self._interrupts.take():
                if is_asked:
                    return False  # it waits without this terminal too
                return self._interrupted(progress) or not self._is_left
            self._screen.tick(time.monotonic() - self._waiting[1], "waiting")
            self._parts.ledger.wait(position, _WAIT_S)

    def _output(self, attempt: Attempt) -> bytes:
        return self._parts.outputs.read(attempt.key, 0, 1 << 20)

    def _say(self, line: str) -> None:
        self._screen.say(wrapped(line, self._screen.width, 4))

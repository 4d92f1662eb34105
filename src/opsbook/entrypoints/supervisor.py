"""One process that keeps others: who answers, who runs steps, who pages. Does none of it itself.

They are forked, so that each imports only what it needs: whoever answers the web has no code that executes or pages,
and none of the secrets for it. The others begin once it answers. Whichever ends is started again, while the others go
on; only where the one that answers never did is there nothing to keep.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping

STOPS = frozenset({signal.SIGTERM, signal.SIGINT})
READY = signal.SIGUSR1  # how the one that answers says that it does
HEARD = frozenset({*STOPS, READY, signal.SIGCHLD})
PATIENCE_S = 20.0  # how long a child that was asked to stop may take
FIRST_PAUSE_S = 0.5  # before one that ended is started again; doubled each time until it has lived for a while
LONGEST_PAUSE_S = 30.0
LIVED_S = 60.0


class _Child:
    """What it is called, what it does, and how it fares."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self.name = name
        self.work = work
        self.child = 0
        self.began = 0.0
        self.pause_s = FIRST_PAUSE_S
        self.start_at: float | None = None

    def ended(self, status: int) -> None:
        """Plans its next start."""
        self.child = 0
        if time.monotonic() - self.began > LIVED_S:
            self.pause_s = FIRST_PAUSE_S
        sys.stderr.write(f"opsbook: {self.name} ended with {status}; it starts again in {self.pause_s:g} s.\n")
        sys.stderr.flush()
        self.start_at = time.monotonic() + self.pause_s
        self.pause_s = min(self.pause_s * 2, LONGEST_PAUSE_S)


class Supervisor:
    """Runs `answers`, and from when that has called its argument the `others` too, by what they are called, until told
    to stop; then calls `stopping` first.

    Call it from the main thread of a process without others. `answers` is told whether it is the first time. `report`
    gives the exit status of what any of them raises, after telling it.
    """

    def __init__(
        self, answers: Callable[[Callable[[], None], bool], None], others: Mapping[str, Callable[[], None]],
        report: Callable[[Exception], int], stopping: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._answers = answers
        self._web = _Child("what answers the web", self._answer)
        self._others = [_Child(name, work) for name, work in others.items()]
        self._report = report
        self._stopping = stopping
        self._parent = os.getpid()
        self._lives, self._keeps = os.pipe()  # open while this process lives, which is how its children see that
        self._has_answered = False

    def run(self) -> int:
        """Returns the exit status of whoever answers, once all have ended."""
        # Blocked here and taken one by one, so that none is lost between two looks; the children take them as ever.
        signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
        self._start(self._web)
        while True:
            told = self._heard()
            if told in STOPS:
                return self._stop()
            if told == READY and not self._has_answered:
                self._has_answered = True
                for other in self._others:
                    other.start_at = time.monotonic()
            for each in (self._web, *self._others):
                if not each.child or (gone := _reaped(each.child)) is None:
                    continue
                if not self._has_answered:  # it told why
                    return gone
                each.ended(gone)
            for each in (self._web, *self._others):
                if each.start_at is not None and time.monotonic() >= each.start_at:
                    self._start(each)

    def _answer(self) -> None:
        self._answers(lambda: os.kill(self._parent, READY), not self._has_answered)

    def _start(self, each: _Child) -> None:
        each.start_at, each.began = None, time.monotonic()
        each.child = self._child(each.work)

    def _heard(self) -> int | None:
        starts = [each.start_at for each in (self._web, *self._others) if each.start_at is not None]
        if not starts:
            return signal.sigwait(HEARD)
        told = signal.sigtimedwait(HEARD, max(min(starts) - time.monotonic(), 0.0))
        return told.si_signo if told else None

    def _stop(self) -> int:
        """All at once, then each to its end. Where nobody answers just now, there is nothing that went wrong."""
        self._stopping()
        living = [each for each in (self._web, *self._others) if each.child]
        for each in living:
            os.kill(each.child, signal.SIGTERM)
        status = 0
        for each in reversed(living):
            ended = _ended(each.child)
            status = ended if each is self._web else status
        return status

    def _child(self, work: Callable[[], None]) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child:
            return child
        status = 1
        try:
            os.close(self._keeps)
            _end_with(self._lives)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
            status = _worked(work, self._report)
        finally:
            os._exit(status)


def _worked(work: Callable[[], None], report: Callable[[Exception], int]) -> int:
    """The exit status of a child's work."""
    try:
        work()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 0
    except KeyboardInterrupt:
        status = 0
    except Exception as wrong:
        status = report(wrong)
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _end_with(lives: int) -> None:
    """Ends this process when the one that started it is gone, however that went: nobody else would end it."""

    def wait() -> None:
        os.read(lives, 1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def _reaped(child: int) -> int | None:
    """The exit status of a child, None while it lives."""
    gone, status = os.waitpid(child, os.WNOHANG)
    if not gone:
        return None
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _ended(child: int) -> int:
    """The exit status of a child that was asked to stop; one that does not listen is killed."""
    until = time.monotonic() + PATIENCE_S
    while (status := _reaped(child)) is None:
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            until = float("inf")
        signal.sigtimedwait({signal.SIGCHLD}, 0.1)
    return status

"""One process that keeps two: the one that answers and the one that runs steps. Does neither itself.

They are forked, so that each imports only what it needs: whoever answers the web has no code that executes, and none of
the secrets that steps get. The one that runs steps begins once the other answers, and is started again where it ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

STOPS = frozenset({signal.SIGTERM, signal.SIGINT})
READY = signal.SIGUSR1  # how the one that answers says that it does
HEARD = frozenset({*STOPS, READY, signal.SIGCHLD})
PATIENCE_S = 20.0  # how long a child that was asked to stop may take
FIRST_PAUSE_S = 0.5  # before what runs steps is started again; doubled each time until it has lived for a while
LONGEST_PAUSE_S = 30.0
LIVED_S = 60.0


class Supervisor:
    """Runs `answers`, and from when that has called its argument `runs` too, until told to stop or `answers` ends.

    Call it from the main thread of a process without others. `report` gives the exit status of what either raises,
    after telling it.
    """

    def __init__(
        self, answers: Callable[[Callable[[], None]], None], runs: Callable[[], None],
        report: Callable[[Exception], int],
    ) -> None:  # fmt: skip
        self._answers = answers
        self._runs = runs
        self._report = report
        self._parent = os.getpid()
        self._lives, self._keeps = os.pipe()  # open while this process lives, which is how its children see that
        self._answering = 0
        self._running = 0
        self._began = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._start_at: float | None = None

    def run(self) -> int:
        """Returns the exit status of whoever answered, once both have ended."""
        # Blocked here and taken one by one, so that none is lost between two looks; the children take them as ever.
        signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
        self._answering = self._child(lambda: self._answers(lambda: os.kill(self._parent, READY)))
        while True:
            told = self._heard()
            if told in STOPS:
                return self._stop()
            if told == READY:
                self._start_at = time.monotonic()
            if self._running and (gone := _reaped(self._running)) is not None:
                self._running = 0
                self._plan_start(gone)
            if (status := _reaped(self._answering)) is not None:
                self._end_running()
                return status
            if self._start_at is not None and time.monotonic() >= self._start_at:
                self._start_at, self._began = None, time.monotonic()
                self._running = self._child(self._runs)

    def _heard(self) -> int | None:
        if self._start_at is None:
            return signal.sigwait(HEARD)
        told = signal.sigtimedwait(HEARD, max(self._start_at - time.monotonic(), 0.0))
        return told.si_signo if told else None

    def _plan_start(self, status: int) -> None:
        if time.monotonic() - self._began > LIVED_S:
            self._pause_s = FIRST_PAUSE_S
        sys.stderr.write(f"opsbook: what runs steps ended with {status}; it starts again in {self._pause_s:g} s.\n")
        sys.stderr.flush()
        self._start_at = time.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    def _stop(self) -> int:
        os.kill(self._answering, signal.SIGTERM)
        self._end_running()
        return _ended(self._answering)

    def _end_running(self) -> None:
        if self._running:
            os.kill(self._running, signal.SIGTERM)
            _ended(self._running)
            self._running = 0

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

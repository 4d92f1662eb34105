"""One process that keeps others: who answers, who runs steps, who pages. Does none of it itself.

They are forked, so that each imports only what it needs: whoever answers the web has no code that executes or pages,
and none of the secrets for it. The others begin once it answers, and are started again where they end.
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


class _Other:
    """A child that works beside the one that answers: what it is called, what it does, and how it fares."""

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
    to stop or `answers` ends.

    Call it from the main thread of a process without others. `report` gives the exit status of what either raises,
    after telling it.
    """

    def __init__(
        self, answers: Callable[[Callable[[], None]], None], others: Mapping[str, Callable[[], None]],
        report: Callable[[Exception], int],
    ) -> None:  # fmt: skip
        self._answers = answers
        self._others = [_Other(name, work) for name, work in others.items()]
        self._report = report
        self._parent = os.getpid()
        self._lives, self._keeps = os.pipe()  # open while this process lives, which is how its children see that
        self._answering = 0

    def run(self) -> int:
        """Returns the exit status of whoever answered, once both have ended."""
        # Blocked here and taken one by one, so that none is lost between two looks; the children take them as ever.
        signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
        self._answering = self._child(lambda: self._answers(lambda: os.kill(self._parent, READY)))
        while True:
            told = self._heard()
            if told in STOPS:
                return self._stop()
            for other in self._others:
                if told == READY:
                    other.start_at = time.monotonic()
                if other.child and (gone := _reaped(other.child)) is not None:
                    other.ended(gone)
            if (status := _reaped(self._answering)) is not None:
                self._end_others()
                return status
            for other in self._others:
                if other.start_at is not None and time.monotonic() >= other.start_at:
                    other.start_at, other.began = None, time.monotonic()
                    other.child = self._child(other.work)

    def _heard(self) -> int | None:
        starts = [other.start_at for other in self._others if other.start_at is not None]
        if not starts:
            return signal.sigwait(HEARD)
        told = signal.sigtimedwait(HEARD, max(min(starts) - time.monotonic(), 0.0))
        return told.si_signo if told else None

    def _stop(self) -> int:
        os.kill(self._answering, signal.SIGTERM)
        self._end_others()
        return _ended(self._answering)

    def _end_others(self) -> None:
        """All at once, then each to its end."""
        living = [other for other in self._others if other.child]
        for other in living:
            os.kill(other.child, signal.SIGTERM)
        for other in living:
            _ended(other.child)
            other.child = 0

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

"""Hands messages over by e-mail, signed webhooks and whatever Apprise knows, in processes of their own. Plans nothing.

A provider can hang, leak memory or end a process, and must not take the engine with it. So each attempt is made by a
worker, several at once, which is ended and replaced when its time is over; whether anything may have come through by
then is known by what the worker told before.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Condition, Thread, get_ident
from typing import NamedTuple

from msgspec.structs import replace

from opsbook.adapters.notifying.routes import Routes
from opsbook.adapters.notifying.worker_process import WorkerProcess
from opsbook.ground.errors import Failure, Refusal
from opsbook.usecases.alerting_ports import Handed, Message

WORKERS = 8
_ONE_PLACE = 5  # of these for one place: one that hangs leaves some to all others
_IDLE_S = 60.0  # a worker that had nothing to do for so long ends; the last one stays warm
_SHUT = "Opsbook stopped before it was handed over."


class _Wanted(NamedTuple):
    message: Message
    address: str
    place: str
    tell: Callable[[Handed], None]


class WorkerNotifier:
    """A `Notifier`. `environment` is what workers may see of it; `report` takes a sentence about a mistake of our own.

    Any thread may call anything.
    """

    def __init__(
        self, routes: Routes, *, timeout_s: float, environment: Mapping[str, str], report: Callable[[str], None],
        most: int = WORKERS,
    ) -> None:  # fmt: skip
        self._routes = routes
        self._timeout_s = timeout_s
        self._environment = dict(environment)
        self._report = report
        self._most = most
        self._turn = Condition()
        self._wanted: list[_Wanted] = []
        self._busy: Counter[str] = Counter()
        self._threads: dict[int, Thread] = {}
        self._processes: dict[int, WorkerProcess] = {}
        self._idle = 0
        self._is_closed = False

    def why_not(self, kind: str) -> str:
        """Why nobody can be reached by a kind of contact, a #channel or an address by itself; empty where they can."""
        return self._routes.why_not(kind)

    def warm(self) -> None:
        """Has one worker ready, so that the first message need not wait for it."""
        with self._turn:
            if not self._threads and not self._is_closed:
                self._more()

    def send(self, message: Message, address: str, tell: Callable[[Handed], None]) -> None:
        """Begins to hand it over and returns at once; `tell` is called exactly once, from another thread."""
        wanted = _Wanted(message, address, self._routes.place(message.kind, address), tell)
        with self._turn:
            if not self._is_closed:
                self._wanted.append(wanted)
                if self._idle < len(self._wanted) and len(self._threads) < self._most:
                    self._more()
                self._turn.notify()
                return
        Thread(target=self._tell, args=(wanted, Handed("retrying", _SHUT)), daemon=True).start()

    def close(self) -> None:
        """Ends what is under way. What had not begun is told as to be tried again, the rest by how far it had come."""
        with self._turn:
            self._is_closed = True
            unbegun, self._wanted = self._wanted, []
            threads = list(self._threads.values())
            for process in self._processes.values():
                process.kill()
            self._turn.notify_all()
        for wanted in unbegun:
            self._tell(wanted, Handed("retrying", _SHUT))
        for thread in threads:
            thread.join(timeout=5)

    def _more(self) -> None:
        """Begins one more thread; called with the turn held."""
        thread = Thread(target=self._serve, name="opsbook-notifier", daemon=True)
        thread.start()
        assert thread.ident is not None
        self._threads[thread.ident] = thread

    def _serve(self) -> None:
        """One worker's thread: takes what is wanted, one after the other, and replaces its worker where it is gone."""
        self._process()
        while (wanted := self._next()) is not None:
            handed = self._handed(wanted)
            with self._turn:
                self._busy[wanted.place] -= 1
                self._turn.notify()
            self._tell(wanted, handed)

    def _next(self) -> _Wanted | None:
        """What is to be done next; None when this thread is to end, whose worker is ended then."""
        with self._turn:
            while not self._is_closed:
                for wanted in self._wanted:
                    if self._busy[wanted.place] < min(_ONE_PLACE, self._most):
                        self._wanted.remove(wanted)
                        self._busy[wanted.place] += 1
                        return wanted
                self._idle += 1
                was_told = self._turn.wait(_IDLE_S)
                self._idle -= 1
                if not was_told and len(self._threads) > 1:
                    break
            self._threads.pop(get_ident(), None)
            process = self._processes.pop(get_ident(), None)
        if process is not None:
            process.kill()
        return None

    def _handed(self, wanted: _Wanted) -> Handed:
        begun = time.monotonic()
        try:
            route = self._routes.route(wanted.message.kind, wanted.address)
            if isinstance(route, Handed):
                return route
            handed = self._process().hand(wanted.message, route, self._timeout_s)
        except Refusal as wrong:
            return Handed("failed", str(wrong))
        except Failure as wrong:
            return Handed("retrying", str(wrong))
        except Exception as wrong:  # the loop must go on, and whoever waits be told
            self._report(f"A message could not be handed over for a mistake of our own: {type(wrong).__name__}.")
            return Handed("lost", "Opsbook made a mistake while it was handed over.")
        return replace(handed, latency_ms=round((time.monotonic() - begun) * 1000, 3))

    def _process(self) -> WorkerProcess:
        """The worker of this thread, a new one where there is none or it is gone."""
        mine = get_ident()
        process = self._processes.get(mine)
        if process is None or not process.is_usable:
            process = WorkerProcess(self._environment)
            with self._turn:
                self._processes[mine] = process
                if self._is_closed:
                    process.kill()
        return process

    def _tell(self, wanted: _Wanted, handed: Handed) -> None:
        wanted.tell(handed)

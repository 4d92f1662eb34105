"""Hands messages over by e-mail, signed webhooks and whatever Apprise knows, in processes of their own. Plans nothing.

A provider can hang, leak memory or end a process, and must not take the engine with it. So each attempt is made by a
worker, several at once, which is ended and replaced when its time is over; whether anything may have come through by
then is known by what the worker told before.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Condition, Thread, Timer, get_ident
from typing import NamedTuple

from msgspec.structs import replace

from opsbook.adapters.notifying.routes import Routes
from opsbook.adapters.notifying.worker import Worker
from opsbook.ground.errors import Failure, Refusal
from opsbook.usecases.alerting_ports import Handed, Message

WORKERS = 8
_ONE_PLACE = 5  # of these for one place: one that hangs leaves some to all others
_SOON_S = 0.1  # most messages take less; one more worker costs 13 MB, and 0.1 s of a processor to start
_IDLE_S = 60.0  # a worker that had nothing to do for so long ends; the last one stays warm
_SHUT = "Opsbook stopped before it was handed over."


class _Wanted(NamedTuple):
    message: Message
    address: str
    place: str
    tell: Callable[[Handed], None]


class WorkerNotifier:
    """A `Notifier`. `environment` is what workers may see of it. Any thread may call anything."""

    def __init__(
        self, routes: Routes, *, timeout_s: float, environment: Mapping[str, str], most: int = WORKERS
    ) -> None:
        self._routes = routes
        self._timeout_s = timeout_s
        self._environment = dict(environment)
        self._most = most
        self._turn = Condition()
        self._wanted: list[_Wanted] = []
        self._busy: Counter[str] = Counter()
        self._threads: dict[int, Thread] = {}
        self._workers: dict[int, Worker] = {}
        self._idle = 0
        self._is_looking = False
        self._is_closed = False

    def why_not(self, kind: str) -> str:
        """Why nobody can be reached by a kind of contact, a #channel or an address by itself; empty where they can."""
        return self._routes.why_not(kind)

    def faults(self) -> tuple[str, ...]:
        """What is configured and cannot work now, each in a sentence; may take long."""
        return self._routes.faults()

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
                if not self._threads:
                    self._more()
                self._look_soon()
                self._turn.notify()
                return
        Thread(target=tell, args=(Handed("retrying", _SHUT),), daemon=True).start()

    def close(self) -> None:
        """Ends what is under way. What had not begun is told as to be tried again, the rest by how far it had come."""
        with self._turn:
            self._is_closed = True
            unbegun, self._wanted = self._wanted, []
            threads = list(self._threads.values())
            for worker in self._workers.values():
                worker.kill()
            self._turn.notify_all()
        for wanted in unbegun:
            wanted.tell(Handed("retrying", _SHUT))
        for thread in threads:
            thread.join(timeout=5)

    def _look_soon(self) -> None:
        """Has one more thread begun where something still waits in a moment; called with the turn held."""
        is_short = self._idle < len(self._wanted) and len(self._threads) < self._most
        if is_short and not self._is_looking and not self._is_closed:
            self._is_looking = True
            looking = Timer(_SOON_S, self._look)
            looking.daemon = True
            looking.start()

    def _look(self) -> None:
        with self._turn:
            self._is_looking = False
            if self._idle < len(self._wanted) and len(self._threads) < self._most and not self._is_closed:
                self._more()
            self._look_soon()

    def _more(self) -> None:
        """Begins one more thread; called with the turn held."""
        thread = Thread(target=self._serve, name="opsbook-notifier", daemon=True)
        thread.start()
        assert thread.ident is not None
        self._threads[thread.ident] = thread

    def _serve(self) -> None:
        """One worker's thread: takes what is wanted, one after the other, and replaces its worker where it is gone."""
        try:
            self._worker()
            while (wanted := self._next()) is not None:
                self._hand(wanted)
        finally:
            self._leave()

    def _next(self) -> _Wanted | None:
        """What is to be done next; None when this thread is to end."""
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
        return None

    def _leave(self) -> None:
        """Ends this thread's worker; what is still wanted is another's, whatever made this one end."""
        with self._turn:
            self._threads.pop(get_ident(), None)
            worker = self._workers.pop(get_ident(), None)
            if self._wanted and not self._is_closed and not self._threads:
                self._more()
        if worker is not None:
            worker.kill()

    def _hand(self, wanted: _Wanted) -> None:
        handed = Handed("lost", "Opsbook made a mistake while it was handed over.")
        begun = time.monotonic()
        try:
            route = self._routes.route(wanted.message.kind, wanted.address)
            if isinstance(route, Handed):
                handed = route
            else:
                if wanted.message.signers:  # nobody else's secret is any proof to whoever has their own
                    route = replace(route, signers=wanted.message.signers)
                if wanted.message.is_for_stranger and route.way == "web":
                    route = replace(route, is_public=True)
                handed = self._worker().hand(wanted.message, route, self._timeout_s)
                handed = replace(handed, latency_ms=round((time.monotonic() - begun) * 1000, 3))
        except Refusal as wrong:
            handed = Handed("failed", str(wrong))
        except Failure as wrong:
            handed = Handed("retrying", str(wrong))
        finally:
            with self._turn:
                self._busy[wanted.place] -= 1
                self._turn.notify()
            wanted.tell(handed)

    def _worker(self) -> Worker:
        """The worker of this thread, a new one where there is none or it is gone."""
        mine = get_ident()
        worker = self._workers.get(mine)
        if worker is None or not worker.is_usable:
            worker = Worker(self._environment)
            with self._turn:
                self._workers[mine] = worker
                if self._is_closed:
                    worker.kill()
        return worker

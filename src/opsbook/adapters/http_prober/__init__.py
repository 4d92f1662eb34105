"""Asks endpoints over HTTP and HTTPS, or only for a connection or its encryption, many side by side in one thread.
Follows no proxy, keeps no cookie and no connection, and reads no environment.

Each probe is a new connection. What is kept is handles, loops and the parsed certificates of authorities (parsing them
takes 15 ms), never a connection, a session of TLS, or a name once resolved.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from opsbook.adapters.http_prober.loop import Loop
from opsbook.book.probe import Probe
from opsbook.book.probe_reach import Reach
from opsbook.ledger.health import Reading

IN_FLIGHT = 64


class HttpProber:
    """A `Prober` for the kinds http, tcp and tls, which differ in how far they go. May be asked by several threads at
    once: each gets a loop of its own.

    `agent` is the User-Agent, `authorities` the file of trusted certificates ("" for what the library finds).
    """

    def __init__(self, reach: Reach, *, agent: str, authorities: str = "", in_flight: int = IN_FLIGHT) -> None:
        self._reach = reach
        self._agent = agent
        self._authorities = authorities
        self._in_flight = in_flight
        self._idle: deque[Loop] = deque()

    def ask(self, probes: Sequence[Probe], tell: Callable[[Probe, Reading], None]) -> None:
        """Asks all, `in_flight` at a time, and tells each reading from this thread; returns when all have come."""
        if not probes:
            return
        try:
            loop = self._idle.pop()
        except IndexError:
            loop = Loop(self._reach, self._agent, self._authorities)
        loop.run(probes, tell, self._in_flight)
        self._idle.append(loop)  # not when `tell` raised: then it is in the midst of something

    def close(self) -> None:
        """Lets go of the idle handles."""
        while self._idle:
            self._idle.pop().close()

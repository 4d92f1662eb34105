"""One loop over libcurl's multi handle: starts probes, waits for any of their sockets, tells what came.

Sockets are waited for by poll(2), which costs no call to the system per connection and has no limit of 1,024 as select
has; libcurl is told of the ready ones only. Each connection's address is looked at before it is made.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable, Sequence

import pycurl

from opsbook.adapters.http_prober.exchange import Exchange
from opsbook.book.probe import Probe
from opsbook.book.probe_reach import Reach
from opsbook.ledger.health import Reading

_LONGEST_WAIT_MS = 1000
_READY_IN = select.POLLIN | select.POLLHUP
_EVENTS = {
    pycurl.POLL_IN: select.POLLIN,
    pycurl.POLL_OUT: select.POLLOUT,
    pycurl.POLL_INOUT: select.POLLIN | select.POLLOUT,
}


class Loop:
    """A multi handle with its idle exchanges; for one thread at a time."""

    def __init__(self, reach: Reach, agent: str, authorities: str) -> None:
        self._made_of = reach, agent, authorities
        self._idle: list[Exchange] = []
        self._busy: dict[pycurl.Curl, Exchange] = {}
        self._poll = select.poll()
        self._wait_ms = -1
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    def run(self, probes: Sequence[Probe], tell: Callable[[Probe, Reading], None], in_flight: int) -> None:
        """Asks all and tells each; returns when all have come."""
        waiting = deque(probes)
        while waiting or self._busy:
            while waiting and len(self._busy) < in_flight:
                self._start(waiting.popleft(), tell)
            self._turn()
            self._reap(tell)

    def close(self) -> None:
        """Lets go of the handles."""
        for exchange in self._idle:
            exchange.curl.close()
        self._idle.clear()
        self._multi.close()

    def _start(self, probe: Probe, tell: Callable[[Probe, Reading], None]) -> None:
        exchange = self._idle.pop() if self._idle else Exchange(*self._made_of)
        refusal = exchange.begin(probe)
        if refusal is not None:
            self._idle.append(exchange)
            tell(probe, refusal)
            return
        self._busy[exchange.curl] = exchange
        self._multi.add_handle(exchange.curl)

    def _turn(self) -> None:
        """Waits for sockets or the timer, and lets libcurl do what is due."""
        if not self._busy:
            return
        wait_ms = self._wait_ms
        if wait_ms == 0:
            self._wait_ms = -1
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            ready = self._poll.poll(0)
        else:
            ready = self._poll.poll(wait_ms if 0 < wait_ms < _LONGEST_WAIT_MS else _LONGEST_WAIT_MS)
            if not ready:
                self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        action = self._multi.socket_action
        for descriptor, events in ready:
            bits = pycurl.CSELECT_IN if events & _READY_IN else 0
            if events & select.POLLOUT:
                bits |= pycurl.CSELECT_OUT
            action(descriptor, bits or pycurl.CSELECT_ERR)

    def _reap(self, tell: Callable[[Probe, Reading], None]) -> None:
        left = 1
        while left:
            left, done, failed = self._multi.info_read()
            for curl in done:
                self._finish(curl, 0, "", tell)
            for curl, code, said in failed:
                self._finish(curl, code, said, tell)

    def _finish(self, curl: pycurl.Curl, code: int, said: str, tell: Callable[[Probe, Reading], None]) -> None:
        exchange = self._busy.pop(curl)
        self._multi.remove_handle(curl)
        probe, reading = exchange.end(code, said)
        self._idle.append(exchange)
        tell(probe, reading)

    def _watch(self, what: int, descriptor: int, _multi: pycurl.CurlMulti, _object: object) -> None:
        events = _EVENTS.get(what)
        if events is not None:
            self._poll.register(descriptor, events)
            return
        try:
            self._poll.unregister(descriptor)
        except KeyError:
            return  # it was never waited for

    def _set_timer(self, timeout_ms: int) -> None:
        self._wait_ms = timeout_ms

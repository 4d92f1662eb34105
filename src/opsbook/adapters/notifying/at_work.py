"""What a worker does: takes one message after the other, hands it over, tells what became of it. Keeps nothing.

No connection of this process reaches an address that probes may not reach either, nor one inside where a stranger named
it: an audit hook looks at each, whatever library makes it, redirects and names that lead elsewhere included.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

import msgspec

from opsbook.adapters.notifying.jobs import HANDING, Job, Route
from opsbook.adapters.notifying.web import post
from opsbook.book.probe_reach import Reach
from opsbook.usecases.alerting_ports import Handed

_GRACE_S = 3.0  # whoever asked ends this process before; where that one died, this ends it


class Forbidden(OSError):
    """A connection to an address that may not be reached; `what` is that address in words."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class _Gate:
    """Looks at every connection of this process."""

    def __init__(self) -> None:
        self.reach = Reach()
        self.judged: tuple[tuple[str, ...], bool] = ((), False)
        self.refused = ""

    def begin(self, route: Route) -> None:
        """Before each message."""
        if (route.allowed, route.is_public) != self.judged:
            self.judged = (route.allowed, route.is_public)
            self.reach = Reach(route.allowed, is_public=route.is_public)
        self.refused = ""

    def look(self, event: str, arguments: tuple[object, ...]) -> None:
        """The audit hook."""
        if event != "socket.connect":
            return
        place = arguments[1]
        if not isinstance(place, tuple) or not place:
            return  # a socket of this machine that has a path
        what = self.reach.refusal(str(place[0]))
        if what is not None:
            self.refused = what
            raise Forbidden(what)


def work(descriptor: int) -> None:
    """Serves whoever asks through that pipe until it is closed."""
    gate = _Gate()
    sys.addaudithook(gate.look)
    with Connection(descriptor) as asker:
        try:
            asker.send_bytes(b"ready")
            while True:
                job = msgspec.msgpack.decode(asker.recv_bytes(), type=Job)
                gate.begin(job.route)
                signal.setitimer(signal.ITIMER_REAL, job.timeout_s + _GRACE_S)
                handed = _way(job.route)(job, lambda: asker.send_bytes(HANDING))
                if gate.refused and handed.state != "accepted":
                    handed = Handed("failed", f"Its address leads to one that may not be reached: {gate.refused}.")
                signal.setitimer(signal.ITIMER_REAL, 0)
                asker.send_bytes(msgspec.msgpack.encode(handed))
        except (EOFError, BrokenPipeError, ConnectionResetError):  # whoever asked is gone
            return


def _way(route: Route) -> Callable[[Job, Callable[[], None]], Handed]:
    if route.way == "web":
        return post
    if route.way == "mail":
        from opsbook.adapters.notifying.mail import send  # inside: webhooks need not wait for it

        return send
    from opsbook.adapters.notifying.other import notify  # inside: Apprise takes its time to import

    return notify

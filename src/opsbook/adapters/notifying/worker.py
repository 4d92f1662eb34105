"""One worker as its owner sees it: started, asked, ended when its time is over. Not for several threads at once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from multiprocessing.connection import Pipe

import msgspec

from opsbook.adapters.notifying.jobs import HANDING, Job, Route
from opsbook.usecases.alerting_ports import Handed, Message

_START = (
    "import sys; sys.path[:] = {path!r};"
    " from opsbook.adapters.notifying.at_work import work; work({descriptor})"
)  # fmt: skip
_START_S = 20.0  # a machine under load takes its time to start one; what it then does has its own time
_ENCODE = msgspec.msgpack.Encoder().encode


class Worker:
    """A process that hands over one message after the other. What it prints goes nowhere: libraries print tokens."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._ours, theirs = Pipe()
        with theirs:
            start = _START.format(path=sys.path, descriptor=theirs.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-c", start], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True, env=dict(environment),
            )  # fmt: skip
        self._is_ready = False
        self.is_usable = True

    def hand(self, message: Message, route: Route, timeout_s: float) -> Handed:
        """Has a message handed over and says what became of it; never longer than that, and never raises for it."""
        may_have_come = False
        try:
            if not self._is_ready and not self._waited(_START_S):
                return self._over("The worker that sends it did not start in time.", may_have_come)
            self._ours.send_bytes(_ENCODE(Job(message, route, timeout_s)))
            deadline = time.monotonic() + timeout_s
            while self._ours.poll(max(0.0, deadline - time.monotonic())):
                answer = self._ours.recv_bytes()
                if answer != HANDING:
                    return msgspec.msgpack.decode(answer, type=Handed)
                may_have_come = True
        except (EOFError, OSError):
            return self._over("The worker that sends it ended.", may_have_come)
        return self._over(f"It took longer than {timeout_s:g} seconds.", may_have_come)

    def kill(self) -> None:
        """Ends it, whatever it does; also from another thread."""
        self.is_usable = False
        self._process.kill()
        self._process.wait()

    def _waited(self, limit_s: float) -> bool:
        """Whether it told in time that it is there."""
        if not self._ours.poll(limit_s):
            return False
        self._ours.recv_bytes()
        self._is_ready = True
        return True

    def _over(self, why: str, may_have_come: bool) -> Handed:
        self.kill()
        self._ours.close()
        if may_have_come:
            return Handed("lost", f"{why} It may have come through.")
        return Handed("retrying", f"{why} Nothing had been handed over.")

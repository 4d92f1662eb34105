"""The child of a server that routes alerts and pages people, until told to stop. Answers nobody."""

from __future__ import annotations

import signal
import threading

from opsbook.config import Config
from opsbook.paging_parts import build_paging_parts
from opsbook.usecases.engine_loop import Waking


def page_people(config: Config, waking: Waking) -> None:
    """Does what is due until SIGTERM or Ctrl-C; what was not sent by then is sent by whoever pages next."""
    stop = threading.Event()

    def end(*_: object) -> None:
        stop.set()
        waking.notify()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    with build_paging_parts(config, waking) as parts:
        parts.loop.run(stop)

"""The child of a server that routes alerts and pages people, until told to stop. Answers nobody."""

from __future__ import annotations

import gc
import signal
import sys
import threading

from opsbook.config import Config
from opsbook.ledger.built_types import build_types
from opsbook.paging_parts import build_paging_parts
from opsbook.usecases.engine_loop import Waking

SWITCH_S = 0.001  # who hands a message over waits no longer than this for who routes the next batch
ALLOCATED = 20_000  # objects between two looks for garbage: a batch makes thousands, and none of them is any


def page_people(config: Config, waking: Waking) -> None:
    """Does what is due until SIGTERM or Ctrl-C; what was not sent by then is sent by whoever pages next."""
    stop = threading.Event()

    def end(*_: object) -> None:
        stop.set()
        waking.notify()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    build_types()  # before there is another thread that decodes
    with build_paging_parts(config, waking) as parts:
        sys.setswitchinterval(SWITCH_S)
        gc.freeze()  # whoever forked this looks for no garbage at all, and this process lives as long
        gc.set_threshold(ALLOCATED)
        gc.enable()
        parts.loop.run(stop)

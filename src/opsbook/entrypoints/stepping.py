"""The child of a server that runs steps: takes up what people started, until told to stop. Answers nobody."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Callable

from opsbook.config import Config
from opsbook.ground.errors import Failure
from opsbook.ledger.built_types import build_types
from opsbook.run_parts import RunParts, build_run_parts
from opsbook.usecases.runner import Runner

SWEEP_S = 3600.0  # how often outputs that are too old are forgotten


def run_steps(config: Config) -> None:
    """Runs what is to be run until SIGTERM or Ctrl-C. Steps under way go on without it, and are found again."""
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    build_types()  # before there is another thread that decodes
    with build_run_parts(config) as parts:
        gc.freeze()  # whoever forked this looks for no garbage at all, and this process lives as long
        gc.enable()
        sweeping = threading.Thread(target=_sweep, args=(parts, stop), name="sweep", daemon=True)
        sweeping.start()
        Runner(parts.ledger, parts.engine, owner=parts.owner, now=parts.now, report=_report).run(stop)
        sweeping.join()


def _sweep(parts: RunParts, stop: threading.Event) -> None:
    """Forgets old outputs at the start and from time to time."""
    is_over: Callable[[], bool] = stop.is_set
    while not is_over():
        try:
            parts.outputs.sweep(parts.now())
        except Failure as wrong:
            _report(str(wrong))
        stop.wait(SWEEP_S)


def _report(words: str) -> None:
    sys.stderr.write(f"opsbook: {words}\n")
    sys.stderr.flush()

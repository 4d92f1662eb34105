"""The child of a server that runs steps: takes up what people started, until told to stop. Answers nobody."""

from __future__ import annotations

import signal
import threading

from opsbook.config import Config


def run_steps(config: Config) -> None:
    """Runs what is to be run until SIGTERM or Ctrl-C. Steps under way go on without it, and are found again."""
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    stop.wait()

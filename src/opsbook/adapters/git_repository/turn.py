"""The turn of whoever changes a repository: one program at a time, for as long as it or a git that it started lives."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opsbook.ground.errors import Failure

PATIENCE_S = 10.0


@contextmanager
def turn_in(state: str, patience_s: float = PATIENCE_S) -> Iterator[int]:
    """Keeps out every other that changes here, as long as whoever holds the descriptor lives; `state` is the folder of
    the lock. Raises Failure where somebody else has it for longer than the patience."""
    try:
        os.makedirs(state, mode=0o700, exist_ok=True)
        descriptor = os.open(os.path.join(state, "save.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as wrong:
        raise Failure(f"The folder '{state}' cannot be written to: {wrong.strerror}.") from wrong
    try:
        give_up = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as wrong:
                if time.monotonic() >= give_up:
                    raise Failure("Another page is being saved; try again in a moment.", retryable=True) from wrong
                time.sleep(0.02)
        yield descriptor
    finally:
        os.close(descriptor)

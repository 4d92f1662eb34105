"""How far long work is, on standard error: one line that is written over on a terminal, none where nobody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET_S = 0.5  # work that takes no longer is not told of
EVERY_S = 0.1


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """What to tell: what is done, how far it is, how far it will be. The line is gone at the end."""
    next_at = time.monotonic() + QUIET_S
    has_shown = False

    def tell(what: str, done: int, whole: int) -> None:
        nonlocal next_at, has_shown
        now = time.monotonic()
        if now >= next_at and sys.stderr.isatty():
            next_at, has_shown = now + EVERY_S, True
            part = f" {100 * done // whole} %" if whole else ""
            sys.stderr.write(f"\r\x1b[K{what}:{part} ({done:,} of {whole:,})")
            sys.stderr.flush()

    try:
        yield tell
    finally:
        if has_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

"""A ledger that cannot be used for a while, as somebody at a terminal is told it: once, and when it is over.

Counts how long to wait before it is tried again; tries nothing itself.
"""

from __future__ import annotations

import time

import click

from opsbook.entrypoints.screen import Screen
from opsbook.entrypoints.shown.run import dimmed
from opsbook.entrypoints.shown.terminal import wrapped
from opsbook.ground.errors import Failure

_FIRST_S, _LONGEST_S = 0.25, 5.0


class Outage:
    """The time in which the ledger cannot be used, if it is such a time."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._since: float | None = None
        self._pause_s = _FIRST_S

    def begins(self, wrong: Failure) -> None:
        """Says that it cannot be used, and what then; said again while that lasts, it says nothing."""
        if self._since is not None:
            return
        self._since = time.monotonic()
        words = f"{wrong} A step that was begun goes on, and so does the run once the ledger is back. Ctrl-C leaves."
        self._screen.say(wrapped(click.style(f"  {words}", fg="yellow"), self._screen.width, 4))

    def ends(self) -> None:
        """Says that it is over, if there was one."""
        if self._since is not None:
            self._since, self._pause_s = None, _FIRST_S
            self._screen.say([dimmed("  The ledger is back; the run goes on.")])

    def pause_s(self) -> float:
        """How long to wait before it is tried again: each time twice as long, up to 5 seconds."""
        pause_s, self._pause_s = self._pause_s, min(self._pause_s * 2, _LONGEST_S)
        return pause_s

    @property
    def lasted_s(self) -> float:
        """For how long it has lasted."""
        return 0.0 if self._since is None else time.monotonic() - self._since

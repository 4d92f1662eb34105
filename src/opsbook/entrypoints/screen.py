"""What a running step prints, shown as it comes: behind a gutter, with the time that passes below. Obeys no output."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterable

import click

from opsbook.entrypoints.shown.run import GUTTER, dimmed
from opsbook.entrypoints.shown.terminal import NARROWEST, columns, printable
from opsbook.ground.terminal_text import TerminalText

_STILL_S = 1.0  # after so long without a line the time is shown
_REDRAW_S = 0.5


class Screen:
    """The lines of one run on standard output, or on standard error where that is kept for an answer in JSON."""

    def __init__(self, *, is_err: bool, is_coloured: bool, is_live: bool) -> None:
        self._is_err = is_err
        self._is_coloured = is_coloured
        self._is_live = is_live  # whether a line can be drawn again
        self._texts: dict[str, TerminalText] = {}
        self._names: dict[str, str] = {}
        self._status = False
        self._last = time.monotonic()
        self._drawn = 0.0

    @property
    def width(self) -> int | None:
        """The columns of the terminal, None where lines stay whole."""
        stream = sys.stderr if self._is_err else sys.stdout
        try:
            return max(os.get_terminal_size(stream.fileno()).columns, NARROWEST) if stream.isatty() else None
        except (OSError, ValueError):
            return None

    def say(self, lines: Iterable[str]) -> None:
        """Prints lines of ours."""
        self._wipe()
        for line in lines:
            self._write(line)
        self._last = time.monotonic()

    def output(self, key: str, part: bytes, *, name: str = "") -> None:
        """Prints the lines that ended with this part of the output of an attempt, `name` before each."""
        text = self._texts.setdefault(key, TerminalText(is_coloured=self._is_coloured))
        self._names[key] = f"{printable(name)} " if name else ""
        self._print(key, text.feed(part))

    def end_output(self, key: str) -> None:
        """Prints what is left of the last line of an attempt's output."""
        text = self._texts.pop(key, None)
        if text is not None:
            self._print(key, text.close())
        self._names.pop(key, None)

    def tick(self, waited_s: float, words: str) -> None:
        """Draws how long it takes, where nothing was printed for a while."""
        now = time.monotonic()
        if not self._is_live or now - self._last < _STILL_S or now - self._drawn < _REDRAW_S:
            return
        partial = next((text.unfinished for text in self._texts.values() if text.unfinished.strip()), "")
        width = (self.width or NARROWEST) - 1
        shown = f"{GUTTER}{partial or '…'}  "
        time_words = f"{clock(waited_s)}  {words}"
        room = width - columns(time_words)
        shown = shown if columns(shown) <= room else f"{shown[: max(room - 3, 4)]}…  "
        self._write(f"\r\x1b[2K{dimmed(shown + time_words)}", ends=False)
        self._status, self._drawn = True, now

    def _print(self, key: str, lines: list[str]) -> None:
        if not lines:
            return
        self._wipe()
        name = self._names.get(key, "")
        for line in lines:
            self._write(f"{dimmed(f'{GUTTER}{name}')}{line if chr(27) in line else dimmed(line)}")
        self._last = time.monotonic()

    def _wipe(self) -> None:
        if self._status:
            self._write("\r\x1b[2K", ends=False)
            self._status = False

    def _write(self, text: str, *, ends: bool = True) -> None:
        """Nobody reads what is written to a terminal that was closed, and no run fails by that."""
        try:
            click.echo(text, nl=ends, err=self._is_err)
        except OSError as wrong:
            if wrong.errno != errno.EIO:
                raise


def clock(seconds: float) -> str:
    """A time that passes: 0:07, 12:30, 1:02:03."""
    whole = int(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

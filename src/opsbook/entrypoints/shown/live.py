"""Lines that are drawn again in the same place of a terminal while something goes on. Knows not what they say."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import click


def can_redraw(lines: int) -> bool:
    """Whether so many lines can be drawn again: on a terminal that obeys and has the height."""
    if not sys.stdout.isatty() or os.name != "posix":
        return False
    from opsbook.config import is_dumb  # the environment is read there

    return not is_dumb() and lines < shutil.get_terminal_size().lines


@contextmanager
def redrawn(draw: Callable[[], Iterable[str]]) -> Iterator[Callable[[], None]]:
    """Draws at once, and again in the same place whenever what it gives is called; at the end they are wiped away."""
    drawn = 0

    def again() -> None:
        nonlocal drawn
        lines = list(draw())
        click.echo(_up(drawn) + "".join(f"\r\x1b[2K{line}\n" for line in lines), nl=False)
        drawn = len(lines)

    again()
    try:
        yield again
    finally:
        click.echo(f"{_up(drawn)}\r\x1b[J", nl=False)


def _up(lines: int) -> str:
    return f"\x1b[{lines}A" if lines else ""

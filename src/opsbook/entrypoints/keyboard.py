"""Keys and lines from the person at the terminal, and Ctrl-C as an answer instead of an end. Prints no questions."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

ENTER, INTERRUPT, END, OTHER = "enter", "interrupt", "end", "other"
ESCAPE = "\x1b"  # in a line that was typed
_LOOK_S = 0.2  # how often Ctrl-C is looked for while a key is waited for


class Interrupts:
    """Counts Ctrl-C while it is entered, so that a record that is being written is never cut off by one. `ended` is the
    number of the signal that told the program to end (SIGTERM, or SIGHUP of a terminal that was closed), else 0."""

    def __init__(self) -> None:
        self.ended = 0
        self._pressed = 0
        self._raises = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        heard = {signal.SIGINT: self._heard, signal.SIGTERM: self._told_to_end, signal.SIGHUP: self._told_to_end}
        for number, hear in heard.items():
            if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays what it is
                self._before[number] = signal.signal(number, hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def take(self) -> int:
        """How often it was pressed since it was last asked."""
        pressed, self._pressed = self._pressed, 0
        return pressed

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Within it, Ctrl-C raises KeyboardInterrupt as usual: while a line is typed."""
        self._raises = True
        try:
            yield
        finally:
            self._raises = False

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        if self._raises:
            raise KeyboardInterrupt
        self._pressed += 1

    def _told_to_end(self, number: int, _frame: FrameType | None) -> None:
        self.ended = number
        if self._raises:
            raise KeyboardInterrupt


class Keyboard:
    """The terminal on standard input, quiet while it is entered: what is typed is neither echoed nor kept for later."""

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._fd = sys.stdin.fileno()
        self._before: list[Any] | None = None

    def __enter__(self) -> Keyboard:
        import termios

        with suppress(termios.error):  # a terminal that cannot be set is read by lines
            self._before = termios.tcgetattr(self._fd)
        self._quiet()
        return self

    def __exit__(self, *_: object) -> None:
        self._loud()

    def forget(self) -> None:
        """Forgets what was typed so far: called before a question is shown, so that nothing typed while a step ran
        answers it."""
        import termios

        with suppress(termios.error):
            termios.tcflush(self._fd, termios.TCIFLUSH)

    def key(self) -> str:
        """The next key, in lower case; ENTER, INTERRUPT (also where the program was told to end), END (Ctrl-D) or OTHER
        by name."""
        if self._before is None:
            return self._key_by_line()
        self._quiet()
        while True:
            if self._interrupts.take() or self._interrupts.ended:
                return INTERRUPT
            if select.select([self._fd], [], [], _LOOK_S)[0]:
                return _named(os.read(self._fd, 64))

    def line(self, prompt: str, *, is_hidden: bool = False) -> str | None:
        """What is typed behind the prompt, None for Ctrl-C or the end of input."""
        import getpass

        self._loud()
        try:
            with self._interrupts.raising():
                if is_hidden:
                    return getpass.getpass(prompt)
                sys.stderr.write(prompt)
                sys.stderr.flush()
                typed = sys.stdin.readline()
                return typed.rstrip("\r\n") if typed else None
        except (KeyboardInterrupt, EOFError):
            sys.stderr.write("\n")
            return None
        finally:
            self._quiet()

    def _key_by_line(self) -> str:
        typed = self.line("> ")
        return INTERRUPT if typed is None else typed.strip().lower()[:1] or ENTER

    def _quiet(self) -> None:
        import termios

        if self._before is None:
            return
        with suppress(termios.error):  # of a terminal that was closed
            mode = termios.tcgetattr(self._fd)
            mode[3] &= ~(termios.ICANON | termios.ECHO)  # signals stay: Ctrl-C is one
            mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self._fd, termios.TCSADRAIN, mode)

    def _loud(self) -> None:
        import termios

        if self._before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)


def _named(typed: bytes) -> str:
    if typed[:1] in (b"\r", b"\n"):
        return ENTER
    if typed[:1] in (b"", b"\x04"):
        return END
    letter = typed.decode(errors="replace")[:1]
    return letter.lower() if letter.isprintable() and letter != " " else OTHER

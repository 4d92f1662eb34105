"""The shell scripts among a page's commands, each with its place in the file. Parses none.

What is typed inside another program (`psql=#`) and Python are left out: they are no shell.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from opsbook.book.commands import CommandText
from opsbook.book.page import Page
from opsbook.book.parts import parts_of, range_of
from opsbook.book.procedure import Procedure
from opsbook.book.steps import Command, Step


class Script(Struct, frozen=True):
    """One script of a step; its text is what the shell gets, without prompts."""

    procedure: Procedure
    step: Step
    command: Command
    typed: CommandText

    @property
    def text(self) -> str:
        return self.typed.text

    def place(self, page: Page, start: int, end: int) -> tuple[int, int]:
        """The bytes of the file for a byte range of the script; a range over several lines ends with its first."""
        first = self.typed.place(start)
        line_end = self.text.encode("utf-8", "surrogatepass").find(b"\n", start, end)
        last = self.typed.place((end if line_end < 0 else line_end) - 1) + 1 if end > start else first
        return range_of(page.document, self.command, first, max(first, last))


def scripts(page: Page) -> Iterator[Script]:
    """Every shell script of the page's procedures, in reading order."""
    for procedure, step, command in parts_of(page).commands:
        for text in command.code.commands:
            if not text.inner and text.language != "python":
                yield Script(procedure, step, command, text)

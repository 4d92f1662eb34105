"""What is said of a shell script: its commands, the variables it uses and sets, its functions and endless loops.

Plain values that refuse to judge; `walk` makes them and the other modules here read them.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

# Where an expansion stands, which decides whether the shell splits it and whether `ps` shows it.
Place = Literal["", "argument", "assignment", "test", "arithmetic", "list", "redirect", "heredoc", "case"]
Stdin = Literal["", "pipe", "file", "heredoc", "herestring"]


class Word(Struct, frozen=True, gc=False):
    """One word of a command: its text without quotes (expansions as written) and its byte range."""

    text: str
    start: int
    end: int


class Command(Struct, frozen=True):
    """One simple command. `targets` are the files its output goes to; `captured` says that it goes to a file,
    a pipe or a substitution; commands of one pipeline share its number; `function` is the function it is in."""

    words: tuple[Word, ...]
    start: int
    end: int
    stdin: Stdin = ""
    fed: str = ""  # the text of its here-document or here-string
    targets: tuple[Word, ...] = ()
    captured: bool = False
    background: bool = False
    pipeline: int = -1
    function: str = ""

    @property
    def name(self) -> str:
        return self.words[0].text if self.words else ""


class Use(Struct, frozen=True, gc=False):
    """One expansion of a variable: where, whether quoted, and its default (`${X:-a}`) or demand (`${X:?}`).

    `command` is the index of the command it is an argument of, or -1; `in_function` whether a function holds it.
    """

    name: str
    start: int
    end: int
    place: Place
    quoted: bool
    default: str | None = None
    required: bool = False
    command: int = -1
    in_function: bool = False


class Assigned(Struct, frozen=True, gc=False):
    """A variable that the script sets: where (the end counts: a value may use the old one) and whether exported."""

    name: str
    start: int
    end: int
    exported: bool = False
    value: str = ""


class Named(Struct, frozen=True, gc=False):
    """A name that the script gives to something: a function, an alias."""

    name: str
    start: int
    end: int


class Loop(Struct, frozen=True, gc=False):
    """A `while true` loop: its byte range and whether something in it can leave it."""

    start: int
    end: int
    ends: bool


class Script(Struct, frozen=True):
    """The facts of one script; `read` is false when it was too long or too dense to be parsed."""

    commands: tuple[Command, ...] = ()
    uses: tuple[Use, ...] = ()
    assigned: tuple[Assigned, ...] = ()
    functions: tuple[Named, ...] = ()
    loops: tuple[Loop, ...] = ()
    read: bool = True

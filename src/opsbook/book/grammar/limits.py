"""How long, how often, whether again: the values of Time limit, Retry, Repeat, Undo steps and Dry run.

Reads words to values or says why it cannot; waits for nothing and counts nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from msgspec import Struct

from opsbook.book.grammar.problem import Problem
from opsbook.book.grammar.words import SUCH_AS, leading_code, pattern, read_length, trimmed, unticked

MOST_RETRIES = 1000


class Retry(Struct, frozen=True):
    """After a known failure, up to `times` further attempts; the n-th waits `every` × `backoff` to the power n-1."""

    times: int
    every: timedelta = timedelta(0)
    backoff: float = 1.0


class Repeat(Struct, frozen=True):
    """What may happen to a step whose outcome is unknown. `done_if` is a command: exit 0 says done, 1 not done."""

    mode: Literal["safe", "ask", "never"]
    done_if: str | None = None


class UndoSteps(Struct, frozen=True):
    """Which finished steps are undone, last first: all, or those from a step's number on."""

    from_step: str | None = None


class DryRun(Struct, frozen=True):
    """What a dry run does instead: `command`, or the step itself when it is `same`."""

    command: str | None = None

    @property
    def same(self) -> bool:
        return self.command is None


def read_time_limit(text: str) -> timedelta | Problem:
    """The length of time, more than nothing."""
    length = read_length(text)
    if length is None:
        return Problem(f"'{trimmed(text)}' is not a duration {SUCH_AS}.", "Write a number and a unit, such as 5m.")
    return length


_COUNTS = {"once": 1, "twice": 2, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}


def read_retry(text: str) -> Retry | Problem:
    """`3 times`, `3 times, every 10s`, `5 times, every 1m, backoff x2`; a bare number counts as times."""
    first, *rest = [part.strip() for part in unticked(text).split(",")]
    times = _times(first)
    if times is None:
        return Problem(f"'{trimmed(text)}' does not say how often to try again.", "Write '3 times, every 10s'.")
    every, backoff = timedelta(0), 1.0
    for part in rest:
        waits = pattern(r"every\s+(.+)").fullmatch(part)
        grows = pattern(r"backoff\s+(?:[x×]\s*)?(\d+(?:\.\d+)?)\s*x?").fullmatch(part)
        length = read_length(waits[1]) if waits else None
        if length is not None:
            every = length
        elif grows and 1 <= float(grows[1]) <= 100:
            backoff = float(grows[1])
        else:
            fix = "Write 'every 10s' or 'backoff x2' after the count."
            return Problem(f"'{part}' is neither a pause nor a backoff of a retry.", fix)
    return Retry(times, every, backoff)


def _times(text: str) -> int | None:
    found = pattern(r"(?:up to\s+)?(\d{1,4}|[a-z]+)(?:\s*(?:times?|x|retries|attempts))?").fullmatch(text)
    if found is None:
        return None
    times = int(found[1]) if found[1].isdecimal() else _COUNTS.get(found[1].lower())
    return times if times is not None and 1 <= times <= MOST_RETRIES else None


_MODES: dict[str, Literal["safe", "ask", "never"]] = {
    "safe": "safe", "ask": "ask", "never": "never", "yes": "safe", "no": "never",
}  # fmt: skip


def read_repeat(text: str) -> Repeat | Problem:
    """`safe`, `ask` or `never` (`yes` and `no` after "Safe to repeat"), and `; done if` with a command."""
    head, probe = trimmed(text), None
    found = pattern(r"(.*?)[;,.]?\s*\bdone if\b:?\s*(.*)").fullmatch(head)
    if found:
        code = leading_code(found[2])
        if code is None:
            fix = "Write the command in backticks: done if `test -e /x`."
            return Problem("'done if' is followed by no command.", fix)
        head, probe = found[1].strip(), code[0]
    mode = _MODES.get(unticked(head).lower().rstrip(".")) if head else "ask"
    if mode is None:
        fix = "Write one of the three, and if there is one, the check: ask; done if `command`."
        return Problem(f"'{head}' is none of safe, ask and never.", fix)
    return Repeat(mode, probe)


def read_undo_steps(text: str) -> UndoSteps | Problem:
    """`all`, or `from step 3`."""
    words = unticked(text).rstrip(".")
    if words.lower() == "all":
        return UndoSteps()
    found = pattern(r"from step (\d{1,4}(?:\.\d{1,4})*)").fullmatch(words)
    if found is None:
        return Problem(f"'{trimmed(text)}' does not say which steps to undo.", "Write 'all' or 'from step 3'.")
    return UndoSteps(found[1])


def read_dry_run(text: str) -> DryRun | Problem:
    """A command in backticks, or `same` for a step that only reads."""
    if unticked(text).lower().rstrip(".") == "same":
        return DryRun()
    code = leading_code(text)
    if code is None:
        fix = "Write the command in backticks, or 'same' for a step that only reads."
        return Problem(f"'{trimmed(text)}' is no command.", fix)
    return DryRun(code[0])

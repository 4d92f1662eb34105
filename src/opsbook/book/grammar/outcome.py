"""What a step must come to: the values of Expect, Capture and Ask. Looks at no output."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from msgspec import Struct

from opsbook.book.grammar.parameter_type import ParameterType, read_type
from opsbook.book.grammar.problem import Problem
from opsbook.book.grammar.words import (
    SUCH_AS,
    leading_code,
    name_problem,
    pattern,
    quoted,
    read_length,
    read_regex,
    regex_source,
    trimmed,
    unticked,
    variable,
)


class Expect(Struct, frozen=True):
    """What makes a command a success, tried again `every` so often `within` a time when those are given.

    By `kind`: exit (one of `codes`), contains (`text`, or the value of `parameter`), matches (the regex `pattern`
    is found in the output), empty (no output).
    """

    kind: Literal["exit", "contains", "matches", "empty"]
    codes: tuple[int, ...] = ()
    text: str = ""
    parameter: str = ""
    pattern: str = ""
    within: timedelta | None = None
    every: timedelta | None = None


class Capture(Struct, frozen=True):
    """The variable `name` gets the first group of `pattern` in the output, or all of the output when it is None."""

    name: str
    pattern: str | None = None


class Ask(Struct, frozen=True):
    """What the operator is asked for, and of which type it must be."""

    name: str
    type: ParameterType


_FORMS = "Write 'exit 0', 'output contains \"text\"', 'output matches /regex/' or 'output is empty'."
_TAIL = r"(.*?)(?:[,\s]+within\s+([^,\"'`/“”]+?))?(?:[,\s]+every\s+([^,\"'`/“”]+?))?"


def read_expect(text: str) -> Expect | Problem:
    """`exit 0, 2`, `output contains "x"`, `output matches /re/`, `output is empty`; each `within 2m, every 5s`."""
    found = pattern(_TAIL).fullmatch(unticked(text).rstrip("."))
    head = found[1].strip() if found else ""
    if found is None or not head:
        return Problem(f"'{trimmed(text)[:80]}' is no expectation.", _FORMS)
    within, every = None, None
    if found[2]:
        within = read_length(found[2])
        if within is None:
            return Problem(f"'within {found[2]}' is not a duration {SUCH_AS}.", "Write 'within 2m'.")
    if found[3]:
        every = read_length(found[3])
        if every is None:
            return Problem(f"'every {found[3]}' is not a duration {SUCH_AS}.", "Write 'every 5s'.")
        if within is None:
            fix = "Write 'within 2m, every 5s'."
            return Problem("'every' says how often to look, and nothing says how long.", fix)
    wanted = _wanted(head)
    if isinstance(wanted, Problem):
        return wanted
    return Expect(wanted.kind, wanted.codes, wanted.text, wanted.parameter, wanted.pattern, within, every)


def _wanted(head: str) -> Expect | Problem:
    """The expectation without its time."""
    exits = pattern(r"exits?(?:\s+(?:code|status))?\s+(\d{1,3}(?:\s*(?:,|or)\s*\d{1,3})*)").fullmatch(head)
    if exits:
        codes = tuple(int(code) for code in pattern(r"\d+").findall(exits[1]))
        if max(codes) > 255:
            return Problem(f"A command never exits with {max(codes)}: the greatest is 255.", "Write the exit status.")
        return Expect("exit", codes)
    if pattern(r"(?:the\s+)?output\s+is\s+empty|no\s+output").fullmatch(head):
        return Expect("empty")
    contains = pattern(r"(?:the\s+)?output\s+contains\s+(.+)").fullmatch(head)
    if contains:
        return _contains(contains[1])
    matches = pattern(r"(?:the\s+)?output\s+matches\s+(.+)").fullmatch(head)
    if matches:
        return _matches(matches[1])
    return Problem(f"'{head[:80]}' is no expectation.", _FORMS)


def _contains(written: str) -> Expect | Problem:
    name = variable(written) if "`" in written else None
    if name is not None:
        return Expect("contains", parameter=name)
    text = quoted(written)
    if text is None:
        return Problem(f"The text '{written}' is not in quotes.", f'Write output contains "{written}".')
    return Expect("contains", text=text)


def _matches(written: str) -> Expect | Problem:
    source = regex_source(written)
    if source is None:
        return Problem(f"The regex '{written}' is not between slashes.", f"Write output matches /{unticked(written)}/.")
    compiled = read_regex(source)
    return compiled if isinstance(compiled, Problem) else Expect("matches", pattern=source)


def read_capture(text: str) -> Capture | Problem:
    """`` `NAME` from /regex(group)/ `` or `` `NAME` from output ``."""
    found = pattern(r"`?([^`\s]+)`?\s+from\s+(.+)").fullmatch(trimmed(text).rstrip("."))
    if found is None:
        fix = "Write `NAME` from /regex(group)/ or `NAME` from output."
        return Problem(f"'{trimmed(text)[:80]}' does not say what to capture.", fix)
    name = found[1].lstrip("$")
    wrong = name_problem(name)
    if wrong is not None:
        return wrong
    if unticked(found[2]).lower() in ("output", "the output"):
        return Capture(name)
    source = regex_source(found[2])
    if source is None:
        fix = f"Write `{name}` from /id: (\\S+)/."
        return Problem(f"'{found[2]}' is neither 'output' nor a regex between slashes.", fix)
    compiled = read_regex(source)
    if isinstance(compiled, Problem):
        return compiled
    if compiled.groups < 1:
        fix = "Put parentheses around the part to keep, as in /id: (\\S+)/."
        return Problem(f"The regex /{source}/ has no group, so it does not say which part is {name}.", fix, "group")
    return Capture(name, source)


def read_ask(text: str) -> Ask | Problem:
    """`` `NAME` type ``, where no type means string."""
    code = leading_code(text)
    if code is None:
        bare = pattern(r"\$?([A-Z][A-Z0-9_]*)\b\s*(.*)").fullmatch(trimmed(text))
        if bare is None or bare[1] != bare[1].upper():
            fix = "Write `NAME` and its type, such as `ROWS` number."
            return Problem(f"'{trimmed(text)[:80]}' names no variable to ask for.", fix)
        code = bare[1], bare[2]
    name = code[0].lstrip("$")
    wrong = name_problem(name)
    if wrong is not None:
        return wrong
    kind = read_type(code[1].lstrip(":,- ") or "string")
    return kind if isinstance(kind, Problem) else Ask(name, kind)

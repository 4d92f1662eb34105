"""The types of parameters: what a type cell may say, and whether a value is of it. Asks nobody for a value."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from opsbook.book.grammar.problem import Problem
from opsbook.book.grammar.words import (
    SUCH_AS,
    pattern,
    quoted,
    read_length,
    read_regex,
    regex_source,
    trimmed,
    unticked,
)

MOST_CHARACTERS = 4096
Kind = Literal["string", "number", "integer", "choice", "pattern", "host", "duration", "file", "secret"]


class ParameterType(Struct, frozen=True):
    """The type of a parameter by `kind`: integer and number lie in `low`..`high` (None is open), a choice is one of
    `choices`, a pattern is matched as a whole, a host is a member of `group` (any when empty), a secret comes from
    `source` (asked for when empty)."""

    kind: Kind
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    group: str = ""
    source: str = ""

    def mismatch(self, value: str) -> str | None:
        """Why a value is not of this type, or None when it is. Time-limit this for patterns of strangers."""
        if len(value) > MOST_CHARACTERS:
            return f"it is longer than {MOST_CHARACTERS} characters"
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
            return "it holds a control character"
        check = _CHECKS.get(self.kind)
        return check(self, value) if check else None


def _number(kind: ParameterType, value: str) -> str | None:
    form = r"[+-]?\d{1,300}"
    if kind.kind == "number":
        form = r"[+-]?(?:\d{1,300}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
    if not re.fullmatch(form, value, re.ASCII):
        return f"it is not {'a whole number' if kind.kind == 'integer' else 'a number'}"
    amount = float(value)
    if (kind.low is not None and amount < kind.low) or (kind.high is not None and amount > kind.high):
        return f"it is not within {_written(kind.low)}..{_written(kind.high)}"
    return None


def _written(bound: float | None) -> str:
    return "" if bound is None else f"{bound:g}"


def _choice(kind: ParameterType, value: str) -> str | None:
    return None if value in kind.choices else "it is not one of " + ", ".join(kind.choices)


def _pattern(kind: ParameterType, value: str) -> str | None:
    return None if re.fullmatch(kind.pattern, value) else f"it does not match /{kind.pattern}/"


def _host(_kind: ParameterType, value: str) -> str | None:
    return None if re.fullmatch(HOST, value, re.ASCII) else "it is not a host's name"


def _duration(_kind: ParameterType, value: str) -> str | None:
    return None if read_length(value) else f"it is not a duration {SUCH_AS}"


HOST = r"(?:[\w.-]+@)?(?:[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
_CHECKS = {
    "integer": _number,
    "number": _number,
    "choice": _choice,
    "pattern": _pattern,
    "host": _host,
    "duration": _duration,
}

# What people also call them.
_WORDS: dict[str, Kind] = {
    "string": "string", "str": "string", "text": "string",
    "number": "number", "float": "number", "decimal": "number",
    "integer": "integer", "int": "integer",
    "host": "host", "hostname": "host",
    "duration": "duration",
    "file": "file", "path": "file",
    "secret": "secret", "password": "secret",
}  # fmt: skip
_FORMS = "Write string, number, integer 1..9, `a` \\| `b`, /regex/, host in GROUP, duration, file or secret SOURCE."
STRING = ParameterType("string")
_BOOLEAN = ParameterType("choice", choices=("true", "false"))


def read_type(text: str) -> ParameterType | Problem:
    """The type that a cell of the parameter table or an Ask names; an empty one is string."""
    written = trimmed(text).replace("\\|", "|")
    bare = unticked(written)
    if not bare:
        return STRING
    source = regex_source(written)
    if source is not None:
        compiled = read_regex(source)
        return compiled if isinstance(compiled, Problem) else ParameterType("pattern", pattern=source)
    if "|" in bare:
        return _read_choice(written)
    if bare.lower() in ("boolean", "bool"):
        return _BOOLEAN
    kind = _WORDS.get(bare.lower())
    if kind is not None:
        return ParameterType(kind)
    return _read_detailed(bare)


def _read_choice(written: str) -> ParameterType | Problem:
    choices = []
    for part in written.split("|"):
        choice = quoted(part) if quoted(part) is not None else part.strip(" `")
        if not choice or (" " in choice and quoted(part) is None):
            fix = "Write each in backticks: `staging` \\| `production`."
            return Problem(f"'{written}' is no list of choices.", fix)
        choices.append(choice)
    return ParameterType("choice", choices=tuple(choices))


def _read_detailed(bare: str) -> ParameterType | Problem:
    """The types that say more than a word."""
    bound = r"(-?\d{1,15}(?:\.\d+)?)?"
    ranged = pattern(rf"(integer|int|number)\s+{bound}\s*(?:\.\.|–|to)\s*{bound}").fullmatch(bare)
    if ranged and (ranged[2] or ranged[3]):
        low, high = (float(end) if end else None for end in (ranged[2], ranged[3]))
        if low is not None and high is not None and low > high:
            return Problem(f"The range of '{bare}' is empty.", "Write the smaller number first, as in 1..9.")
        return ParameterType("number" if ranged[1].lower() == "number" else "integer", low, high)
    host = pattern(r"host\s+(?:in|of)\s+`?([\w$.{}-]+)`?").fullmatch(bare)
    if host:
        return ParameterType("host", group=host[1])
    secret = pattern(r"secret\s+(?:from\s+)?`?([a-z][\w-]*:[^\s`]+)`?").fullmatch(bare)
    if secret:
        return ParameterType("secret", source=secret[1])
    return Problem(f"'{bare[:80]}' is not a type of parameter.", _FORMS)

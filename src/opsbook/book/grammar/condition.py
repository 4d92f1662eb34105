"""When a step is done at all: the value of When. Evaluates nothing."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from opsbook.book.grammar.problem import Problem
from opsbook.book.grammar.words import leading_code, pattern, quoted, trimmed, unticked, variable


class When(Struct, frozen=True):
    """A condition by `kind`: command (exit 0 of `command` says yes), is, is-not, in, not-in (`parameter` against
    `values`)."""

    kind: Literal["command", "is", "is-not", "in", "not-in"]
    command: str = ""
    parameter: str = ""
    values: tuple[str, ...] = ()


_FORMS = "Write a command in backticks, or `$NAME` is `value`, `$NAME` is not `value`, `$NAME` in `a`, `b`."
_KINDS: dict[str, Literal["is", "is-not", "in", "not-in"]] = {
    "is": "is", "=": "is", "==": "is", "is not": "is-not", "!=": "is-not",
    "in": "in", "is in": "in", "is one of": "in", "not in": "not-in", "is not in": "not-in",
}  # fmt: skip


def read_when(text: str) -> When | Problem:
    """A command in backticks at the start, or a comparison of a parameter with values."""
    text = trimmed(text)
    compared = pattern(
        r"(`\$\{?\w+\}?`|\$\{?\w+\}?)\s*(is\s+not\s+in|is\s+one\s+of|is\s+not|is\s+in|not\s+in|is|in|==|=|!=)(?![\w=])\s*(.*)"
    ).fullmatch(text)
    name = variable(compared[1]) if compared else None
    if compared and name:
        return _comparison(name, _KINDS[" ".join(compared[2].lower().split())], compared[3])
    code = leading_code(text)
    if code is None:
        return Problem(f"'{text[:80]}' is no condition that can be evaluated.", _FORMS)
    name = variable(code[0])
    if name is not None:
        return Problem(f"`${name}` alone is no condition.", f"Write what it must be: `${name}` is `value`.")
    return When("command", command=code[0])


def _comparison(name: str, kind: Literal["is", "is-not", "in", "not-in"], written: str) -> When | Problem:
    written = written.rstrip(". ")
    parts = re.split(r"\s*(?:,|\bor\b)\s*", written) if kind in ("in", "not-in") else [written]
    values = []
    for part in parts:
        value = quoted(part)
        if value is None:
            value = unticked(part)
            if not value or " " in value:
                return Problem(f"'{written[:80]}' is no value to compare `${name}` with.", "Write it in backticks.")
        values.append(value)
    return When(kind, parameter=name, values=tuple(values))

"""The small words that values are made of: lengths of time, names of variables, code spans, quoted texts, regexes.

Knows no label. Patterns are compiled when first needed, since most pages hold no value of ours.
"""

from __future__ import annotations

import re
import warnings
from datetime import timedelta
from functools import cache, lru_cache

from opsbook.book.grammar.problem import Problem
from opsbook.ground.durations import read_duration

MOST_VALUE = 2000
MOST_REGEX = 1000  # characters; a longer one is no expectation, and compiling takes its time
SUCH_AS = "such as 30s, 5m, 2h"
# Names that change what the shell, the loader or an interpreter does. `ENV` is left out on purpose: it is what people
# call their environment, and only `sh` in interactive mode reads it.
_TAKEN = frozenset({
    "PATH", "BASH_ENV", "IFS", "PS4", "PROMPT_COMMAND", "SHELLOPTS", "BASHOPTS", "PERL5LIB", "PERL5OPT", "PERL5DB",
    "RUBYOPT", "RUBYLIB", "NODE_OPTIONS", "HOME",
})  # fmt: skip
_TAKEN_LEADS = ("LD_", "PYTHON", "PERL5", "GIT_SSH", "SSH_", "BASH_FUNC_", "DYLD_")


def trimmed(text: str) -> str:
    """The text without surrounding space; at most 2,000 characters, so that no search over it takes long."""
    return text[:MOST_VALUE].strip()


@cache
def pattern(source: str) -> re.Pattern[str]:
    """A pattern of this grammar, compiled once and without regard to letter case."""
    return re.compile(source, re.IGNORECASE | re.DOTALL)


def unticked(text: str) -> str:
    """The text without surrounding space and, when all of it is one code span, without its backticks."""
    text = trimmed(text)
    if len(text) > 1 and text[0] == text[-1] == "`":
        ticks = len(text) - len(text.lstrip("`"))
        inner = text[ticks : len(text) - ticks]
        if text.endswith("`" * ticks) and inner and "`" * ticks not in inner:
            return inner.strip()
    return text


def leading_code(text: str) -> tuple[str, str] | None:
    """The code span that a text opens with, and what follows it; None when it opens with something else."""
    text = trimmed(text)
    found = pattern(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)").match(text)
    if found is None or not found[2].strip():
        return None
    return found[2].strip(), text[found.end() :].strip()


@lru_cache(maxsize=256)
def read_length(text: str) -> timedelta | None:
    """A length of time greater than nothing, such as `30s`, `5 minutes`, `1h30m`; None when it is none."""
    length = read_duration(unticked(text)) if len(text) <= 60 else None
    return length if length is not None and length > timedelta(0) else None


def variable(text: str) -> str | None:
    """The name in `$NAME` or `${NAME}`, with or without backticks; None for anything else."""
    found = re.fullmatch(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})", unticked(text), re.ASCII)
    return (found[1] or found[2]) if found else None


def name_problem(name: str) -> Problem | None:
    """Why a name cannot be a parameter's, or None when it can."""
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        spelled = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
        fix = f"Write {spelled}." if re.fullmatch(r"[A-Z][A-Z0-9_]*", spelled) else "Write it like VERSION or DB_HOST."
        return Problem(f"'{name}' is no name for a parameter: capital letters, digits and _ only.", fix)
    if name in _TAKEN or name.startswith(_TAKEN_LEADS):
        fix = f"Choose another name, such as {name.split('_')[0]}_VALUE."
        return Problem(f"'{name}' changes what the shell or the loader does, so no parameter may have that name.", fix)
    return None


def quoted(text: str) -> str | None:
    """The text within one pair of quotes or backticks that encloses all of it, or None."""
    text = trimmed(text)
    for opening, closing in (('"', '"'), ("'", "'"), ("`", "`"), ("“", "”"), ("„", "“")):
        if len(text) > 2 and text.startswith(opening) and text.endswith(closing) and closing not in text[1:-1]:
            return text[1:-1]
    return None


def regex_source(text: str) -> str | None:
    """What stands between the slashes of `/…/`, with or without backticks; None when it is not so written."""
    text = unticked(text)
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "/" else None


@lru_cache(maxsize=256)
def read_regex(source: str) -> re.Pattern[str] | Problem:
    """The compiled regex, or why it does not compile."""
    fix = "Mend the regex; a literal bracket, dot or plus is written with \\ before it."
    if not source:
        fix = "Write what is looked for between the slashes."
        return Problem("The regex is empty, which matches everything.", fix, "regex")
    if len(source) > MOST_REGEX:
        return Problem(f"The regex is longer than {MOST_REGEX} characters.", "Write a shorter one.", "regex")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of doubtful sets such as [[; they are the author's to judge
            return re.compile(source)
    except re.error as wrong:
        where = "" if wrong.pos is None else f" at its character {wrong.pos + 1}"
        return Problem(f"The regex /{source}/ does not compile: {wrong.msg}{where}.", fix, "regex")
    except (RecursionError, OverflowError, MemoryError):
        return Problem("The regex does not compile: it is nested too deeply or repeats too often.", fix, "regex")


def clauses(text: str) -> list[str]:
    """The parts of a text between commas, those within backticks or quotes left whole; empty parts are dropped."""
    parts = [""]
    mark = ""
    for letter in text:
        if mark:
            mark = "" if letter == mark else mark
        elif letter in '`"':
            mark = letter
        elif letter == ",":
            parts.append("")
            continue
        parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]

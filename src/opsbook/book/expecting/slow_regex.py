"""Regular expressions of pages, kept from taking for ever: which are refused, and how the others are looked for.

`re` holds the interpreter while it searches, and the text comes from a stranger. So an expression that may take
exponential time is refused when the page is read (a repeat within a repeat, a choice within a repeat, a
back-reference), and one that may take cubic time too: more than two repeats over a wide set such as `.*`, or side by
side. What is left takes at most a few 10 ms from each place where it may begin, and the clock is looked at between
those places.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

from opsbook.book.grammar.problem import Problem
from opsbook.book.grammar.words import read_regex

MOST_SEARCHED = 4096  # characters of an answer that an expression is looked for in
LONGEST_SEARCH_S = 0.1
MOST_COSTLY = 2
MOST_REPEATS = 8

_ATOM = r"(?:\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^\\\[\]()*+?{}|])"
_REPEAT = r"(?:[*+]|\{\d*,\d*\}|\{\d{2,}\})[?+]?"
_WIDE = r"(?:\.|\\[SDW]|\\w|\[\^\]?(?:\\.|[^\]\\])*\])"


@lru_cache(maxsize=256)
def read_search(source: str) -> Problem | None:
    """Why an expression is not looked for, or None when it is."""
    compiled = read_regex(source)
    if isinstance(compiled, Problem):
        return compiled
    plain = re.sub(r"\\\\|\\[()\[\]{}|*+?]", "_", source)
    classless = re.sub(r"\[\^?\]?(?:\\.|[^\]\\])*\]", "_", plain)
    if re.search(r"\\[1-9]|\(\?P=", classless):
        return _refused(source, "it refers back to a group")
    if _repeats_a_group(classless):
        return _refused(source, "it repeats a group that repeats or chooses something itself")
    runs = _side_by_side(source)
    costly = len(re.findall(_WIDE + _REPEAT, plain)) + sum(len(run) - 1 for run in runs)
    repeats = len(re.findall(_REPEAT + "|\\?", classless))
    if costly > MOST_COSTLY or repeats > MOST_REPEATS or any(map(_has_twins, runs)):
        return _refused(source, "it repeats too many things")
    return None


def _side_by_side(source: str) -> list[list[str]]:
    """The repeats with nothing between them, each run as what is repeated: `\\s*\\d+` is [`\\s`, `\\d`]."""
    runs = re.findall(f"(?:{_ATOM}{_REPEAT}){{2,}}", source)
    return [re.findall(f"({_ATOM}){_REPEAT}", run) for run in runs]


def _has_twins(run: list[str]) -> bool:
    return any(one == other for one, other in pairwise(run))


def _refused(source: str, why: str) -> Problem:
    fix = "Write a plainer one, or the text that is looked for in quotes."
    return Problem(f"The regular expression /{source}/ may take for ever: {why}.", fix, "regex")


def _repeats_a_group(source: str) -> bool:
    """Whether a group with a repeat or a choice in it is repeated; `source` has no sets and no escaped brackets."""
    inner = [False]
    at = 0
    while at < len(source):
        if source[at] == "(":
            inner.append(False)
            found = re.compile(r"\(\?[a-zA-Z:=!<>-]*").match(source, at)
            at = found.end() if found else at + 1
        elif source[at] == ")":
            was = inner.pop() if len(inner) > 1 else False
            repeat = re.compile(r"[*+?]|\{\d*,?\d*\}").match(source, at + 1)
            if repeat and was and repeat.group() != "?":
                return True
            inner[-1] = inner[-1] or was or repeat is not None
            at = repeat.end() if repeat else at + 1
        else:
            found = re.compile(r"[*+?|]|\{\d*,?\d*\}").match(source, at)
            inner[-1] = inner[-1] or found is not None
            at = found.end() if found else at + 1
    return False


def search(source: str, text: str, clock: Callable[[], float]) -> bool | None:
    """Whether an expression is found in the first 4,096 characters; None when `clock` says that it took too
    long, and for an expression that is refused."""
    compiled = read_regex(source)
    if isinstance(compiled, Problem) or read_search(source) is not None:
        return None
    text = text[:MOST_SEARCHED]
    stops_at = clock() + LONGEST_SEARCH_S
    for at in range(len(text) + 1):
        if compiled.match(text, at):
            return True
        if clock() > stops_at:
            return None
    return False

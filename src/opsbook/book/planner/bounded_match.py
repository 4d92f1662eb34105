"""Whether a regex of a page matches the whole of a value, in a time that grows with both and never beyond a bound.

`re` goes back and tries again, which takes the age of the universe for `(a+)+b`. This follows all ways at once instead:
from a set of places in the value to the set of those behind a part of the regex. It takes what types are written with;
a look-behind, a reference to a group or a flag is not followed, and the answer is then None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

# The parser that `re` itself uses has this name since Python 3.11; it has no other way in.
_PARSER: Any = import_module("re._parser")
_MOST_PLACES = 1_000_000  # looked at in all; about a second
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip
Places = frozenset[int]


class _GivenUp(Exception):
    """The regex says something that is not followed here, or it takes too long."""


def matches_whole(source: str, value: str) -> bool | None:
    """As `re.fullmatch`, of a regex that compiles; None where that cannot be said in bounded time."""
    parsed = _PARSER.parse(source)
    if parsed.state.flags & ~re.UNICODE.value:
        return None
    try:
        return len(value) in _Walk(value).behind(parsed, frozenset((0,)))
    except (_GivenUp, RecursionError):
        return None


class _Walk:
    """One value, and how many places of it were looked at."""

    def __init__(self, value: str) -> None:
        self._value = value
        self._left = _MOST_PLACES

    def behind(self, parts: Iterable[tuple[Any, Any]], places: Places) -> Places:
        """The places behind a sequence of parts, from any of these."""
        for name, what in parts:
            self._left -= len(places) + 1
            if self._left < 0:
                raise _GivenUp
            places = self._part(str(name), what, places)
        return places

    def _part(self, name: str, what: Any, places: Places) -> Places:
        if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            takes = _taking(name, what)
            end = len(self._value)
            return frozenset(at + 1 for at in places if at < end and takes(self._value[at]))
        if name == "BRANCH":
            return frozenset().union(*(self.behind(each, places) for each in what[1]))
        if name == "SUBPATTERN" and not what[1] and not what[2]:
            return self.behind(what[3], places)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            return self._repeated(what[0], what[1], what[2], places)
        if name == "AT":
            return frozenset(at for at in places if self._is_at(str(what), at))
        if name in ("ASSERT", "ASSERT_NOT") and what[0] >= 0:
            is_wanted = name == "ASSERT"
            return frozenset(at for at in places if bool(self.behind(what[1], frozenset((at,)))) == is_wanted)
        raise _GivenUp

    def _repeated(self, least: int, most: Any, what: Any, places: Places) -> Places:
        for _ in range(least):
            places = self.behind(what, places)
            if not places:
                return places
        found, new, times = places, places, least
        while new and times < int(most):
            new = self.behind(what, new) - found  # who came to a place earlier may go on for longer from there
            found |= new
            times += 1
        return found

    def _is_at(self, what: str, at: int) -> bool:
        value, end = self._value, len(self._value)
        if what in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
            return at == 0
        if what in ("AT_END", "AT_END_STRING"):
            return at == end or (what == "AT_END" and at == end - 1 and value[at] == "\n")
        if what in ("AT_BOUNDARY", "AT_NON_BOUNDARY"):
            before, after = (re.match(r"\w", value[i : i + 1]) if i >= 0 else None for i in (at - 1, at))
            return (bool(before) != bool(after)) == (what == "AT_BOUNDARY")
        raise _GivenUp


def _taking(name: str, what: Any) -> Callable[[str], bool]:
    """Whether a part that is one character takes a character."""
    if name == "ANY":
        return lambda letter: letter != "\n"
    if name != "IN":
        return lambda letter: (ord(letter) == what) == (name == "LITERAL")
    is_negated = bool(what) and str(what[0][0]) == "NEGATE"
    parts = [_member(str(kind), value) for kind, value in (what[1:] if is_negated else what)]
    return lambda letter: any(part(letter) for part in parts) != is_negated


def _member(kind: str, value: Any) -> Callable[[str], bool]:
    if kind == "LITERAL":
        return lambda letter: ord(letter) == value
    if kind == "RANGE":
        return lambda letter: value[0] <= ord(letter) <= value[1]
    if kind == "CATEGORY" and str(value) in _CATEGORIES:
        compiled = re.compile(_CATEGORIES[str(value)])
        return lambda letter: compiled.match(letter) is not None
    raise _GivenUp

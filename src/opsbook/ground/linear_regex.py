"""Regular expressions as Go writes them (RE2), matched against a whole text in time linear in its length.

Python's own `re` takes the age of the universe for some, and reads others differently (`\\d`, `\\z`, `(?i)` in the
middle). Here an expression becomes a machine whose states are found as texts need them, so no expression is slow. It
tells whether all of a text matches, and nothing else: no groups, no places.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from opsbook.ground.regex_syntax import Assertion, Misread, Node, Repeat, Symbols, literals, parse

MOST_STATES = 10_000  # of the machine as written out: `(a{100}){100}`
MOST_KEPT = 4_000  # transitions that are remembered, before they are found anew

_Instruction = tuple[Symbols, int] | tuple[Assertion, int] | tuple[int, ...]
_MATCHED: tuple[int, ...] = (-1,)


class _TooBig(Exception):
    """The machine has too many states."""


class _State:
    """Where the machine may be after some letters: the instructions, and what kind of letter was the last."""

    __slots__ = ("at", "before", "is_end", "steps")

    def __init__(self, at: frozenset[int], before: str) -> None:
        self.at = at
        self.before = before
        self.steps: dict[str, _State] = {}
        self.is_end: bool | None = None


class Regex:
    """An expression that was read; see `read_regex`."""

    def __init__(self, source: str, node: Node) -> None:
        self.source = source
        self._words = literals(node)
        self._instructions: list[_Instruction] = [_MATCHED]
        self._has_assertions = False
        if self._words is None:
            entry = self._emit(node, 0)
            self._first = _State(frozenset((entry,)), "")
        self._states: dict[tuple[frozenset[int], str], _State] = {}
        self._kept = 0

    def matches(self, text: str) -> bool:
        """Whether it matches all of a text."""
        if self._words is not None:
            return text in self._words
        state = self._first
        for letter in text:
            found = state.steps.get(letter)
            state = found if found is not None else self._step(state, letter)
            if not state.at:
                return False
        if state.is_end is None:
            state.is_end = 0 in self._closure(state, "")
        return state.is_end

    def _step(self, state: _State, letter: str) -> _State:
        targets = set()
        for at in self._closure(state, letter):
            instruction = self._instructions[at]
            if isinstance(instruction[0], Symbols) and letter in instruction[0]:
                targets.add(instruction[1])
        key = (frozenset(targets), _kind(letter) if self._has_assertions else "")
        if self._kept >= MOST_KEPT:
            self._states, self._kept = {}, 0
            self._first = _State(self._first.at, "")
        after = self._states.setdefault(key, _State(*key))
        state.steps[letter] = after
        self._kept += 1
        return after

    def _closure(self, state: _State, following: str) -> set[int]:
        """All instructions that are reached without a letter, between the letter before and the one that follows."""
        found: set[int] = set()
        waiting = list(state.at)
        while waiting:
            at = waiting.pop()
            if at in found:
                continue
            found.add(at)
            instruction = self._instructions[at]
            if isinstance(instruction[0], Assertion):
                if _holds(instruction[0].kind, state.before, _kind(following)):
                    waiting.append(instruction[1])
            elif isinstance(instruction[0], int) and at:
                waiting += instruction
        return found

    def _new(self, instruction: _Instruction) -> int:
        if len(self._instructions) >= MOST_STATES:
            raise _TooBig
        self._instructions.append(instruction)
        return len(self._instructions) - 1

    def _emit(self, node: Node, after: int) -> int:
        """Where the part begins of the machine that goes on at `after` behind a node."""
        if isinstance(node, Symbols):
            return self._new((node, after))
        if isinstance(node, Assertion):
            self._has_assertions = True
            return self._new((node, after))
        if isinstance(node, Repeat):
            return self._emit_repeat(node, after)
        if node.is_choice:
            return self._new(tuple(self._emit(part, after) for part in node.parts))
        for part in reversed(node.parts):
            after = self._emit(part, after)
        return after

    def _emit_repeat(self, node: Repeat, after: int) -> int:
        if node.most is None:
            loop = self._new((after,))
            self._instructions[loop] = (self._emit(node.part, loop), after)
            after = loop
        else:
            end = after
            for _ in range(node.most - node.least):
                after = self._new((self._emit(node.part, after), end))
        for _ in range(node.least):
            after = self._emit(node.part, after)
        return after


def _kind(letter: str) -> str:
    """What assertions ask of a letter: none, a new line, one of a word, or another."""
    if not letter or letter == "\n":
        return letter
    return "w" if letter == "_" or (letter.isascii() and letter.isalnum()) else " "


def _holds(kind: str, before: str, following: str) -> bool:
    if kind == "begin":
        return before == ""
    if kind == "end":
        return following == ""
    if kind == "line begin":
        return before in ("", "\n")
    if kind == "line end":
        return following in ("", "\n")
    return ((before == "w") != (following == "w")) == (kind == "word border")


class Unread(Struct, frozen=True):
    """Why an expression is none, in a sentence, and at which of its letters, counted from 0."""

    why: str
    at: int


@lru_cache(maxsize=4096)
def read_regex(source: str) -> Regex | Unread:
    """The expression, or why it is none."""
    try:
        return Regex(source, parse(source))
    except Misread as wrong:
        return Unread(wrong.why, wrong.at)
    except _TooBig:
        return Unread("It repeats too much: written out it would have more than 10,000 letters.", 0)

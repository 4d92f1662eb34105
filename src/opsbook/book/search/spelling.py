"""Mends the spelling of a word from the words of the book; knows no dictionary and no language."""

from __future__ import annotations

from collections.abc import Iterable

# A word of fewer letters has too many neighbours to guess from.
SHORTEST_MENDED = 4
# From this length on, two slips are forgiven; before it, one.
TWO_SLIPS_FROM = 7


def slips_allowed(word: str) -> int:
    """How many letters may be wrong in a word for it still to be mended: 0, 1 or 2."""
    if len(word) < SHORTEST_MENDED or any(char.isdigit() for char in word):
        return 0
    return 2 if len(word) >= TWO_SLIPS_FROM else 1


def slips(left: str, right: str, limit: int) -> int:
    """Letters added, left out, changed, or swapped with their neighbour; `limit` + 1 when more."""
    start = 0
    shortest = min(len(left), len(right))
    while start < shortest and left[start] == right[start]:
        start += 1
    end = 0
    while end < shortest - start and left[-1 - end] == right[-1 - end]:
        end += 1
    left, right = left[start : len(left) - end], right[start : len(right) - end]
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    if not left or not right:
        return len(left) + len(right)
    return min(_distance(left, right, limit), limit + 1)


def _distance(left: str, right: str, limit: int) -> int:
    before: list[int] = []
    above = list(range(len(right) + 1))
    for row, char in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            cost = min(above[column] + 1, current[-1] + 1, above[column - 1] + (char != other))
            swapped = row > 1 and column > 1 and char == right[column - 2] and left[row - 2] == other
            current.append(min(cost, before[column - 2] + 1) if swapped else cost)
        if min(current) > limit and min(above) > limit:  # a swap looks two rows back
            return limit + 1
        before, above = above, current
    return above[-1]


def mend(word: str, known: Iterable[tuple[str, int]]) -> str | None:
    """The known word most likely meant, or None: fewest slips, the same letters, then in most sections.

    `known` are (word, sections that hold it).
    """
    allowed = slips_allowed(word)
    if not allowed:
        return None
    letters = set(word)
    best: tuple[int, bool, bool, int, str] | None = None
    for candidate, sections in known:
        if abs(len(candidate) - len(word)) > allowed or len(letters ^ set(candidate)) > 2 * allowed:
            continue
        distance = slips(word, candidate, allowed)
        if distance > allowed:
            continue
        allowed = distance
        is_jumbled = len(candidate) == len(word) and sorted(candidate) == sorted(word)
        ranked = (distance, candidate[0] != word[0], not is_jumbled, -sections, candidate)
        if best is None or ranked < best:
            best = ranked
    return best[4] if best else None


def halves(word: str) -> list[tuple[str, str]]:
    """The ways of writing a word as two, each of three letters or more (`crashlooping` → crash looping)."""
    return [(word[:place], word[place:]) for place in range(3, len(word) - 2)]

"""The closest known word to a mistyped one. Offers a guess; never replaces anything."""

from __future__ import annotations

from collections.abc import Iterable


def distance(a: str, b: str, limit: int) -> int:
    """Edits (insert, delete, replace, swap of neighbours) from `a` to `b`, or `limit + 1` when there are more."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        last, before, row = before, row, [i] + [0] * len(b)
        for j, cb in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (ca != cb))
            if i > 1 and j > 1 and ca == b[j - 2] and a[i - 2] == cb:
                cost = min(cost, last[j - 2] + 1)
            row[j] = cost
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely meant, or None: at most a third of its letters, and two, may differ."""
    lowered = word.lower()
    limit = min(2, max(1, len(lowered) // 3))
    best, best_cost = None, limit + 1
    for candidate in known:
        cost = distance(lowered, candidate.lower(), limit)
        if cost < best_cost:
            best, best_cost = candidate, cost
    return best if len(lowered) > 2 else None

"""What the ledger tells of a book that is served: when procedures were practised, who has verified a contact. Asks it
only when it moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from opsbook.ground.errors import Failure, Refusal

if TYPE_CHECKING:
    from opsbook.usecases.library import Book

Practised = Callable[[], Mapping[str, date]]


class Practice:
    """Gives the day of the last success by PATH#ANCHOR; what was told last while the ledger cannot be read. `head` is
    the position of its last event."""

    def __init__(self, head: Callable[[], int], ask: Practised) -> None:
        self._head, self._ask = head, ask
        self._at = 0
        self._days: Mapping[str, date] = {}

    def __call__(self) -> Mapping[str, date]:
        """The days as they are now."""
        try:
            head = self._head()
            if head != self._at:
                self._days, self._at = self._ask(), head
        except (Failure, Refusal):  # whoever serves tells of a ledger that is away; it keeps nobody from the book
            pass
        return self._days


class Verified:
    """Gives by name whether somebody on the pages of a book has proven a contact, as `Practice` gives days."""

    def __init__(self, head: Callable[[], int], ask: Callable[[Book], Mapping[str, bool]]) -> None:
        self._head, self._ask = head, ask
        self._at = (0, 0)
        self._told: Mapping[str, bool] = {}

    def __call__(self, book: Book) -> Mapping[str, bool]:
        """All of it as it is now, for this snapshot."""
        try:
            at = (self._head(), book.number)
            if at != self._at:
                self._told, self._at = self._ask(book), at
        except (Failure, Refusal):
            pass
        return self._told


def by_page(practised: Mapping[str, date]) -> dict[str, tuple[tuple[str, date], ...]]:
    """The days of each page, by its path, in the order of their anchors."""
    found: dict[str, list[tuple[str, date]]] = {}
    for where, day in sorted(practised.items()):
        path, _, anchor = where.partition("#")
        found.setdefault(path, []).append((anchor, day))
    return {path: tuple(days) for path, days in found.items()}


def as_asked(verified: Mapping[str, bool]) -> tuple[tuple[str, bool], ...]:
    """Who has verified a contact, as it is kept beside what was worked out by it."""
    return tuple(sorted(verified.items()))

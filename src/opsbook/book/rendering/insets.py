"""Live pieces placed among what is written: after the block, item or row that holds a byte, or inside its heading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from opsbook.book.rendering.marks import Marks


class Inset(Struct, frozen=True):
    """Trusted HTML to be placed where byte `at` of the page is: `after` what holds it, or `inside` (beside a heading's
    words, at the end of a paragraph, an item's text or a row's last cell)."""

    at: int
    html: str
    place: Literal["after", "inside"] = "after"


class Waiting:
    """The insets of a page in order; each is handed out once, when the writer has come to its place."""

    def __init__(self, insets: Sequence[Inset], marks: Marks) -> None:
        ordered = sorted(insets, key=lambda inset: inset.at)
        self._after = [inset for inset in ordered if inset.place == "after"]
        self._inside = [inset for inset in ordered if inset.place == "inside"]
        self._next_after = self._next_inside = 0
        self._marks = marks
        self.first = ordered[0].at if ordered else 1 << 62  # below it there is nothing to hand out

    def inside(self, end: int, tag: str) -> str:
        """The elements to stand inside what ends at a byte."""
        found = []
        while self._next_inside < len(self._inside) and self._inside[self._next_inside].at < end:
            found.append(self._marks.inset(self._inside[self._next_inside].html, tag))
            self._next_inside += 1
        self._look_on()
        return "".join(found)

    def after(self, end: int) -> str:
        """The elements to stand behind what ends at a byte; those that found no inside among them."""
        found = [self.inside(end, "div")] if self._next_inside < len(self._inside) else []
        while self._next_after < len(self._after) and self._after[self._next_after].at < end:
            found.append(self._marks.inset(self._after[self._next_after].html, "div"))
            self._next_after += 1
        self._look_on()
        return "".join(found)

    def _look_on(self) -> None:
        after, inside = self._after, self._inside
        rest = [*after[self._next_after : self._next_after + 1], *inside[self._next_inside : self._next_inside + 1]]
        self.first = min((inset.at for inset in rest), default=1 << 62)

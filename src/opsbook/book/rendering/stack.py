"""The elements that are open while a page is written: closed in order, at most so many deep, whatever the author opens.

A browser and the sanitiser mend wrong nesting by copying elements about, and a small page could make them write a large
one; so a tag of the author's closes with the block that it stands in, and one too deep is left out.
"""

from __future__ import annotations

from msgspec import Struct

from opsbook.book.rendering.marks import BARE, VOID

# 50,000 nested quotes are one page of nothing but `>`; no reader sees more than a few.
DEEPEST = 100
_MOST_BARE = 8
# A tag whose like is closed by it, as HTML has it: the end tags that people leave out.
_SIBLINGS = {
    "li": frozenset({"li"}), "p": frozenset({"p"}), "dt": frozenset({"dt", "dd"}), "dd": frozenset({"dt", "dd"}),
    "td": frozenset({"td", "th"}), "th": frozenset({"td", "th"}), "tr": frozenset({"td", "th", "tr"}),
    "a": frozenset({"a"}),
}  # fmt: skip
_FORMATTING = BARE | {"a"}


class Open(Struct):
    """An open element: `name` is the Markdown's kind of block, or the author's tag; `close` is what ends it."""

    name: str
    close: str
    is_raw: bool = False


class Stack:
    """What is open, the outermost first. Writes the ends of elements to `out`, which whoever owns it may exchange."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._open: list[Open] = []

    def push(self, name: str, opening: str, close: str) -> None:
        """Opens an element of the Markdown; too deep, it is remembered and not written."""
        if len(self._open) >= DEEPEST:
            opening = close = ""
        if opening:
            self.out.append(opening)
        self._open.append(Open(name, close))

    def pop(self) -> str:
        """Closes the innermost element of the Markdown, and before it what the author left open in it."""
        while self._open:
            last = self._open.pop()
            if last.close:
                self.out.append(last.close)
            if not last.is_raw:
                return last.name
        return ""

    def close_raw(self) -> None:
        """Closes what the author left open in the innermost element of the Markdown."""
        while self._open and self._open[-1].is_raw:
            self.out.append(self._open.pop().close)

    @property
    def inside(self) -> str:
        """The kind of the innermost element of the Markdown."""
        return next((one.name for one in reversed(self._open) if not one.is_raw), "")

    @property
    def is_empty(self) -> bool:
        return not self._open

    def open_raw(self, tag: str, opening: str) -> None:
        """Writes an opening tag of the author's."""
        if tag in VOID:
            self.out.append(opening)
            return
        siblings = _SIBLINGS.get(tag)
        while siblings and self._open and self._open[-1].is_raw and self._open[-1].name in siblings:
            self.out.append(self._open.pop().close)
        if len(self._open) >= DEEPEST:
            return
        if tag in _FORMATTING and sum(one.name in _FORMATTING for one in self._open) >= _MOST_BARE:
            return
        self.out.append(opening)
        self._open.append(Open(tag, f"</{tag}>", True))

    def end_raw(self, tag: str) -> None:
        """Writes a closing tag of the author's, where its opening one is open in the same block."""
        for depth in range(len(self._open) - 1, -1, -1):
            one = self._open[depth]
            if not one.is_raw:
                return
            if one.name == tag:
                while len(self._open) > depth:
                    self.out.append(self._open.pop().close)
                return

    def end_formatting(self) -> None:
        """Closes what would run on into the blocks behind a block of HTML; a link around blocks may."""
        while self._open and self._open[-1].is_raw and self._open[-1].name in _FORMATTING:
            if self._open[-1].name == "a" and (len(self._open) == 1 or not self._open[-2].is_raw):
                return
            self.out.append(self._open.pop().close)

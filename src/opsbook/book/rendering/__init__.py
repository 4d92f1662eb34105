"""A page of the book to safe HTML, whole, as it looks on GitHub: anchors, links, tables, alerts, footnotes, diagrams.

Reads no file and asks no network; whatever the bytes of the page are, it never raises and nothing in the answer runs.
Trusted pieces of the caller's (`Inset`) stand where they belong in what is written.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyromark
from msgspec import Struct

from opsbook.book.lint import Around
from opsbook.book.page import Page, Section, read_page
from opsbook.book.rendering.front import front_table
from opsbook.book.rendering.insets import Inset, Waiting
from opsbook.book.rendering.leads import (
    Leads,
    Places,
    book_address,
    closest_page,
    folders,
    quote_path,
    served,
)
from opsbook.book.rendering.marks import Marks, cleaner_for
from opsbook.book.rendering.names import RENAMED, RESERVED, Names
from opsbook.book.rendering.raw_html import rewriter
from opsbook.book.rendering.text import escape
from opsbook.book.rendering.writer import Writer
from opsbook.ground.markdown import OPTIONS, blanked

__all__ = [
    "LARGEST_BYTES", "RESERVED", "Entry", "Inset", "Places", "Rendered", "book_address", "closest_page", "escape",
    "folders", "quote_path", "render", "render_excerpt", "render_section", "served",
]  # fmt: skip
# A larger page is no page that people read; it is shown as it is written, and only its beginning.
LARGEST_BYTES = 4 * 1024 * 1024
_SHOWN_OF_LARGER = 256 * 1024


class Entry(Struct, frozen=True, gc=False):
    """A heading in the table of contents; `anchor` is its id on the rendered page, empty where it has none."""

    level: int
    title: str
    anchor: str
    slot: str | None


class Rendered(Struct, frozen=True):
    """A page as HTML. `lines` are those that a block of their own begins on, which `#L12` leads to."""

    html: str
    contents: tuple[Entry, ...]
    has_diagram: bool
    lines: tuple[int, ...] = ()

    def line_anchor(self, line: int) -> str:
        """The id of the block that a line stands in; empty before the first."""
        at = bisect_right(self.lines, line)
        return f"L{self.lines[at - 1]}" if at else ""


def render(
    page: Page, around: Around, *, insets: Sequence[Inset] = (), places: Places = served, prefix: str = ""
) -> Rendered:
    """The whole page. Contents, ids and links are those that lint checks; `places` says where pages and files are.
    `prefix` stands before every id, for a page that stands beside others in one document."""
    contents = tuple(
        Entry(one.level, one.title, prefix + RENAMED.get(one.anchor, one.anchor) if one.anchor else "", one.slot)
        for one in page.sections
    )
    names = Names(page, is_whole=True, prefix=prefix)
    leads = Leads(page, around, RENAMED, places=places)
    html, has_diagram = _written(page, leads, names, _events(page), insets=insets)
    return Rendered(html, contents, has_diagram, tuple(sorted(names.lines)))


def render_section(page: Page, section: Section, around: Around, *, insets: Sequence[Inset] = ()) -> str:
    """A section with the deeper ones in it, to stand on another page: without ids, and with links that lead to the page
    where they mean it. Insets of other sections are left out."""
    home = book_address(page.path)
    within = (one for one in _events(page) if section.start <= one[1]["start"] < section.stop)
    mine = [inset for inset in insets if section.start <= inset.at < section.stop]
    return _written(page, Leads(page, around, RENAMED, home), Names(page, is_whole=False), within, insets=mine)[0]


def render_excerpt(text: str, page: Page, around: Around) -> str:
    """Markdown taken out of a page, to stand on another page; its links are read as the page's own."""
    part = read_page(page.path, text.encode("utf-8", "replace"), page.reading)
    leads = Leads(page, around, RENAMED, book_address(page.path))
    return _written(part, leads, Names(part, is_whole=False), _events(part))[0]


def _written(
    page: Page, leads: Leads, names: Names, events: Iterable[tuple[Any, Any]], *, insets: Sequence[Inset] = ()
) -> tuple[str, bool]:
    document = page.document
    marks = Marks(document.content)
    waiting = Waiting(insets, marks)
    writer = Writer(page, leads, names, waiting=waiting, marks=marks)
    front = front_table(page) + waiting.after(document.begin) if names.is_whole else ""
    html = front + writer.write(events)
    cleaner = cleaner_for(rewriter(marks, leads, names)) if writer.has_html else None
    return marks.clean(html, cleaner), writer.has_diagram


def _events(page: Page) -> Iterator[tuple[Any, Any]]:
    """What the parser says of the page, in order; a page too large, or one that it gives up on, is a block of code."""
    document = page.document
    content = document.content
    if len(content) > LARGEST_BYTES:
        shown = content[:_SHOWN_OF_LARGER].decode("utf-8", "replace")
        yield from _as_code(f"{shown}\n[…] The page has {len(content):,} bytes; this is its beginning, as written.", 0)
        return
    at = document.begin
    try:
        for found in pyromark.events_with_range(blanked(content, at), options=OPTIONS, merge_text=True):
            at = found[1]["start"]
            yield found
    except BaseException as wrong:
        if type(wrong).__name__ != "PanicException":  # as in ground/markdown.py: a panic is no Exception
            raise
        yield from _as_code(content[at:].decode("utf-8", "replace"), at)


def _as_code(text: str, start: int) -> Iterator[tuple[Any, Any]]:
    place = {"start": start, "end": start}
    yield {"Start": {"CodeBlock": "Indented"}}, place
    yield {"Text": text}, place
    yield {"End": "CodeBlock"}, place

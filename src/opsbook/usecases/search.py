"""The verb search: brings the index up to the book, then asks it. Reads pages that changed and no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol
from zlib import crc32

from opsbook import __version__
from opsbook.book.page import read_page
from opsbook.book.search import SearchAnswer, SearchSection
from opsbook.book.search_sections import search_sections
from opsbook.usecases.ports import BookSource, Unreadable

Pages = Mapping[str, tuple[str, Callable[[], tuple[SearchSection, ...]]]]


class Index(Protocol):
    """A derived index of sections."""

    def update(self, pages: Pages) -> object:
        """Makes the index that of exactly these pages: path → (digest, what gives its sections)."""
        ...

    def search(self, text: str, limit: int) -> SearchAnswer:
        """The best sections for a typed or pasted text."""
        ...


def search(source: BookSource, index: Index, text: str, limit: int) -> SearchAnswer:
    """The sections that answer `text`, best first."""
    bring_up(source, index)
    return index.search(text, limit)


def bring_up(source: BookSource, index: Index) -> None:
    """Brings the index up to the book as it lies there now."""
    index.update(sections_of(source, digests_of(source)))


def sections_of(source: BookSource, digests: Mapping[str, str]) -> Pages:
    """What an index is given of pages: each page's digest, and its sections for when it has changed."""
    return {path: (digest, partial(_sections, source, path)) for path, digest in digests.items()}


def digests_of(source: BookSource) -> dict[str, str]:
    """What names each page's content as it would be indexed: by this version, read in this way."""
    reading = source.reading
    kinds = crc32(repr((reading.kinds, reading.headings.own)).encode()) if reading.kinds or reading.headings.own else 0
    return {
        file.path: f"{__version__}-{file.size_bytes}-{file.changed_ns}-{reading.anchors}-{kinds:x}"
        for file in source.pages()
    }


def _sections(source: BookSource, path: str) -> tuple[SearchSection, ...]:
    raw = source.read(path)
    if isinstance(raw, Unreadable):
        return ()
    return tuple(search_sections(read_page(path, raw, source.reading)))


def search_model(answer: SearchAnswer) -> dict[str, Any]:
    """The answer as the contract's JSON of `search`."""
    return {
        "hits": [
            {"path": h.path, "anchor": h.anchor, "page": h.page, "section": h.section, "snippet": h.snippet,
             "score": round(h.score, 4), "line": h.line, "marks": [list(mark) for mark in h.marks]}
            for h in answer.hits
        ],
        "matched": answer.matched,
        "mended": [{"typed": typed, "meant": meant} for typed, meant in answer.mended],
        "unknown": list(answer.unknown),
    }  # fmt: skip

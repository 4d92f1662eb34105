"""A part of the pages, read once and kept until all are known, then written: what one worker of an export does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from opsbook.book.page import Page, read_page
from opsbook.book.search import SearchSection
from opsbook.book.search_sections import search_sections
from opsbook.ground.errors import Finding
from opsbook.usecases.lint import Scope
from opsbook.usecases.page_facts import Derived, Deriving, facts_of
from opsbook.usecases.ports import BookSource, PageFile, Unreadable
from opsbook.usecases.static_site.book_pages import Around, Maker, insets_of
from opsbook.usecases.static_site.ports import OutFolder, Then
from opsbook.usecases.static_site.search_index import PageEntry, Postings, entry_of, postings_of, texts_of


class Read(Struct, frozen=True):
    """What a worker has read: what is derived of each page, and how many sections search knows of it."""

    derived: list[Derived]
    sections: dict[str, int]


class Told(Struct, frozen=True):
    """What a worker is told of all pages: what stands around each, and the number of its first section."""

    around: dict[str, Around]
    first_section: dict[str, int]
    titles: dict[str, str]


class Written(Struct, frozen=True):
    """What a worker has written: how many files are others than before, the files that pages show or lead to, whether
    any has a diagram, and what search takes."""

    changed: int
    files: list[str]
    has_diagram: bool
    postings: Postings
    entries: list[PageEntry]
    texts: dict[str, list[str]]


class _Kept(NamedTuple):
    page: Page
    derived: Derived
    sections: list[SearchSection]


class PartWriter:
    """Reads parts of a book and writes them as pages of a site."""

    def __init__(
        self, source: BookSource, files: Sequence[PageFile], scope: Scope, *, maker: Maker, out: OutFolder
    ) -> None:
        self._source = source
        self._deriving = Deriving(source, files, scope)
        self._maker = maker
        self._out = out

    def begin(self, files: Sequence[PageFile]) -> tuple[bytes, Then]:
        """Reads these files; what comes back is a packed `Read`, and what writes them when it is handed a packed
        `Told`: that answers with a packed `Written`."""
        kept: list[_Kept] = []
        unread: list[Derived] = []
        for file in files:
            raw = self._source.read(file.path)
            if isinstance(raw, Unreadable):
                unread.append(self._deriving.derive(file, raw))
            else:
                kept.append(self._read(file, raw))
        answer = Read([*unread, *(each.derived for each in kept)], {k.page.path: len(k.sections) for k in kept})
        return msgspec.msgpack.encode(answer), lambda told: self._written(kept, told)

    def _read(self, file: PageFile, raw: bytes) -> _Kept:
        page = read_page(file.path, raw, self._source.reading)
        facts = facts_of(page, raw, self._deriving.around, tuple(self._deriving.findings(page)))
        return _Kept(page, Derived(file, facts), list(search_sections(page)))

    def _written(self, kept: Sequence[_Kept], packed: bytes) -> bytes:
        told = msgspec.msgpack.decode(packed, type=Told)
        files: set[str] = set()
        changed, has_diagram = 0, False
        for each in kept:
            path = each.page.path
            around, facts = told.around.get(path, Around()), each.derived.facts
            assert facts is not None
            insets = insets_of(each.page, facts, around.findings)
            rendered = self._maker.rendered(each.page, self._deriving.around, insets, files=files)
            has_diagram = has_diagram or rendered.has_diagram
            made = self._maker.page(facts, rendered, around, told.titles)
            changed += self._out.put(self._maker.places.pages[path], made)
        postings, lengths = postings_of(
            (told.first_section[each.page.path] + at, section)
            for each in kept
            for at, section in enumerate(each.sections)
        )
        return msgspec.msgpack.encode(
            Written(
                changed, sorted(files), has_diagram, postings, _entries(kept, lengths),
                {each.page.path: texts_of(each.sections) for each in kept},
            )
        )  # fmt: skip


def _entries(kept: Sequence[_Kept], lengths: Sequence[int]) -> list[PageEntry]:
    found, at = [], 0
    for each in kept:
        found.append(entry_of(each.page.path, each.sections, lengths[at : at + len(each.sections)]))
        at += len(each.sections)
    return found


def by_page(findings: Sequence[Finding]) -> Mapping[str, list[Finding]]:
    """The findings of each page, in order."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.span.path, []).append(finding)
    return found

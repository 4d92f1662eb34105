"""The index that an exported site is searched by in the browser: small, and made of pieces that may be joined.

Kept are the words of the texts. Those of titles and headings are worked out by the browser from the headings, which it
needs anyway. Numbers are written as source maps write them: five bits to a letter, the sixth says that more follow.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from opsbook.book.search import SearchSection, words
from opsbook.usecases.static_site.places import SitePlaces

INDEX = "search/index.js"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_PAGES_IN_A_SHELF = 8  # so that the texts of one hit are few, and a change of a page changes few files
_MOST_SHELVES = 256
_LONGEST_TEXT = 20_000  # characters of a section that an excerpt may be taken from
_PLAIN = re.compile(r"[^a-z0-9 _-]+")
# How often a word stands in a section, in two bits.
_GRADES = (0, 0, 1, 2, 2)


class Postings(Struct, frozen=True):
    """Where each word stands in a run of sections: the first, the last, and from one to the next in letters. `grades`
    are how often in the first."""

    first: dict[str, tuple[int, int]]
    rest: dict[str, str]
    last: dict[str, int]


class PageEntry(Struct, frozen=True):
    """A page as search knows it: its path, title, other names that it is known by, and for each section heading, id,
    line, how long it is in steps of doubling, and the names of alerts."""

    path: str
    title: str
    sections: tuple[tuple[str, str, int, int, tuple[str, ...]], ...]


@cache
def number(value: int) -> str:
    """A number in letters."""
    found = ""
    while value >= 32:
        found += _LETTERS[32 | (value & 31)]
        value >>= 5
    return found + _LETTERS[value]


def postings_of(sections: Iterable[tuple[int, SearchSection]]) -> tuple[Postings, list[int]]:
    """The postings of sections by their numbers, which grow; and of each how many words it has."""
    first: dict[str, tuple[int, int]] = {}
    rest: dict[str, list[str]] = {}
    last: dict[str, int] = {}
    lengths = []
    small = [number(value) for value in range(4096)]
    for at, section in sections:
        found = Counter(words(section.text))
        lengths.append(found.total())
        for word, times in found.items():
            grade = 3 if times > 4 else _GRADES[times]
            before = last.get(word)
            last[word] = at
            if before is None:
                first[word] = (at, grade)
                rest[word] = []
                continue
            step = (at - before) << 2 | grade
            rest[word].append(small[step] if step < 4096 else number(step))
    return Postings(first, {word: "".join(each) for word, each in rest.items()}, last), lengths


def entry_of(path: str, sections: Sequence[SearchSection], lengths: Sequence[int]) -> PageEntry:
    """What search knows of a page."""
    title = sections[0].page if sections else path
    return PageEntry(
        path, title,
        tuple(
            (each.section, each.anchor, each.line, length.bit_length(), each.alerts)
            for each, length in zip(sections, lengths, strict=True)
        ),
    )  # fmt: skip


def index_script(pages: Sequence[PageEntry], runs: Sequence[Postings], places: SitePlaces, shelves: int) -> bytes:
    """The index as a script: from a file a page may load scripts, and nothing else."""
    return b"globalThis.opsbookIndex=" + _as_script(index_content(pages, runs, places.pages, shelves)) + b"\n"


def index_content(
    pages: Sequence[PageEntry], runs: Sequence[Postings], addresses: Mapping[str, str], shelves: int
) -> dict[str, Any]:
    """The index as plain values; `addresses` are those of pages, by their paths."""
    joined = _joined(runs)
    vocabulary = sorted(joined)
    listed: list[Any] = [[each.path, addresses[each.path], each.title, *_sections(each)] for each in pages]
    return {
        "words": " ".join(vocabulary), "postings": " ".join(joined[word] for word in vocabulary), "pages": listed,
        "shelves": shelves,
    }  # fmt: skip


def shelf_count(pages: int) -> int:
    """In how many files the texts of so many pages lie: a power of two, so that it seldom changes."""
    count = 1
    while count * _PAGES_IN_A_SHELF < pages and count < _MOST_SHELVES:
        count *= 2
    return count


def shelf_of(path: str, count: int) -> int:
    """The file in which the texts of a page lie."""
    return zlib.crc32(path.encode("utf-8", "replace")) % count


def shelf_scripts(texts: Mapping[str, Sequence[str]], count: int) -> list[tuple[str, bytes]]:
    """The texts of the sections of each page, as scripts: their names and contents."""
    shelves: list[dict[str, Sequence[str]]] = [{} for _ in range(count)]
    for path in sorted(texts):
        shelves[shelf_of(path, count)][path] = texts[path]
    return [
        (f"search/text-{at}.js", b"Object.assign(globalThis.opsbookTexts??={}," + _as_script(shelf) + b")\n")
        for at, shelf in enumerate(shelves)
    ]


def texts_of(sections: Sequence[SearchSection]) -> list[str]:
    """The texts that excerpts are taken from."""
    return [" ".join(each.text[:_LONGEST_TEXT].split()) for each in sections]


def _sections(page: PageEntry) -> list[list[Any]]:
    found = []
    for heading, anchor, line, length, alerts in page.sections:
        entry: list[Any] = [heading, 0 if anchor and anchor == _derived(heading) else anchor, line, length]
        if alerts:
            entry.append(list(alerts))
        found.append(entry)
    return found


def _derived(heading: str) -> str:
    """The id that the browser works out of a plain heading by itself."""
    return _PLAIN.sub("", heading.lower()).replace(" ", "-") if heading.isascii() else ""


def _joined(runs: Sequence[Postings]) -> dict[str, str]:
    """The postings of all runs as if they had been made in one go."""
    joined: dict[str, str] = {}
    last: dict[str, int] = {}
    for run in runs:
        for word, (at, grade) in run.first.items():
            joined[word] = joined.get(word, "") + number((at - last.get(word, -1)) << 2 | grade) + run.rest[word]
        last.update(run.last)
    return joined


def _as_script(content: Any) -> bytes:
    return msgspec.json.encode(content).replace(b"</", b"<\\/").replace(b"\xe2\x80\xa8", b"\\u2028")

"""The timeline of a report: its entries with their moments, from tables, bullets and headings. Mends no order."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from opsbook.book.page import Page, Section
from opsbook.book.slots import is_unfilled
from opsbook.book.tables import read_tables
from opsbook.book.times import When, read_time
from opsbook.ground.pattern import Pattern

_TIME_HEADS = frozenset({
    "time", "timestamp", "when", "date", "datetime", "date and time", "date/time", "date time", "date & time",
})  # fmt: skip
# What begins like a moment and must then be one: a clock, or a date in figures.
_LIKE_A_MOMENT = Pattern(r"[~≈<>*_`\[(\s]*(\d{1,2}[:h]\d{2}(?!\d)|\d{4,5}-\d{1,2}-\d{1,2}\b)", re.I)
_DAY = Pattern(
    r"\d{4}-\d\d-\d\d|\bday\b|day,|\b(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*\b", re.I
)


class Entry(Struct, frozen=True, gc=False):
    """An entry: the moment as written, what it means (None when it means none), and its byte range."""

    text: str
    when: When | None
    start: int
    end: int


def read_timelines(page: Page) -> Iterator[list[Entry]]:
    """The runs of entries of a page's timeline sections; within a run they follow one another.

    A heading between two lists, or a line that names a day, begins a new run.
    """
    done = 0
    for section in page.sections:
        if section.slot == "timeline" and section.start >= done:
            done = section.stop
            yield from _runs(page, section)


def _runs(page: Page, section: Section) -> Iterator[list[Entry]]:
    document = page.document
    low, high = page.blocks(section.body, section.stop)
    for table in read_tables(document, section.body, section.stop):
        column = next((i for i, head in enumerate(table.columns) if _is_time_head(head)), None)
        if column is not None:
            cells = (cell for cell in table.cells(column) if not is_unfilled(cell.text))
            yield [_entry(cell.text, cell.start, cell.end) for cell in cells]
    headings: list[Entry] = []
    items: list[Entry] = []
    for index in document.children(low, high):
        block = document.blocks[index]
        if block.kind == "list":
            items += [entry for item in document.inside(index) if (entry := _item_entry(page, item))]
            continue
        text = document.source(block.start, block.end)
        if block.kind == "heading" or (block.kind == "paragraph" and _DAY().search(text)):
            yield items
            items = []
        if block.kind == "heading" and (entry := _leading(text, block.start)):
            headings.append(entry)
    yield items
    yield headings


def _is_time_head(head: str) -> bool:
    return head in _TIME_HEADS or head.startswith(("time ", "date and time", "date & time", "timestamp"))


def _item_entry(page: Page, item: int) -> Entry | None:
    document = page.document
    first = item + 1
    if first >= len(document.blocks) or document.blocks[first].kind != "paragraph":
        return None
    block = document.blocks[first]
    if block.start >= document.blocks[item].end:
        return None
    return _leading(document.source(block.start, block.end), block.start)


def _leading(source: str, start: int) -> Entry | None:
    """The entry whose moment opens a line, or None where the line opens with something else."""
    line = source.split("\n", 1)[0]
    mark = len(line) - len(line.lstrip("#> \t*_`["))
    body = line[mark:]
    if not _LIKE_A_MOMENT().match(body):
        return None
    lead = _lead(body)
    begin = start + len(line[:mark].encode())
    return _entry(lead, begin, begin + len(lead.encode()))


def _lead(body: str) -> str:
    """The words of a line that tell the moment: up to the dash, colon or emphasis that ends them."""
    found = re.match(
        r"[~≈]?\s*(?:\d{4,5}-\d{1,2}-\d{1,2}(?:[T ,]+)?)?\s*(?:\d{1,2}[:.h]\d{1,2}(?:[:.]\d{2})?(?:\.\d+)?)?"
        r"\s*(?:[ap]\.?m\.?\b)?\s*(?:Z\b|[+-]\d{2}:?\d{2}\b|\(?(?:UTC|GMT|[A-Z]{2,4}T)\b\)?)?",
        body,
        re.I,
    )
    return (found.group() if found else body).rstrip()


def _entry(text: str, start: int, end: int) -> Entry:
    when = read_time(text)
    if when is None and not _LIKE_A_MOMENT().match(text):
        when = When(is_relative=True)  # `Later that day`: words, which order nothing and are no mistake
    return Entry(text, when, start, end)

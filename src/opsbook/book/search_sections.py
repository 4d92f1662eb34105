"""A page as the sections that search knows: one for each heading, with its own words and nothing of its markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsbook.book.page import Page
from opsbook.book.runbook import alert_names
from opsbook.book.search import SearchSection

# No part of these looks further than the next bracket or the line's end, or a line of brackets or spaces would take
# the square of its length.
_MARKUP = re.compile(
    r"!?\[([^\[\]\n]*)\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)?\)|<!--.*?(?:-->|\Z)|\*\*|__|^#{1,6}[ \t]+"
    r"|^[ \t]*(?:```|~~~)[^\n]*|\\$|^(?=[ \t:|-]*\|)[ \t:|-]+$",
    re.M | re.S,
)
_SPACE = re.compile(r"(?<![ \t])[ \t]*\n\s*\n+")
# Beyond this a section is a log or a dump; its beginning is enough to find it by.
_LONGEST = 200_000


def search_sections(page: Page) -> Iterator[SearchSection]:
    """The sections of a page in reading order; text before the first heading belongs to the page itself."""
    document = page.document
    alerts = alert_names(page)
    title, slot = page.title, page.reading.headings.slot
    first = page.sections[0].start if page.sections else len(document.content)
    begin = _body_start(page)
    if _plain(document.source(begin, first)):
        yield _made(page, (begin, first), alerts, heading=title, at=begin)
    for section in page.sections:
        own = alerts if section.level == 1 else tuple(name for name in alerts if name in section.title)
        place = (section.body, section.end)
        meant = section.slot or slot(title) or ""
        yield _made(page, place, own, anchor=section.anchor, heading=section.title, slot=meant, at=section.start)


def _body_start(page: Page) -> int:
    """Where the front matter ends, or the byte order mark."""
    document = page.document
    if not document.front_form:
        return 3 if document.content.startswith(b"\xef\xbb\xbf") else 0
    end = document.content.find(b"\n", document.front_start + len(document.front.encode()))
    return len(document.content) if end < 0 else end + 1


def _made(
    page: Page,
    place: tuple[int, int],
    alerts: tuple[str, ...],
    *,
    heading: str,
    at: int,
    anchor: str = "",
    slot: str = "",
) -> SearchSection:
    start, end = place
    text = _plain(page.document.source(start, min(end, start + _LONGEST)))
    line = page.document.line(at)
    return SearchSection(page.path, anchor, page.title, heading, slot, line, alerts, _symptoms(page, start, end), text)


def _plain(source: str) -> str:
    return _SPACE.sub("\n", _MARKUP.sub(r"\1", source)).strip()


def _symptoms(page: Page, start: int, end: int) -> str:
    """What a section says under a label that means symptoms."""
    meaning = page.reading.headings.slot
    fields = page.fields_within(start, end)
    return "\n".join(field.value(page.document) for field in fields if meaning(field.name) == "symptoms")

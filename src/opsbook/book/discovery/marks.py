"""The line under a part of a page that discovery wrote: where it was found, and the digest by which it is known later
whether somebody has edited the part since. Reads and writes that line alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256

from msgspec import Struct

from opsbook.book.metadata import plain_key
from opsbook.book.page import Page
from opsbook.ground.errors import Span

_DIGEST_LENGTH = 8
_LINE = re.compile(rb'^From: \[.*"discovered ([0-9a-f]{8})"\)[ \t]*\r?$', re.M)


class Marked(Struct, frozen=True):
    """A part that discovery wrote: its key, the bytes [start, end) of its text with the line under it, the digest that
    the line tells, and whether the text is still what was written."""

    key: tuple[str, str]
    start: int
    end: int
    digest: str
    is_untouched: bool


def key_of(slot: str, title: str) -> tuple[str, str]:
    """What tells the parts of a page apart: the slot, and the heading below it in plain words (empty: its own text)."""
    return slot, plain_key(title)


def digest_of_part(text: str) -> str:
    """The digest of a part's text; blanks at the ends of lines and blank lines count for nothing."""
    lines = [line.rstrip() for line in text.splitlines()]
    whole = "\n".join(line for line in lines if line)
    return sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]


def signed(text: str, places: Sequence[Span], up: str) -> str:
    """The text with the line under it; `up` leads from the page's folder to the repository's root."""
    if not places:
        return text
    *others, last = dict.fromkeys(places)
    links = [f"[{each.path}:{each.line}]({_target(up, each)})" for each in others]
    links.append(f'[{last.path}:{last.line}]({_target(up, last)} "discovered {digest_of_part(text)}")')
    return f"{text.rstrip()}\n\nFrom: {', '.join(links)}"


def _target(up: str, place: Span) -> str:
    if "://" in place.path:
        return place.path
    path = place.path.replace("%", "%25").replace(" ", "%20").replace("(", "%28").replace(")", "%29")
    return f"{up}{path}#L{place.line}"


def marked_parts(page: Page) -> Iterator[Marked]:
    """The parts of a page that discovery wrote, in order."""
    content = page.document.content
    for found in _LINE.finditer(content):
        at = next(
            (i for i, each in enumerate(page.sections) if each.body <= found.start() < each.end), None
        )  # fmt: skip
        if at is None:
            continue
        section = page.sections[at]
        above = page.slot_above(at)
        own = not above or section.level <= 2
        key = key_of(section.slot or "", "") if own else key_of(above or "", section.title)
        text = content[section.body : found.start()].decode("utf-8", "surrogateescape")
        digest = found.group(1).decode()
        yield Marked(key, section.body, found.end(), digest, digest_of_part(text) == digest)

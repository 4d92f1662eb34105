"""Unfilled slots of a page: `[Team/Person]`, `YYYY-MM-DD`, `TODO` where a value should stand. Judges no filled one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from opsbook.book.page import Page
from opsbook.ground.markdown import Block
from opsbook.ground.pattern import Pattern


class Slot(Struct, frozen=True, gc=False):
    """An unfilled slot: its words as written and its byte range."""

    text: str
    start: int
    end: int


# A bracket that is no link by its own look: not after `!`, `]`, `[`, a backslash, and not before `(` or `[`. What
# stands in it begins like words (so no task box, footnote, citation, range or JSON).
# The pattern begins with a plain byte, and looks back behind it, so that the search for it is quick.
_BRACKET = Pattern(rb"\[(?<![\]!\[\\]\[)(?=[A-Za-z@#\xc3-\xf4])([^\[\]\n]{2,120})\](?![(\[])")
# One search for each first letter: three of these cost 5 µs on a page of 5 kB, one with alternatives 11, nine `in` 26.
_PUT_OFF = tuple(map(re.compile, (rb"T(?:ODO|B[CD])\b", rb"FIXME\b", rb"YYYY-MM-DD")))

# Brackets that say something: marks of a status, switches of site builders, what a redacted quotation leaves.
_MARKS = frozenset((
    "toc", "_toc_", "deprecated", "optional", "experimental", "alpha", "beta", "draft", "wip", "obsolete",
    "archived",
    "legacy", "retired", "superseded", "internal", "public", "private", "required", "resolved", "closed", "open", "new",
    "unreleased", "sic", "redacted", "removed", "omitted", "none", "n/a", "a-z", "a-z0-9", "y/n", "yes/no", "ok",
    "pass",
    "fail", "error", "warning", "warn", "info", "debug", "fatal", "critical", "true", "false", "null", "note", "tip",
    "important", "caution", "snip", "snipped", "truncated", "edit", "update", "recommended", "breaking",
))  # fmt: skip
# In a heading a bracket is a slot when it is all of the heading or asks for one of these: `[Service Name] Runbook`.
_ASKED = frozenset((
    "name", "title", "description", "problem", "component", "service", "date", "time", "number", "team", "person",
    "issue", "alert", "system", "environment", "id", "step", "event", "url", "location", "owner", "summary", "topic",
    "subject", "action", "item", "symptom", "cause", "host", "server", "cluster", "database", "application", "feature",
    "customer", "product", "severity", "scenario", "procedure", "task", "incident", "operation", "policy", "schedule",
))  # fmt: skip


def read_slots(page: Page) -> Iterator[Slot]:
    """The unfilled slots of a page; a bracket in the middle of a sentence is not one, nor are code and links."""
    content = page.document.content
    if b"[" in content:
        yield from _brackets(page)
    for pattern in _PUT_OFF:
        for found in pattern.finditer(content):
            yield from _word(page, found.start())


def _brackets(page: Page) -> Iterator[Slot]:
    document = page.document
    links: frozenset[int] | None = None
    for found in _BRACKET().finditer(document.content):
        text = found.group(1).decode("utf-8", "replace").strip()
        if text.lower() in _MARKS:
            continue
        if links is None:
            links = frozenset(link.start for link in document.links)
        block = None if found.start() in links else _leaf(page, found.start())
        if block is not None and _is_slot(page, block, found.start(), text):
            yield Slot(f"[{text}]", found.start(), found.end())


def _word(page: Page, at: int) -> Iterator[Slot]:
    block = _leaf(page, at)
    if block is None or block.kind == "heading" or page.document.content[at - 1 : at] == b"[":
        return
    before, after = _unit(page, block, at)
    if not before.strip(" \t*_`(") and is_unfilled_word(after):
        text = after.strip(" \t*_`.:!)")
        yield Slot(text, at, at + len(text.encode()))


def _leaf(page: Page, offset: int) -> Block | None:
    """The heading, paragraph or cell that holds a byte outside of code, or None."""
    blocks = page.document.blocks
    index = page.document.index_at(offset + 1) - 1
    if index < 0 or offset >= blocks[index].end or blocks[index].kind not in ("heading", "paragraph", "cell"):
        return None
    return blocks[index]


def _is_slot(page: Page, block: Block, offset: int, text: str) -> bool:
    before, after = _unit(page, block, offset)
    if len(before) + len(after) > _LONGEST_UNIT:
        return False
    if before.count("`") % 2 or before.rfind("<!--") > before.rfind("-->"):
        return False
    if _is_bare(before + after):
        return True
    words = text.lower().replace("/", " ").split()
    return block.kind == "heading" and bool(words) and not _ASKED.isdisjoint((words[-1], words[0]))


def _unit(page: Page, block: Block, offset: int) -> tuple[str, str]:
    """What stands before and after a byte in its heading, cell or line of a paragraph, without the line's label."""
    content = page.document.content
    start = max(block.start, content.rfind(b"\n", 0, offset) + 1, offset - _LONGEST_UNIT - 1)
    stop = content.find(b"\n", offset, block.end)
    before = page.document.source(start, offset)
    after = page.document.source(offset, min(block.end if stop < 0 else stop, offset + _LONGEST_UNIT + 1))
    after = re.split(_LABEL, after.partition("<!--")[0], maxsplit=1)[0]
    return _without_label(before.lstrip("#> \t")), after.rstrip("# \\")


# A line beyond this is prose or a dump, whatever brackets stand in it.
_LONGEST_UNIT = 2_000
# Left to the cache of `re`: only a page with a bracket needs them, and all lints start with this file.
_LABEL = r"(?:\*\*|__)[^*_\n]{1,80}?(?::(?:\*\*|__)|(?:\*\*|__)\s*:)"
_PLAIN_LABEL = r"[A-Za-z][^\[\]:|`]{0,60}:\s+"


def _without_label(before: str) -> str:
    labels = list(re.finditer(_LABEL, before))
    if labels:
        return before[labels[-1].end() :]
    plain = re.match(_PLAIN_LABEL, before)
    return before[plain.end() :] if plain else before


@lru_cache(maxsize=1024)
def _is_bare(unit: str) -> bool:
    """Whether a unit holds nothing but brackets and what joins them, such as `[Time] - [Event]`."""
    joined = r"(?:[\s\-–—/,:;|.&*_~+()<>→=\"'@]|\b(?:and|or|at|to|by|until|from|of|in|on)\b)*"
    return re.fullmatch(joined, re.sub(r"\[[^\[\]]*\]", "", unit)) is not None


@lru_cache(maxsize=1024)
def is_unfilled_word(unit: str) -> bool:
    """Whether a value is only a word that puts it off (`TBD`) or the shape of what belongs there (`YYYY-MM-DD`)."""
    plain = unit.strip(" \t*_.:!`()[]<>\\").upper()
    shape = r"YYYY-MM-DD(?:[ T]+HH:MM(?::SS)?(?:Z| UTC)?)?|HH:MM(?: UTC)?"
    return plain in _LATER or re.fullmatch(shape, plain) is not None


_LATER = frozenset({"TODO", "TBD", "TBC", "FIXME", "TO BE DONE", "TO BE DEFINED", "TO BE DETERMINED"})


def is_unfilled(value: str) -> bool:
    """Whether a value is empty, a slot, several slots, or a word that puts it off."""
    value = value.strip()
    if not value:
        return True
    return is_unfilled_word(value) or ("[" in value and _is_bare(value) and "](" not in value)

"""The splice that ticks an action item of a page, or takes the tick away. Writes nothing."""

from __future__ import annotations

import re

from opsbook.book.action_items import DONE_WORDS, STATUS_HEADS, ActionItem, read_action_items
from opsbook.book.page import Page
from opsbook.book.tables import Table, read_tables
from opsbook.ground.errors import Edit

_BOX = re.compile(rb"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+(\[[ xX]\])")
_BULLET = re.compile(rb"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+")


def item_like(page: Page, text: str, count: int = 0) -> ActionItem | None:
    """The action item of that text, the one behind `count` others that say the same; None where there is none."""
    same = [each for each in read_action_items(page) if each.text == text]
    return same[count] if count < len(same) else None


def mark(page: Page, item: ActionItem, *, is_done: bool) -> Edit | None:
    """What makes an item done, or open again: its box, a box before its words where it has none, or the word in its
    row's column of states; None for a row of a table without such a column."""
    content = page.document.content
    start = _start_of(content, item.line)
    if content[start:].lstrip(b" \t>").startswith(b"|") or _bullet(content, start) is None:
        return _cell(page, item, is_done)
    box = _BOX.match(content, start)
    if box is not None:
        return Edit(box.start(1), box.end(1), "[x]" if is_done else "[ ]")
    bullet = _bullet(content, start)
    assert bullet is not None
    return Edit(bullet.end(), bullet.end(), "[x] " if is_done else "[ ] ")


def _bullet(content: bytes, start: int) -> re.Match[bytes] | None:
    return _BULLET.match(content, start)


def _start_of(content: bytes, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = content.find(b"\n", at) + 1
    return at


def _cell(page: Page, item: ActionItem, is_done: bool) -> Edit | None:
    for table in read_tables(page.document):
        column = table.column(*STATUS_HEADS)
        row = _row_at(page, table, item.line)
        if column is None or row is None:
            continue
        cell = table.rows[row][column]
        was = page.document.source(cell.start, cell.end).strip()
        return Edit(cell.start, cell.end, _word(was, is_done) + ("" if was else " "))
    return None


def _row_at(page: Page, table: Table, line: int) -> int | None:
    return next((at for at, row in enumerate(table.rows) if row and page.document.line(row[0].start) == line), None)


def _word(was: str, is_done: bool) -> str:
    """The word in the manner of the cell: marks stay marks."""
    if was in ("[ ]", "[x]", "[X]"):
        return "[x]" if is_done else "[ ]"
    if was in ("✅", "✓", "❌", "⏳"):
        return "✅" if is_done else "❌"
    if was.lower() in ("yes", "no"):
        return "yes" if is_done else "no"
    return "Done" if is_done else "Open" if was.lower().startswith(DONE_WORDS) or not was else was

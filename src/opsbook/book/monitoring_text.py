"""What the values of monitoring say as they are read: words without their marks, and the service that labels name.

Knows no metric and no alert.
"""

from __future__ import annotations

import re

from opsbook.book.page import Page
from opsbook.book.rule_pages_values import read_pairs
from opsbook.book.tables import Cell, plain_text

_MARKS = ("job", "app", "application", "component")
# Inline code, which has no escapes; a hard break; an escaped mark.
_ESCAPED = re.compile(r"(?<![\\`])(`+)(?!`)(.+?)(?<!`)\1(?!`)|\\\n[ \t]*|\\([!-/:-@\[-`{-~])", re.S)
_LINK = re.compile(r"\[([^\]\[]*)\]\([^)\s]*\)")


def said(page: Page, cell: Cell) -> str:
    """A cell's words as they are read: what a backslash escapes is itself, and a hard break is a space."""
    if "\\" not in cell.text:
        return words_of(cell.text)
    source = page.document.source(cell.start, cell.end)
    if plain_text(source) != cell.text:
        return words_of(cell.text)  # a block of code, which has no escapes
    text = _ESCAPED.sub(_unescaped, _LINK.sub(r"\1", source)).replace("**", "")
    return words_of(text[1:-1] if len(text) > 2 and text[0] == "`" == text[-1] else text)


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return found[2].replace("\\|", "|")
    return found[3] or " "


def words_of(text: str) -> str:
    """A cell's words, with autolinks as their address."""
    return re.sub(r"<((?:https?|mailto):[^<>\s]+)>", r"\1", text).strip()


def service_told(labels: str) -> tuple[str, tuple[str, ...]]:
    """What the labels of a rule, as written on a page, say of its service: the one that `service` names, and what
    other labels have that may name it. A template's value names none."""
    told = {name: value.strip() for name, value in read_pairs(labels).items() if "{{" not in value}
    return told.get("service", ""), tuple(told[name] for name in _MARKS if told.get(name))

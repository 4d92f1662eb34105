"""The front matter of a page as a small table, as GitHub shows it; what cannot be read is shown as it is written."""

from __future__ import annotations

from typing import Any

from opsbook.book.page import Page
from opsbook.book.rendering.text import escape

_MOST_ROWS = 100
_LONGEST = 2000


def front_table(page: Page) -> str:
    """The HTML of a page's front matter, empty where there is none."""
    document = page.document
    if not document.front.strip():
        return ""
    front = page.metadata.front
    if not front or page.metadata.front_error:
        return f"<pre><code>{escape(document.front[: _LONGEST * 10])}</code></pre>\n"
    rows = [f"<tr><th>{escape(str(key))}</th><td>{escape(_words(value))}</td></tr>" for key, value in front.items()]
    return f"<table><tbody>\n{''.join(rows[:_MOST_ROWS])}</tbody></table>\n"


def _words(value: Any, depth: int = 0) -> str:
    """A value in words: lists by commas, mappings as `key: value`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if depth > 3:
        return "…"
    if isinstance(value, dict):
        words = "; ".join(f"{key}: {_words(one, depth + 1)}" for key, one in list(value.items())[:_MOST_ROWS])
    elif isinstance(value, list | tuple):
        words = ", ".join(_words(one, depth + 1) for one in value[:_MOST_ROWS])
    else:
        words = str(value)
    return words[:_LONGEST]

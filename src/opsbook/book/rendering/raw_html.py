"""The author's own HTML, piece by piece, to what may stand on the page; whether it is safe the sanitiser decides.

Tags that would swallow what follows (`<style>`, `<textarea>` …) are shown as text, as GitHub does, and so are tags that
are not whole. Images become what images of the Markdown become, so that none is loaded from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from opsbook.book.rendering.leads import Leads
from opsbook.book.rendering.marks import BARE, LONGEST_VALUE, WRITTEN, Marks
from opsbook.book.rendering.names import Names, id_attribute
from opsbook.book.rendering.stack import Stack
from opsbook.book.rendering.text import escape

_PART = re.compile(r"<!--.*?(?:-->|\Z)|<[!?][^>]*(?:>|\Z)|<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:[\s/][^<>]*)?)>|<", re.S)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
# GitHub's tag filter: what a browser reads as text up to its end tag, and so would swallow the rest of the page.
_SWALLOWING = frozenset(
    {"title", "textarea", "style", "xmp", "iframe", "noembed", "noframes", "noscript", "script", "plaintext"}
)
# Written by us, with marks; an author's would be a field that leads nowhere.
_OURS = frozenset({"input", "section"})
Image = Callable[[str, str, str], None]  # an address, its alternative text, more attributes


class RawHtml:
    """The reader of one page's HTML; `image` writes an image."""

    def __init__(self, stack: Stack, image: Image) -> None:
        self._stack = stack
        self._image = image

    def write(self, html: str) -> None:
        """Writes a piece, as far as it may stand."""
        done = 0
        for part in _PART.finditer(html):
            if part.start() > done:
                self._stack.out.append(_text(html[done : part.start()]))
            done = part.end()
            closing, name, attributes = part.groups()
            if name is None:
                if part.group() == "<":
                    self._stack.out.append("&lt;")
                continue
            self._tag(name.lower(), bool(closing), attributes, part.group())
        if done < len(html):
            self._stack.out.append(_text(html[done:]))

    def _tag(self, name: str, is_closing: bool, attributes: str, written: str) -> None:
        if name in _SWALLOWING or _has_open_quote(attributes):
            self._stack.out.append(escape(written))
        elif name not in WRITTEN or name in _OURS:
            return
        elif is_closing:
            self._stack.end_raw(name)
        elif name == "img":
            found = _attributes(attributes)
            sizes = "".join(
                f' {key}="{escape(found[key])}"' for key in ("width", "height", "align") if _is_plain(found.get(key))
            )
            self._image(found.get("src", ""), found.get("alt", ""), sizes)
        else:
            self._stack.open_raw(name, f"<{name}>" if name in BARE else written)


def rewriter(marks: Marks, leads: Leads, names: Names) -> Callable[[str, str, str], str | None]:
    """What the sanitiser asks about each attribute of the author's that it knows; never raises."""

    def rewrite(tag: str, name: str, value: str) -> str | None:
        if name == "data-o":
            return value if value.startswith(f"ob{marks.stamp}") else None
        if tag in BARE or name == "src":  # an image that got here was hidden from the reader above
            return None
        if name == "href":
            return marks.value(leads.of(value).attributes()) if value else None
        if name in ("id", "name"):
            identity = names.of_author(value)
            return marks.value(id_attribute(identity)) if identity else None
        return value if len(value) <= LONGEST_VALUE else None

    return rewrite


def _text(html: str) -> str:
    """Text between tags: entities stay as they are written."""
    return html.replace(">", "&gt;") if ">" in html else html


def _has_open_quote(attributes: str) -> bool:
    rest = _QUOTED.sub("", attributes)
    return '"' in rest or "'" in rest


def _attributes(written: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(written):
        found.setdefault(name.lower(), unescape(double or single or bare))
    return found


def _is_plain(size: str | None) -> bool:
    return size is not None and re.fullmatch(r"[a-z0-9]{1,10}%?", size, re.I) is not None

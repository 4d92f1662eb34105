"""The anchors and links in a piece of HTML, with their places. Interprets nothing else of it and never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAME = re.compile(r"""<[a-z][^<>]*?\s(?:id|name)\s*=\s*["']?([^"'\s>]+)""", re.I)
_LINK = re.compile(r"""<(?:a|img)\b[^<>]*?\s(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^"'\s>]+))""", re.I)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)


def without_comments(html: str) -> str:
    """The piece with spaces in the place of its comments, as many as they have bytes; one left open ends with it."""
    if "<!--" not in html:
        return html
    return _COMMENT.sub(lambda comment: " " * len(comment.group().encode()), html)


def names(html: str) -> list[str]:
    """What `#fragment` may name: the values of `id` and `name`."""
    return _NAME.findall(html) if "=" in html else []


def links(html: str) -> Iterator[tuple[str, int, int]]:
    """Each `href` of an `a` and `src` of an `img`, with the bytes [start, end) from the tag to the end of its value."""
    if "=" not in html:
        return
    for found in _LINK.finditer(html):
        start = len(html[: found.start()].encode())
        href = found.group(1) or found.group(2) or found.group(3) or ""
        if "&" in href:
            from html import unescape  # its table of names costs a start of 40 ms one, and few addresses need it

            href = unescape(href)
        yield href, start, start + len(found.group().encode())

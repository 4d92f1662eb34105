"""Text to HTML: escaped, and with the addresses in it as links, as GitHub finds them. Knows no page."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONGEST_ADDRESS = 2000
# Every alternative can begin only where the one before it could not have gone on, so a long run is looked at once.
_BARE = re.compile(
    r"(?<![\w@/])(?:https?://|www\.)[^\s<]+"
    r"|(?<![A-Za-z0-9._+@/-])[A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?![\w@/])",
    re.I,
)
_ENTITY_END = re.compile(r"&[a-zA-Z0-9]+;$")


def escape(text: str) -> str:
    """Text as it stands between tags, and in an attribute with double quotes."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text.replace('"', "&quot;") if '"' in text else text


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """The text in parts, each with the address that it links to, or with ""."""
    done = 0
    for found in _BARE.finditer(text):
        words = found.group()
        if "@" in words and not words.lower().startswith(("http", "www.")):
            words = words.rstrip("-._")
            address = f"mailto:{words}"
        else:
            words = _without_punctuation(words)
            address = words if "://" in words else f"http://{words}"
        if len(words) > _LONGEST_ADDRESS or address.endswith("://"):
            continue
        if found.start() > done:
            yield text[done : found.start()], ""
        yield words, address
        done = found.start() + len(words)
    if done < len(text):
        yield text[done:], ""


def has_address(text: str) -> bool:
    """Whether `pieces` could find anything; most text is spared it."""
    return "://" in text or "@" in text or "www." in text


def _without_punctuation(words: str) -> str:
    """An address without the punctuation of the sentence around it; a bracket stays when it was opened in it."""
    unopened = words.count(")") - words.count("(")
    while words:
        last = words[-1]
        if last in "?!.,:*_~'\"":
            words = words[:-1]
        elif last == ")" and unopened > 0:
            words, unopened = words[:-1], unopened - 1
        elif last == ";" and (entity := _ENTITY_END.search(words[-40:])):
            words = words[: -len(entity.group())]
        else:
            break
    return words

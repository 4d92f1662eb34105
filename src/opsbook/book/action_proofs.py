"""What proves an action item done, as somebody writes it behind `proven by`: an address, a procedure of the book, a
command. Asks nothing and runs nothing.
"""

from __future__ import annotations

import re
from posixpath import dirname, join, normpath
from typing import Literal
from urllib.parse import unquote

from msgspec import Struct

from opsbook.ground.pattern import Pattern

ProofKind = Literal["address", "procedure", "command", "words"]


class Proof(Struct, frozen=True):
    """What proves it: an `address` that is to answer well, the `path#anchor` of a procedure that is to succeed, a
    command, or words for people. `words` are what people see of it."""

    kind: ProofKind
    value: str
    words: str


_VALUE = r"(`[^`\n]+`|\[[^\]\n]*\]\([^)\s]+\)|<?https?://[^\s<>`]+>?)"
_HEAD = r"^[ \t]*(?:[-*+][ \t]+)?\*{0,2}(?:proof|verified by)\b\*{0,2}:\*{0,2}"
_PROVEN = Pattern(r"(?:\bproven by\b:?|" + _HEAD + r")[ \t]+" + _VALUE, re.I | re.M)
_LABEL = Pattern(_HEAD + r"[ \t]+(\S.*)$", re.I | re.M)
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
_PLACE = re.compile(r"[\w./ -]+\.(?:md|markdown)#[\w%-]+", re.I)


def written_proof(text: str) -> str:
    """What an item's text says proves it, as written; empty where it says nothing of it."""
    found = _PROVEN().search(text)
    if found is not None:
        return found.group(1).strip("<>").rstrip(".,;")
    label = _LABEL().search(text)
    return label.group(1).strip() if label is not None else ""


def read_proof(written: str, page: str) -> Proof | None:
    """What is meant by it on a page of that path; None for nothing at all."""
    written = written.strip()
    if not written:
        return None
    link = _LINK.fullmatch(written)
    href = link.group(2) if link is not None else written
    if re.match(r"https?://[^\s/]", href):
        return Proof("address", href, link.group(1) if link is not None and link.group(1) else href)
    if written.startswith("`") and written.endswith("`") and len(written) > 2:
        return Proof("command", written.strip("`").strip(), written.strip("`").strip())
    if "#" in href and (link is not None or _PLACE.fullmatch(href)):
        path, _, anchor = href.partition("#")
        place = normpath(join(dirname(page), unquote(path))) if path else page
        return Proof("procedure", f"{place}#{unquote(anchor)}", link.group(1) if link is not None else href)
    return Proof("words", written, written)

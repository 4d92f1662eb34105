"""Heading text to anchor, as code hosts and site builders make it. Knows no page and no link."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from opsbook.ground.pattern import Pattern

# github.com: html-pipeline's table of contents filter drops everything but `\p{Word}`, hyphen and space from the
# lower-cased text, then turns each space into a hyphen (so "a — b" is "a--b", and an emoji leaves its space behind).
_ASCII_DROPPED = Pattern(r"[^a-z0-9_\- ]")
_MKDOCS_DROPPED = Pattern(r"[^\w\s-]", re.ASCII)
_MKDOCS_JOINED = Pattern(r"[-\s]+")
_ATTRIBUTE_ID = Pattern(r"\s*\{:?[^{}#]*#([^\s{}]+)[^{}]*\}$")
# `\p{Word}` in Ruby is: letters, marks, decimal digits, connectors. Python's `\w` has no marks and
# has other numbers (such as a superscript two), which GitHub drops.
_WORD_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Pc"})


@lru_cache(maxsize=16_384)
def github_slug(text: str) -> str:
    """The anchor that GitHub gives a heading with this rendered text, before duplicates are numbered."""
    lowered = text.lower()
    if lowered.isascii():
        return _ASCII_DROPPED().sub("", lowered).replace(" ", "-")
    kept = (c for c in lowered if c in "- " or unicodedata.category(c) in _WORD_CATEGORIES)
    return "".join(kept).replace(" ", "-")


@lru_cache(maxsize=16_384)
def mkdocs_slug(text: str) -> str:
    """The anchor that Python-Markdown's toc extension gives, which MkDocs uses: ASCII only, runs of hyphens joined."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _MKDOCS_JOINED().sub("-", _MKDOCS_DROPPED().sub("", ascii_text).strip().lower())


def attribute_id(text: str) -> tuple[str, str | None]:
    """A heading's text without its trailing `{#id}`, and that id, as MkDocs, MyST and Hugo read it."""
    if not text.endswith("}"):
        return text, None
    found = _ATTRIBUTE_ID().search(text)
    return (text[: found.start()], found.group(1)) if found else (text, None)


def numbered(slugs: list[str], separator: str = "-") -> list[str]:
    """The slugs in order with `-1`, `-2` … behind repeated ones, never the same one twice."""
    if len(set(slugs)) == len(slugs):
        return slugs
    seen: dict[str, int] = {}
    out = []
    for slug in slugs:
        unique = slug
        while unique in seen:
            seen[slug] += 1
            unique = f"{slug}{separator}{seen[slug]}"
        seen[unique] = 0
        out.append(unique)
    return out

"""The label matchers of the book, by which alerts are silenced and asked for too. Adds nothing to them."""

from __future__ import annotations

from opsbook.book.matchers import (
    Matcher,
    Misread,
    holds_of_anything,
    matchers_of,
    matches,
    read_matchers,
    sign_of,
    why_wrong,
    written,
    written_one,
)

__all__ = [
    "Matcher", "Misread", "holds_of_anything", "matchers_of", "matches", "read_matchers", "sign_of", "why_wrong",
    "written", "written_one",
]  # fmt: skip

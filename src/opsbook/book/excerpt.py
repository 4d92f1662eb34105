"""A few words of what an endpoint answered, fit for a sentence: short, visible, without what looks like a secret.

Escapes nothing for HTML or a terminal's colours; who shows it does.
"""

from __future__ import annotations

import re

from opsbook.ground.pattern import Pattern

LONGEST = 80  # characters
_LOOKED_AT = 2048  # bytes: enough to find a title behind a doctype and some meta elements

_TITLE = Pattern(rb"<title[^>]{0,200}>\s*([^<]{1,400}?)\s*</title", re.IGNORECASE)
# A word that names a secret, and what is given for it; a quote may stand around either.
_NAMED = Pattern(
    r"""((?:pass(?:word|wd|phrase)?|secret|token|api.?key|access.?key|private.?key|credentials?|authorization|cookie"""
    r"""|session.?id|signature|bearer|basic)["']?\s*(?:[:=]\s*|\s)["']?(?:bearer\s+|basic\s+)?)([^\s"',;&}]+)""",
    re.IGNORECASE,
)
_LONG_RUN = Pattern(r"[A-Za-z0-9+=_-]{20,}")  # shorter than any token that is worth having
_PASSWORD_IN_URL = Pattern(r"(://[^\s/:@]*:)[^\s/@]+@")
_HIDDEN = "…"


def excerpt(body: bytes) -> str:
    """The page's title, else the first words, in at most 80 characters; empty for an empty answer."""
    start = body[:_LOOKED_AT]
    title = _TITLE().search(start)
    return shown(without_secrets((title[1] if title else start).decode("utf-8", "replace")))


def without_secrets(text: str) -> str:
    """The text with an ellipsis for whatever is named a secret, or looks like one."""
    named = _NAMED().sub(rf"\g<1>{_HIDDEN}", _PASSWORD_IN_URL().sub(rf"\1{_HIDDEN}@", text))
    return _LONG_RUN().sub(_hide_run, named)


def shown(text: str) -> str:
    """A text from outside on one line: what cannot be seen spelled out, cut at 80 characters."""
    line = " ".join(text[:_LOOKED_AT].split())
    visible = "".join(each if each.isprintable() else _spelled(each) for each in line[: LONGEST + 1])
    return visible if len(visible) <= LONGEST else visible[: LONGEST - 1].rstrip() + "…"


def _hide_run(found: re.Match[str]) -> str:
    """A long run with letters and digits in it, or one longer than any word, may be a key."""
    run = found[0]
    has_both = any(each.isdigit() for each in run) and any(each.isalpha() for each in run)
    return _HIDDEN if has_both or len(run) >= 40 else run


def _spelled(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")

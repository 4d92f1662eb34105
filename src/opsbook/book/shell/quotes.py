"""A word of the shell without its quotes; refuses to expand anything in it."""

from __future__ import annotations

import re

from opsbook.ground.pattern import Pattern

_QUOTES = Pattern(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|\\\n|\\(.)", re.S)


def unquote(raw: str) -> str:
    """The word as a command would receive it, expansions left as written."""
    if "'" not in raw and '"' not in raw and "\\" not in raw:
        return raw
    return _QUOTES().sub(_plain, raw[1:] if raw.startswith(("$'", '$"')) else raw)


def _plain(match: re.Match[str]) -> str:
    if match[1] is not None:
        return match[1]
    if match[2] is not None:
        return re.sub(r'\\(["\\$`\n])', lambda kept: "" if kept[1] == "\n" else kept[1], match[2])
    return match[3] or ""

"""The text of YAML scalars: escapes, folding, block scalars. Knows nothing of the lines around them."""

from __future__ import annotations

import re
from functools import cache

_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028",
    "P": "\u2029",
}  # fmt: skip


@cache
def _escape() -> re.Pattern[str]:
    return re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.?))", re.DOTALL)


def unescape(raw: str) -> str:
    """The text between double quotes with its escapes resolved. Raises ValueError where one is not YAML's."""

    def resolved(match: re.Match[str]) -> str:
        digits = match[1] or match[2] or match[3]
        if digits is None:
            if match[4] not in _ESCAPES:
                raise ValueError(f"unknown escape \\{match[4]}")
            return _ESCAPES[match[4]]
        point = int(digits, 16)
        if 0xD800 <= point <= 0xDFFF or point > 0x10FFFF:
            raise ValueError(f"\\{digits} is no character")
        return chr(point)

    return _escape().sub(resolved, raw) if "\\" in raw else raw


def fold(lines: list[str], *, is_closed: bool = False) -> str:
    """Lines of a plain or quoted scalar, outer blanks already cut, joined as YAML joins them.

    `is_closed`: the last line holds the closing quote, so it counts even when nothing stands before that.
    """
    parts = [lines[0]]
    blanks = 0
    last = len(lines) - 1 if is_closed else -1
    for number, line in enumerate(lines[1:], 1):
        if not line and number != last:
            blanks += 1
            continue
        parts.append("\n" * blanks or " ")
        parts.append(line)
        blanks = 0
    return "".join(parts)


def literal_block(lines: list[str], chomping: str, *, at_end: bool) -> str:
    """The text of a `|` block from its lines, already cut. `at_end`: the file ends without a line feed."""
    kept = len(lines)
    while kept and not lines[kept - 1]:
        kept -= 1
    return "\n".join(lines[:kept]) + _tail(lines, kept, chomping, at_end=at_end)


def folded_block(lines: list[str], chomping: str, *, at_end: bool) -> str:
    """The text of a `>` block: single line breaks become spaces, except around more indented lines."""
    kept = len(lines)
    while kept and not lines[kept - 1]:
        kept -= 1
    parts: list[str] = []
    was_deeper = True
    blanks = 0
    for line in lines[:kept]:
        if not line:
            blanks += 1
            continue
        is_deeper = line[0] in " \t"
        if not parts:
            parts.append("\n" * blanks)
        elif was_deeper or is_deeper:
            parts.append("\n" * (blanks + 1))
        else:
            parts.append("\n" * blanks or " ")
        parts.append(line)
        was_deeper, blanks = is_deeper, 0
    return "".join(parts) + _tail(lines, kept, chomping, at_end=at_end)


def _tail(lines: list[str], kept: int, chomping: str, *, at_end: bool) -> str:
    if chomping == "-":
        return ""
    # libyaml gives a last line that the file does not end no line feed, so neither do we.
    breaks = len(lines) - (1 if at_end else 0)
    if chomping == "+":
        return "\n" * (breaks - max(kept - 1, 0)) if kept else "\n" * breaks
    return "\n" if kept and breaks >= kept else ""

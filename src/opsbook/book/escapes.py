"""Anybody's words as Markdown that says just these words: nothing in them is a mark, a link, HTML, a slot or a heading.

As little as possible is escaped, since people read the source: `disk_full` stays as it is.
"""

from __future__ import annotations

import re
from unicodedata import category

_MARKS = re.compile(
    r"[\\`\[<]"  # escapes, code, links and slots, HTML: always
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis, but not within a word
    r"|\*(?=\S)|(?<=\S)\*"
    r"|&(?=#?\w{1,31};)"
    r"|~(?=.*~)|(?<=~)~"
)
_BULLET = re.compile(r"[-*+][ \t]+(?=\S)")
_NUMBER = re.compile(r"\d{1,9}(?=[.)](?:\s|$))")


def one_line(text: str, *, is_cell: bool = False) -> str:
    """The words in one line, with what is a mark in it escaped; in a cell of a table the bar too."""
    words = " ".join(_printable(text).split())
    escaped = _MARKS.sub(lambda found: "\\" + found.group(), words)
    return escaped.replace("|", "\\|") if is_cell else escaped


def in_title(text: str) -> str:
    """The words as (a part of) a heading."""
    words = one_line(text).replace("{#", "{ #")
    return re.sub(r"#+$", lambda found: "\\" + found.group(), words)


def in_lines(text: str) -> str:
    """The words in their lines and paragraphs; bullets stay bullets, and nothing else is anything but text."""
    lines = [_line(line.strip()) for line in re.split(r"\r\n|\r|\n", text)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _line(line: str) -> str:
    bullet = _BULLET.match(line)
    if bullet is not None:
        return "- " + _start(one_line(line[bullet.end() :]))
    return _start(one_line(line))


def _start(line: str) -> str:
    """A line that opens with what would make it a heading, quote, list, rule or table is none."""
    number = _NUMBER.match(line)
    if number is not None:
        return f"{line[: number.end()]}\\{line[number.end() :]}"
    return "\\" + line if line[:1] in ("#", ">", "=", "|", "~", ":", "-", "+", "*") and line[:1] else line


def _printable(text: str) -> str:
    return "".join(" " if category(letter) in ("Cc", "Cs", "Zl", "Zp") else letter for letter in text)

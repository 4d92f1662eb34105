"""What a program printed for a terminal, as lines that can be shown on another one: colours stay, nothing else acts.

Cursor moves, titles, clipboards, queries, links and whatever else a terminal would obey are left out, so that output
cannot drive the terminal of whoever looks at it. Text that is written over in the same line (progress) is replaced.
"""

from __future__ import annotations

import codecs
import re

LONGEST_LINE = 4000  # characters of one line that are shown; a terminal shows no more of it that anybody reads
_MOST_COLOURS = 8  # sequences that are carried from line to line; more say no more
RESET = "\x1b[0m"
# What begins with ESC or its eight-bit twin: texts up to their end (OSC, DCS, PM, APC, SOS), CSI, and two letters.
_SEQUENCE = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|(?=\x1b)|$)"
    r"|(?:\x1b\[|\x9b)([0-?]*)([ -/]*)([@-~]?)"
    r"|\x1b[ -/]*[0-~]?"
)
_COLOUR = re.compile(r"[0-9;:]{0,40}")
_HIDDEN = 8  # SGR "conceal": text that is there and cannot be seen


class TerminalText:
    """Bytes in, as they come; whole lines out. Holds what has no end yet: a line, half a letter, a colour."""

    def __init__(self, *, is_coloured: bool = True) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._is_coloured = is_coloured
        self._rest = ""
        self._colours: list[str] = []
        self.cut = 0  # how many lines were too long to be shown whole

    def feed(self, part: bytes) -> list[str]:
        """The lines that ended with this part, without their ends."""
        *lines, rest = (self._rest + self._decode(part)).split("\n")
        self._rest = rest if len(rest) <= 4 * LONGEST_LINE else rest[: 4 * LONGEST_LINE]
        return [self._shown(line) for line in lines]

    def close(self) -> list[str]:
        """What is left of a last line without an end."""
        rest, self._rest = self._rest + self._decode(b"", True), ""
        return [self._shown(rest)] if rest else []

    @property
    def unfinished(self) -> str:
        """The line that has no end yet, without colours, as it stands."""
        return plain(self._rest)

    def _shown(self, line: str) -> str:
        if "\x1b" not in line and "\r" not in line and line.isprintable():
            text = line[:LONGEST_LINE]
            self.cut += len(line) > LONGEST_LINE
            return f"{''.join(self._colours)}{text}{RESET}" if self._colours and text else text
        carried = "".join(self._colours)
        kept = _SEQUENCE.sub(self._colour, _last_written(line))
        self.cut += len(kept) > 2 * LONGEST_LINE
        text = "".join(c for c in kept[: 2 * LONGEST_LINE] if c.isprintable() or c in "\t\x1b")
        return f"{carried}{text}{RESET}" if carried or "\x1b" in text else text

    def _colour(self, found: re.Match[str]) -> str:
        if not self._is_coloured or found[3] != "m" or found[2] or not _COLOUR.fullmatch(found[1] or ""):
            return ""
        sequence = f"\x1b[{found[1]}m"
        if _hides(found[1]):
            return ""
        if found[1].strip("0;") == "":
            self._colours = []
        else:
            self._colours = [*self._colours, sequence][-_MOST_COLOURS:]
        return sequence


def plain(text: str) -> str:
    """A text of several lines without colours and without anything that a terminal obeys."""
    return "\n".join(_plain_line(line) for line in text.split("\n"))


def _plain_line(line: str) -> str:
    if "\r" not in line and line.isprintable():
        return line[:LONGEST_LINE]
    kept = _SEQUENCE.sub("", _last_written(line))[:LONGEST_LINE]
    return "".join(c for c in kept if c.isprintable() or c == "\t")


def _last_written(line: str) -> str:
    """What stands in a line at last, where a program went back to its start and wrote again."""
    return line.rstrip("\r").rpartition("\r")[2]


def _hides(codes: str) -> bool:
    numbers = iter(codes.replace(":", ";").split(";"))
    for number in numbers:
        if number in ("38", "48", "58"):  # a colour by number or by parts: what follows are not codes
            kind = next(numbers, "")
            for _ in range({"5": 1, "2": 3}.get(kind, 0)):
                next(numbers, "")
        elif number.isdecimal() and int(number) == _HIDDEN:
            return True
    return False

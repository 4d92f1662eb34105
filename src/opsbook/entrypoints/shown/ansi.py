"""What a command printed, as HTML: colours and weights become classes, a line that is overwritten is shown as it ended.

Everything else that a terminal would obey is left out, and nothing of the output is ever markup. Parts may be
shown one after the other: what they come to is the same wherever they were cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from msgspec import Struct
from msgspec.structs import replace

from opsbook.entrypoints.shown.pen import PLAIN, Pen, repainted

LONGEST_SEQUENCE = 8_192  # bytes; what is longer without an end is no sequence, and is shown
_STRING = rb"\x1b[\]PX^_][^\x07\x18\x1a\x1b\n]{0,8192}+"  # the begin of a title, a link, a picture
LONGEST_LINE = 4_096  # columns; a longer line is broken, so that an endless one can be shown as it comes
_TOKEN = re.compile(
    rb"[^\x00-\x1f\x7f]{1,1024}+[\x80-\xbf]{0,3}+"  # text, cut between characters
    rb"|\x1b\[(?P<codes>[0-?]{0,256}+)[ -/]{0,16}+(?P<final>[@-~])"
    rb"|" + _STRING + rb"(?:\x07|\x1b\\|(?=[\x18\x1a\x1b\n]))"
    rb"|\x1b[ -/]{0,16}+[0-~]"
    rb"|[\x00-\x1f\x7f]"
)
_BEGUN = re.compile(rb"\x1b\[[0-?]{0,256}+[ -/]{0,16}+|" + _STRING + rb"\x1b?|\x1b[ -/]{0,16}+")
# Controls of the second block, and what turns the direction of reading: shown as what cannot be shown.
_UNSEEN = re.compile("[\x80-\x9f\u200e\u200f\u061c\u2028\u2029\u202a-\u202e\u2066-\u2069]")
Segment = tuple[str, Pen]


class Painted(Struct, frozen=True):
    """What a part of the output came to: the lines that are whole now, each with its line end, and the line after them
    as far as it is known, which the next part may change."""

    whole: str
    last: str


class Paper:
    """Output that is shown part by part. `mark` is where the unfinished line begins, and with which pen: whoever begins
    anew there gets the same lines."""

    def __init__(self, offset: int = 0, pen: Pen = PLAIN) -> None:
        self.mark = (offset, pen)
        self._pen = pen
        self._read = offset
        self._begun = b""
        self._line: list[Segment] = []
        self._length = 0
        self._column = 0

    def show(self, part: bytes) -> Painted:
        """The next part."""
        raw = self._begun + part
        cut = len(raw) - _unfinished(raw)
        self._begun = raw[cut:]
        return self._painted(raw[:cut])

    def end(self) -> Painted:
        """What is left when nothing more will come."""
        raw, self._begun = self._begun, b""
        return self._painted(raw)

    def _painted(self, raw: bytes) -> Painted:
        whole: list[str] = []
        begin = self._read
        for token in _TOKEN.finditer(raw):
            self._read = begin + token.end()
            first = raw[token.start()]
            if first == 0x0A or (first >= 0x20 and first != 0x7F and self._write(token.group())):
                whole.append(_html(self._line) + "\n")
                self._line, self._length, self._column = [], 0, 0
                self.mark = (self._read, self._pen)
            elif first == 0x09:
                self._write(b"\t")
            else:
                self._obey(first, token)
        return Painted("".join(whole), _html(self._line))

    def _obey(self, first: int, token: re.Match[bytes]) -> None:
        final = token.group("final")
        if first == 0x0D:
            self._column = 0
        elif first == 0x08:
            self._column = max(0, self._column - 1)
        elif final == b"m":
            self._pen = repainted(self._pen, token.group("codes"))
        elif final == b"K":
            self._erase(token.group("codes"))

    def _write(self, raw: bytes) -> bool:
        """Puts text at the cursor; whether the line is as long as lines may be."""
        text = _UNSEEN.sub("\ufffd", raw.decode("utf-8", "replace"))
        if self._column > self._length:
            self._line.append((" " * (self._column - self._length), PLAIN))
        end = self._column + len(text)
        self._line = [*_part(self._line, 0, self._column), (text, self._pen), *_part(self._line, end, self._length)] \
            if self._column < self._length else _joined(self._line, text, self._pen)  # fmt: skip
        self._column, self._length = end, max(end, self._length)
        return self._length >= LONGEST_LINE

    def _erase(self, codes: bytes) -> None:
        if codes in (b"", b"0"):
            self._line = list(_part(self._line, 0, self._column))
            self._length = min(self._length, self._column)
        elif codes == b"2":
            self._line, self._length = [], 0
        elif codes == b"1":
            blank = (" " * min(self._column, self._length), PLAIN)
            self._line = [blank, *_part(self._line, self._column, self._length)]


def painted(raw: bytes) -> str:
    """The whole output as HTML."""
    paper = Paper()
    first = paper.show(raw)
    rest = paper.end()
    return first.whole + rest.whole + rest.last


def _unfinished(raw: bytes) -> int:
    """How many bytes at the end are the beginning of something: of a sequence, or of a character."""
    at = raw.rfind(b"\x1b", max(0, len(raw) - LONGEST_SEQUENCE - 3))
    before = raw.rfind(b"\x1b", max(0, len(raw) - LONGEST_SEQUENCE - 3), max(at, 0))  # a string may end with two bytes
    for start in (before, at):
        if start >= 0 and _BEGUN.fullmatch(raw, start):
            return len(raw) - start
    for back in range(1, min(4, len(raw) + 1)):
        byte = raw[-back]
        if byte >= 0xC0:
            return back if back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else 0
        if byte < 0x80:
            return 0
    return 0


def _joined(line: list[Segment], text: str, pen: Pen) -> list[Segment]:
    if line and line[-1][1] == pen:
        line[-1] = (line[-1][0] + text, pen)
    else:
        line.append((text, pen))
    return line


def _part(line: list[Segment], start: int, end: int) -> Iterator[Segment]:
    """The segments of the columns [start, end)."""
    at = 0
    for text, pen in line:
        kept = text[max(0, start - at) : max(0, end - at)]
        if kept:
            yield kept, pen
        at += len(text)


def _html(line: list[Segment]) -> str:
    return "".join(_span(text, pen) for text, pen in line)


def _span(text: str, pen: Pen) -> str:
    said = escape(text)
    names = pen.classes
    return f'<span class="{names}">{said}</span>' if names else said


def kept_mark(mark: tuple[int, Pen]) -> str:
    """A mark as the text that a browser gives back to go on there."""
    offset, pen = mark
    return f"{offset}-{pen.code}"


def read_mark(text: str) -> tuple[int, Pen] | None:
    """The mark of a text; None for what is none, or is beyond any output."""
    found = re.fullmatch(r"([0-9]{1,15})-([0-9a-f]{1,8})", text)
    if found is None:
        return None
    return int(found[1]), replace(PLAIN, **Pen.fields_of(int(found[2], 16)))

"""How a terminal would write: weights and colours, and the codes that change them. Knows sixteen colours: whatever was
meant of millions, the nearest of those that can be read in both schemes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

NONE = 16  # no colour of its own
_FLAGS = ("bold", "dim", "italic", "underline", "inverse", "strike")
_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike", 21: "underline"}
_OFF = {
    22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("inverse",), 29: ("strike",),
}  # fmt: skip
_LEVELS = (0, 95, 135, 175, 215, 255)  # of each channel in the cube of 256 colours, as xterm has them
_MOST_CODES = 64  # in one sequence; terminals take 16 to 32
_NUMBER = re.compile(rb"[0-9]{0,6}")


class Pen(Struct, frozen=True, gc=False):
    """Weights, and colours from 0 to 15, or NONE."""

    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    inverse: bool = False
    strike: bool = False
    ink: int = NONE
    ground: int = NONE

    @property
    def classes(self) -> str:
        """The names of the classes for this pen; empty for a plain one. Where it is inverse, its ink is the ground, and
        its ground is not shown."""
        names = [f"t-{name}" for name in _FLAGS if getattr(self, name)]
        if self.ink != NONE:
            names.append(f"t-i{self.ink}")
        if self.ground != NONE and not self.inverse:
            names.append(f"t-g{self.ground}")
        return " ".join(names)

    @property
    def code(self) -> str:
        """This pen as a short text, which `fields_of` reads."""
        flags = sum(1 << place for place, name in enumerate(_FLAGS) if getattr(self, name))
        return f"{self.ink | self.ground << 5 | flags << 10:x}"

    @staticmethod
    def fields_of(code: int) -> dict[str, Any]:
        """The fields of a pen of that code; a code that is none gives some pen."""
        flags: dict[str, Any] = {name: bool(code >> 10 + place & 1) for place, name in enumerate(_FLAGS)}
        return {**flags, "ink": min(code & 31, NONE), "ground": min(code >> 5 & 31, NONE)}


PLAIN = Pen()


def repainted(pen: Pen, codes: bytes) -> Pen:
    """The pen after a sequence with these codes (`1;31`); what is not known changes nothing."""
    numbers = iter(_numbers(codes))
    for number in numbers:
        if number == 0:
            pen = PLAIN
        elif number in _ON:
            pen = replace(pen, **{_ON[number]: True})
        elif number in _OFF:
            pen = replace(pen, **dict.fromkeys(_OFF[number], False))
        elif number in (38, 48):
            colour = _colour(numbers)
            if colour is not None:
                pen = replace(pen, ink=colour) if number == 38 else replace(pen, ground=colour)
        else:
            pen = _coloured(pen, number)
    return pen


def _numbers(codes: bytes) -> list[int]:
    parts = codes.replace(b":", b";").split(b";")[:_MOST_CODES]
    return [int(part or b"0") if _NUMBER.fullmatch(part) else -1 for part in parts]


def _coloured(pen: Pen, number: int) -> Pen:
    tens, colour = divmod(number, 10)
    if colour <= 7 and tens in (3, 9):
        return replace(pen, ink=colour + (8 if tens == 9 else 0))
    if colour <= 7 and tens in (4, 10):
        return replace(pen, ground=colour + (8 if tens == 10 else 0))
    if number == 39:
        return replace(pen, ink=NONE)
    if number == 49:
        return replace(pen, ground=NONE)
    return pen


def _colour(numbers: Iterator[int]) -> int | None:
    """The colour that the codes behind 38 or 48 name: `5;N` of 256, `2;R;G;B` of millions."""
    kind = next(numbers, -1)
    if kind == 5:
        number = next(numbers, -1)
        return _of_256(number) if 0 <= number <= 255 else None
    if kind == 2:
        red, green, blue = (min(max(next(numbers, 0), 0), 255) for _ in range(3))
        return nearest(red, green, blue)
    return None


def _of_256(number: int) -> int:
    if number < 16:
        return number
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return nearest(grey, grey, grey)
    red, rest = divmod(number - 16, 36)
    green, blue = divmod(rest, 6)
    return nearest(_LEVELS[red], _LEVELS[green], _LEVELS[blue])


def nearest(red: int, green: int, blue: int) -> int:
    """The one of the sixteen that is most like it: its hue first, then whether it is bright."""
    most, least = max(red, green, blue), min(red, green, blue)
    if most - least < 40:
        return 0 if most < 64 else 8 if most < 144 else 7 if most < 224 else 15
    middle = (most + least) / 2
    hue = (red > middle) | (green > middle) << 1 | (blue > middle) << 2
    return hue + (8 if most > 224 else 0)

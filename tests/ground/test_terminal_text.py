"""Output of strangers on the terminal of an operator: colours alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ground.terminal_text import RESET, TerminalText, plain


def shown(*parts: bytes, is_coloured: bool = True) -> list[str]:
    """All lines of these parts, one after the other."""
    text = TerminalText(is_coloured=is_coloured)
    return [line for part in parts for line in text.feed(part)] + text.close()


def test_lines_come_when_they_end():
    text = TerminalText()
    assert text.feed(b"one\ntw") == ["one"]
    assert text.unfinished == "tw"
    assert text.feed(b"o\n") == ["two"]
    assert text.close() == []


def test_half_a_letter_waits_for_the_other_half():
    assert shown("ü".encode()[:1], "ü\n".encode()[1:]) == ["ü"]


def test_a_colour_stays_and_ends_with_its_line():
    assert shown(b"\x1b[31mred\x1b[0m\n") == [f"\x1b[31mred\x1b[0m{RESET}"]


def test_a_colour_goes_on_in_the_next_line():
    assert shown(b"\x1b[31mone\ntwo\x1b[m\nthree\n") == [f"\x1b[31mone{RESET}", f"\x1b[31mtwo\x1b[m{RESET}", "three"]


def test_without_colours_none_stays():
    assert shown(b"\x1b[1;31mred\x1b[0m\n", is_coloured=False) == ["red"]


@pytest.mark.parametrize(
    "driven",
    [
        b"\x1b[2J", b"\x1b[H", b"\x1b[?1049h", b"\x1b]0;title\x07", b"\x1b]52;c;ZWNobw==\x1b\\", b"\x1b]8;;http://x\x07",
        b"\x1bP1$r\x1b\\", b"\x1b_G\x1b\\", b"\x1b^x\x1b\\", b"\x1b[6n", b"\x1bc", b"\x1b(0", b"\x07", b"\x08", b"\x0e",
        b"\x1b[8m", b"\x1b[1;8;31m", b"\xc2\x9b2J", b"\xc2\x9d0;title\x07", b"\x1b[>4;1m", b"\x1b[31 m", b"\x1b", b"\x00",
        "\u202e".encode(),
    ],
)  # fmt: skip
def test_nothing_that_a_terminal_obeys_is_left(driven):
    assert shown(b"a" + driven + b"z\n") in (["az"], ["a"])


def test_a_colour_by_number_is_not_taken_for_hiding():
    assert shown(b"\x1b[38;5;8mgrey\n") == [f"\x1b[38;5;8mgrey{RESET}"]


def test_what_is_written_over_is_replaced():
    assert shown(b"10%\r50%\r100%\r\n") == ["100%"]


def test_a_text_of_several_lines_is_made_plain():
    assert plain("\x1b[31ma\x1b[0m\n\tb\x07") == "a\n\tb"


@given(st.binary(max_size=200), st.integers(0, 200))
def test_whatever_comes_is_printable_or_a_colour(content, cut):
    for line in shown(content[:cut], content[cut:]):
        assert re.sub(r"\x1b\[[0-9;:]*m|\t", "", line).isprintable()

"""What a command printed, as HTML: nothing but text and our own spans, whatever the bytes, wherever they are cut."""

from __future__ import annotations

import re
import time
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.xss_vectors import VECTORS

from opsbook.entrypoints.shown.ansi import LONGEST_LINE, Paper, kept_mark, painted, read_mark
from opsbook.entrypoints.shown.pen import PLAIN, Pen, nearest

OURS = re.compile(r'<span class="t-[a-z0-9]+(?: t-[a-z0-9]+)*">|</span>')
PIECES = [
    b"\x1b[31m", b"\x1b[0m", b"\x1b[1;38;5;208m", b"\x1b[48;2;1;2;3m", b"\x1b[m", b"\r", b"\n", b"\b", b"\x1b[K",
    b"\x1b[2K", b"\x1b[1K", b"\x1b]8;;http://x\x07", b"\x1b]0;t\x1b\\", b"\x1bP1$q", b"\x1b[?25l", b"\x1b(B", b"\x9b",
    b"\x1b", b"\xc3", "ü€𝄞".encode(), b"<b>&\"'", b"\t", b"\x00", b"\x7f", b"abc", b"\x18",
]  # fmt: skip
outputs = st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))


def text_of(html: str) -> str:
    """What is read of it."""
    return unescape(OURS.sub("", html))


@pytest.mark.parametrize(
    ("raw", "html"),
    [
        (b"plain", "plain"),
        (b"\x1b[31mred\x1b[0m plain", '<span class="t-i1">red</span> plain'),
        (b"\x1b[1;4;32mx\x1b[22my\x1b[39;24mz", '<span class="t-bold t-underline t-i2">x</span>'
         '<span class="t-underline t-i2">y</span>z'),
        (b"\x1b[91;104mx", '<span class="t-i9 t-g12">x</span>'),
        (b"\x1b[7;31;42mx", '<span class="t-inverse t-i1">x</span>'),
        (b"\x1b[38;5;196mx", '<span class="t-i9">x</span>'),
        (b"\x1b[38;2;10;200;20mx", '<span class="t-i2">x</span>'),
        (b"\x1b[38:5:4mx", '<span class="t-i4">x</span>'),
        (b"10%\r20%\r30%\ndone", "30%\ndone"),
        (b"downloading\rdone\x1b[K\n", "done\n"),
        (b"abcdef\rxyz", "xyzdef"),
        (b"\x1b[31mabc\x1b[0m\rx", 'x<span class="t-i1">bc</span>'),
        (b"ab\bc", "ac"),
        (b"_\bh_\bi", "hi"),
        (b"\b\b\bx", "x"),
        (b"abc\x1b[2Kd", "   d"),
        (b"\x1b]8;;javascript:alert(1)\x07click\x1b]8;;\x07", "click"),
        (b"\x1b]0;title\x1b\\text", "text"),
        (b"\x1bP0;1q#0~~\x1b\\text", "text"),
        (b"\x1b[?1049h\x1b[2J\x1b[10;10Hx\x1b(B\x1b=", "x"),
        (b"\x1b[31\xc3\xbc", "31ü"),
        (b"\x00\x07\x0bx\x7f", "x"),
        (b"\xff\xc3", "\ufffd\ufffd"),
        ("\u202eevil".encode(), "\ufffdevil"),
        (b"\x1b]never ends\nnext", "\nnext"),
        (b"<script>alert(1)</script>&\"'", "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#x27;"),
    ],
)  # fmt: skip
def test_output_is_shown_as_a_terminal_would_leave_it(raw, html):
    assert painted(raw) == html


@given(outputs)
def test_nothing_but_text_and_our_own_spans_comes_out(raw):
    html = painted(raw)
    left = OURS.sub("", html)
    assert not re.search("[<>\"']", left)
    assert re.fullmatch(r"(?:[^&]|&(?:lt|gt|amp|quot|#x27);)*", left)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", left)
    depth = 0
    for tag in OURS.findall(html):
        depth += -1 if tag == "</span>" else 1
        assert 0 <= depth <= 1
    assert depth == 0


@given(outputs, st.lists(st.integers(0, 200), max_size=6))
def test_parts_come_to_the_same_as_the_whole_wherever_it_is_cut(raw, places):
    paper, whole = Paper(), ""
    cuts = [0, *sorted(min(place, len(raw)) for place in places), len(raw)]
    for start, end in zip(cuts, cuts[1:], strict=False):
        shown = paper.show(raw[start:end])
        whole += shown.whole
    rest = paper.end()
    assert whole + rest.whole + rest.last == painted(raw)


@given(outputs, st.integers(0, 200))
def test_whoever_begins_anew_at_a_mark_gets_the_same_lines(raw, place):
    first = Paper()
    seen = first.show(raw[:place]).whole
    mark = read_mark(kept_mark(first.mark))
    assert mark == first.mark
    offset, pen = mark
    again = Paper(offset, pen)
    shown = again.show(raw[offset:])
    rest = again.end()
    assert seen + shown.whole + rest.whole + rest.last == painted(raw)


@pytest.mark.parametrize("text", ["", "x", "1", "-1-0", "1-", "1-g", "9" * 16 + "-0", "1-" + "f" * 9, "١-0"])
def test_a_mark_that_is_none_is_none(text):
    assert read_mark(text) is None


@given(st.integers(0, 16**8 - 1))
def test_any_code_of_a_pen_is_some_pen(code):
    pen = Pen(**Pen.fields_of(code))
    assert OURS.fullmatch(f'<span class="{pen.classes}">') or not pen.classes


@pytest.mark.parametrize("vector", VECTORS)
def test_markup_in_output_is_text(vector):
    raw = vector.encode()
    assert not re.search("[<>]", OURS.sub("", painted(raw)))


def test_a_line_without_end_is_broken_and_nothing_of_it_is_lost():
    shown = Paper().show(b"x" * 100_000)
    assert shown.whole.count("\n") >= 100_000 // (LONGEST_LINE + 1024)
    assert (shown.whole + shown.last).count("x") == 100_000


def test_what_would_be_a_sequence_without_end_is_shown():
    assert painted(b"\x1b]" + b"x" * 20_000).count("x") == 20_000


def test_a_megabyte_is_painted_while_somebody_waits():
    raw = b"\x1b[32m2026-11-26 10:00:00\x1b[0m ordinary line of a log, with words\n" * 15_000
    began = time.monotonic()
    painted(raw)
    assert time.monotonic() - began < 5
    began = time.monotonic()
    painted(b"\x1b[\x1b]" * 60_000)
    assert time.monotonic() - began < 5


def test_the_nearest_colour_keeps_the_hue():
    assert (nearest(255, 0, 0), nearest(0, 128, 0), nearest(255, 255, 255), nearest(10, 10, 10)) == (9, 2, 15, 0)
    assert PLAIN.classes == ""

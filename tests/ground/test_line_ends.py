"""What a browser gives back is the page again, byte for byte, but for what was typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ground.line_ends import shown, typed_over

TEXTS = st.lists(st.sampled_from(["a", "b", "", " ", "\n", "\r\n", "\r", "\ufeff", "ü", "\x0b", "\u2028"]), max_size=40)


def as_browser(text: str) -> str:
    """What a form sends for the text of a text area: every line end is CRLF."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


@given(TEXTS)
def test_a_page_that_is_not_touched_comes_back_byte_for_byte(parts):
    before = "".join(parts).encode()
    text = shown(before)
    assert text is not None
    assert typed_over(before, as_browser(text)) == before


@given(TEXTS, TEXTS)
def test_whatever_is_typed_comes_back_as_it_reads(parts, typed):
    before = "".join(parts).encode()
    after = typed_over(before, as_browser("".join(typed))).decode()
    read = after.removeprefix("\ufeff") if before.startswith(b"\xef\xbb\xbf") else after
    assert as_browser(read) == as_browser("".join(typed))


@pytest.mark.parametrize(
    ("before", "typed", "after"),
    [
        (b"a\nb\n", "a\r\nx\r\nb\r\n", b"a\nx\nb\n"),
        (b"a\r\nb\r\n", "a\r\nx\r\nb\r\n", b"a\r\nx\r\nb\r\n"),
        (b"a\nb\r\nc\n", "a\r\nx\r\nb\r\nc\r\n", b"a\nx\nb\r\nc\n"),
        (b"a\nb\r\nc\n", "a\r\nB\r\nc\r\n", b"a\nB\r\nc\n"),
        (b"\xef\xbb\xbfa\n", "b\r\n", b"\xef\xbb\xbfb\n"),
        (b"a", "a\r\nb", b"a\nb"),
        (b"", "a\r\n", b"a\n"),
    ],
)
def test_a_line_that_was_not_touched_keeps_its_end(before, typed, after):
    assert typed_over(before, typed) == after


@pytest.mark.parametrize("raw", [b"a\xff", b"a\0b"])
def test_bytes_that_a_browser_would_change_are_not_shown_for_typing(raw):
    assert shown(raw) is None

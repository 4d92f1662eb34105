"""What a browser sends back unchanged is the page byte for byte, and a change touches its own lines alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.typed_text import editable_text, page_bytes
from opsbook.ground.errors import Refusal

PIECES = [b"a", b"# T", b"\r\n", b"\n", b"\r", b"\xff", b"\0", b"\xef\xbb\xbf", "ä€".encode(), b" ", b"\xe2\x82"]


def sent(text: str) -> str:
    """A text as a browser sends the value of a text field: every line ending is CRLF."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


@pytest.mark.parametrize(
    "raw",
    [b"", b"one\ntwo\n", b"one\r\ntwo\r\n", b"one\ntwo", b"one\r\n\ntwo\r", b"\xef\xbb\xbf# T\n", b"\xff\n\0\n", b"\n\n"],
)
def test_an_unchanged_page_is_the_same_bytes(raw):
    assert page_bytes(raw, sent(editable_text(raw))) == raw


@given(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join))
def test_any_unchanged_page_is_the_same_bytes(raw):
    assert page_bytes(raw, sent(editable_text(raw))) == raw


@given(st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join), st.text("ab#\r\n\ufffd\ud800ä\0", max_size=20))
def test_any_text_is_saved_or_refused(raw, text):
    try:
        saved = page_bytes(raw, text)
    except Refusal:
        return
    assert isinstance(saved, bytes)


@pytest.mark.parametrize(("ending", "raw"), [(b"\n", b"one\ntwo\n"), (b"\r\n", b"one\r\ntwo\r\n")])
def test_new_lines_end_as_the_others_do(ending, raw):
    assert page_bytes(raw, "one\r\nnew\r\ntwo\r\n") == ending.join([b"one", b"new", b"two", b""])


def test_a_changed_line_leaves_the_odd_endings_of_others():
    assert page_bytes(b"a\r\nb\nc\rd\n", "a\r\nB\r\nc\r\nd\r\n") == b"a\r\nB\nc\rd\n"


@pytest.mark.parametrize("text", ["one\r\ntwo", "one\r\ntwo\r\n"])
def test_the_last_line_feed_is_as_typed(text):
    assert page_bytes(b"one\n", text) == text.replace("\r\n", "\n").encode()


def test_the_byte_order_mark_stays_and_is_not_shown():
    assert editable_text(b"\xef\xbb\xbf# T\n") == "# T\n"
    assert page_bytes(b"\xef\xbb\xbf# T\n", "# U\r\n") == b"\xef\xbb\xbf# U\n"


def test_bytes_that_no_browser_shows_stay_where_their_line_is_untouched():
    assert page_bytes(b"bad \xff\ngood\n", "bad \ufffd\r\nbetter\r\n") == b"bad \xff\nbetter\n"


def test_a_change_of_a_line_with_such_bytes_is_refused():
    with pytest.raises(Refusal, match="not UTF-8"):
        page_bytes(b"bad \xff\n", "still bad \ufffd\r\n")


def test_half_a_character_is_refused():
    with pytest.raises(Refusal, match="half of a character"):
        page_bytes(b"", "\ud83d")

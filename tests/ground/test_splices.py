"""An edit changes the bytes that it names and no other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsbook.ground.errors import Edit
from opsbook.ground.splices import apply


@st.composite
def contents_and_edits(draw: st.DrawFn) -> tuple[bytes, list[Edit]]:
    content = draw(st.binary(max_size=60))
    places = st.tuples(st.integers(-2, len(content) + 3), st.integers(0, 8))
    edits = st.builds(lambda place, text: Edit(place[0], place[0] + place[1], text), places, st.text("aé\n", max_size=4))
    return content, draw(st.lists(edits, max_size=6))


@given(contents_and_edits())
def test_bytes_outside_the_edits_stay_as_they_were(given_):
    content, edits = given_
    changed, made = apply(content, edits)
    touched = {at for edit in edits for at in range(edit.start, edit.end)}
    kept = bytes(byte for at, byte in enumerate(content) if at not in touched)
    assert is_subsequence(kept, changed)
    assert made <= len(set(edits))
    assert len(changed) <= len(content) + sum(len(edit.text.encode()) for edit in edits)


def is_subsequence(part: bytes, whole: bytes) -> bool:
    left = iter(whole)
    return all(byte in left for byte in part)


@given(st.binary(max_size=60))
def test_no_edits_change_nothing(content):
    assert apply(content, []) == (content, 0)


def test_edits_are_made_in_the_order_of_their_places():
    assert apply(b"abcdef", [Edit(4, 5, "X"), Edit(0, 1, ""), Edit(2, 2, "-")]) == (b"b" + b"-cdXf", 3)


def test_two_edits_that_touch_are_made_one_now_and_one_next_time():
    assert apply(b"abcdef", [Edit(0, 3, "x"), Edit(2, 4, "y")]) == (b"xdef", 1)
    assert apply(b"ab", [Edit(1, 1, "x"), Edit(1, 1, "y")]) == (b"axb", 1)


def test_the_same_edit_twice_is_one_edit():
    assert apply(b"ab", [Edit(0, 1, "x"), Edit(0, 1, "x")]) == (b"xb", 1)


def test_an_edit_outside_the_content_is_left_out():
    assert apply(b"ab", [Edit(1, 3, "x"), Edit(-1, 1, "x"), Edit(2, 1, "x")]) == (b"ab", 0)


def test_edits_that_end_where_the_next_begins_are_both_made():
    assert apply(b"abcd", [Edit(0, 2, "x"), Edit(2, 4, "y")]) == (b"xy", 2)


def test_an_edit_is_in_bytes_and_its_text_in_characters():
    assert apply("aéb".encode(), [Edit(1, 3, "ü")]) == ("aüb".encode(), 1)

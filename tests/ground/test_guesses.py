"""A mistyped word finds the known one next to it, and a word far from all finds none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ground.guesses import closest, distance

WORDS = st.text(alphabet="abcd", max_size=7)


@pytest.mark.parametrize(
    ("a", "b", "edits"),
    [
        ("", "", 0), ("stale", "stale", 0), ("stal", "stale", 1), ("sstale", "stale", 1), ("stake", "stale", 1),
        ("satle", "stale", 1), ("ca", "abc", 3), ("broken-lnk", "broken-link", 1), ("abc", "xyz", 3), ("", "abc", 3),
    ],
)  # fmt: skip
def test_the_edits_between_two_words(a, b, edits):
    assert distance(a, b, 5) == edits


@given(WORDS, WORDS, st.integers(0, 4))
def test_a_distance_beyond_the_limit_is_the_limit_and_one(a, b, limit):
    assert distance(a, b, limit) == min(distance(a, b, 10), limit + 1)
    assert distance(a, b, 10) == distance(b, a, 10)


@pytest.mark.parametrize(
    ("word", "guess"),
    [
        ("borken-link", "broken-link"), ("Stale", "stale"), ("sttale", "stale"), ("stail", None), ("no-ower", "no-owner"), ("orphan", None),
        ("xy", None), ("", None), ("staleness", None), ("link", None),
    ],
)  # fmt: skip
def test_the_closest_known_word(word, guess):
    assert closest(word, ["broken-link", "no-owner", "orphan-page", "stale"]) == guess


def test_of_two_words_as_close_the_first_is_guessed():
    assert closest("bat", ["cat", "hat"]) == "cat"

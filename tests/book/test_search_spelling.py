"""How a misspelt word is mended."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.book.search.spelling import mend, slips

BOOK = [("etcd", 9), ("etc", 90), ("replication", 12), ("restart", 40), ("prometheus", 70), ("postgres", 20)]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("etdc", "etcd"),
        ("replcation", "replication"),
        ("promethues", "prometheus"),
        ("restrat", "restart"),
        ("postgers", "postgres"),
        ("zzzzzz", None),
        ("rst", None),
        ("restart2", None),
    ],
)
def test_a_word_is_mended_to_the_nearest_of_the_book(typed: str, meant: str | None) -> None:
    assert mend(typed, BOOK) == meant


def test_of_equally_near_words_the_more_frequent_is_meant() -> None:
    assert mend("wordx", [("worda", 1), ("wordb", 5)]) == "wordb"


def test_of_equally_frequent_words_the_first_by_letter_is_meant() -> None:
    assert mend("wordx", [("wordb", 1), ("worda", 1)]) == "worda"


def test_a_short_word_may_have_one_slip_only() -> None:
    assert mend("ngnxi", [("nginx", 3)]) is None
    assert mend("ngxin", [("nginx", 3)]) is None
    assert mend("nginz", [("nginx", 3)]) == "nginx"


def plain_distance(left: str, right: str) -> int:
    """The textbook's table, whole, for comparison."""
    table = [[max(row, column) for column in range(len(right) + 1)] for row in range(len(left) + 1)]
    for row in range(1, len(left) + 1):
        for column in range(1, len(right) + 1):
            changed = table[row - 1][column - 1] + (left[row - 1] != right[column - 1])
            table[row][column] = min(table[row - 1][column] + 1, table[row][column - 1] + 1, changed)
            swapped = left[row - 2 : row] == right[column - 2 : column][::-1]
            if row > 1 and column > 1 and swapped:
                table[row][column] = min(table[row][column], table[row - 2][column - 2] + 1)
    return table[-1][-1]


WORD = st.text(alphabet="abc", max_size=8)


@settings(max_examples=400)
@given(WORD, WORD, st.integers(1, 3))
def test_slips_are_those_of_the_whole_table_up_to_the_limit(left: str, right: str, limit: int) -> None:
    assert min(slips(left, right, limit), limit + 1) == min(plain_distance(left, right), limit + 1)

"""Differences by lines are the texts whole, and two edits of one text are told apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.differences import differences, lines_of, merged, side_by_side, three_way

TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "d"]), max_size=12)


def test_a_line_ends_with_its_line_feed_and_with_nothing_else():
    assert lines_of("a\nb\rc\u2028\x0b\n\nend") == ["a\n", "b\rc\u2028\x0b\n", "\n", "end"]
    assert lines_of("") == []


def test_changes_of_different_lines_are_merged():
    stretches = three_way(["a\n", "b\n", "c\n"], ["A\n", "b\n", "c\n"], ["a\n", "b\n", "C\n"])
    assert [stretch.side for stretch in stretches] == ["mine", "same", "theirs"]
    assert merged(stretches) == "A\nb\nC\n"


def test_changes_of_the_same_line_are_a_conflict_with_both():
    stretches = three_way(["a\n", "b\n"], ["a\n", "mine\n"], ["a\n", "theirs\n"])
    assert [stretch.side for stretch in stretches] == ["same", "conflict"]
    assert (stretches[1].mine, stretches[1].theirs) == (("mine\n",), ("theirs\n",))
    assert merged(stretches) is None


def test_the_same_change_on_both_sides_is_no_conflict():
    stretches = three_way(["a\n"], ["x\n"], ["x\n"])
    assert [stretch.side for stretch in stretches] == ["both"]
    assert merged(stretches) == "x\n"


def test_texts_with_nothing_in_common_are_answered_at_once():
    before, after = [f"a{n}\n" for n in range(200_000)], [f"b{n}\n" for n in range(200_000)]
    assert [change.is_same for change in differences(["x\n", *before, "y\n"], ["x\n", *after, "y\n"])] == [True, False, True]


@given(TEXTS, TEXTS)
def test_the_changes_are_both_texts_whole(before, after):
    changes = differences(before, after)
    assert [line for change in changes for line in change.before] == before
    assert [line for change in changes for line in change.after] == after
    assert all(change.before == change.after for change in changes if change.is_same)


@given(TEXTS, TEXTS, TEXTS)
def test_the_stretches_are_all_three_texts_whole(base, mine, theirs):
    stretches = three_way(base, mine, theirs)
    assert [line for stretch in stretches for line in stretch.base] == base
    assert [line for stretch in stretches for line in stretch.mine] == mine
    assert [line for stretch in stretches for line in stretch.theirs] == theirs


@given(TEXTS, TEXTS)
def test_what_only_one_side_changed_is_taken_as_it_is(base, other):
    assert merged(three_way(base, other, base)) == "".join(other)
    assert merged(three_way(base, base, other)) == "".join(other)


def test_two_columns_show_what_changed_with_a_little_around_it():
    before = "".join(f"{number}\n" for number in range(10))
    after = before.replace("5\n", "five\nand more\n")
    assert side_by_side(before, after) == [
        ("gap", "", ""), ("same", "2", "2"), ("same", "3", "3"), ("same", "4", "4"), ("changed", "5", "five"),
        ("changed", "", "and more"), ("same", "6", "6"), ("same", "7", "7"), ("same", "8", "8"), ("gap", "", ""),
    ]  # fmt: skip


def test_two_columns_of_what_is_the_same_show_nothing_but_a_gap():
    assert side_by_side("a\nb\n", "a\nb\n") == [("gap", "", "")]

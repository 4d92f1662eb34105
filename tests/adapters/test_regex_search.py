"""A regular expression of a page is looked for as `re` would, and never for longer than its time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsbook.adapters.regex_search import searched
from opsbook.ground.errors import Failure

CASES = (
    (r"id=(\d+)", "a\nid=7 b"), (r"^b$", "a\nb\nc"), ("a|(b)", "a"), ("(a)|b", "b"), ("", "x"), (r"\Ab", "a\nb"),
    (r"(?<=a)b", "ab"), ("x", ""), ("^", "\n"), (r"c\Z", "b\nc"), (r"(?i)A(.)", "äaé"),
)  # fmt: skip


def by_re(source: str, text: str) -> str | None:
    found = re.search(source, text, re.MULTILINE)
    if found is None:
        return None
    return (found.group(1) or "") if found.re.groups else found.group()


@pytest.mark.parametrize(("source", "text"), CASES)
def test_what_is_found_is_what_re_finds_however_long_the_text_is(source, text):
    assert searched(source, text) == by_re(source, text)
    longer = text + "\n" + "-" * 5000
    assert searched(source, longer) == by_re(source, longer)


@given(source=st.sampled_from([case[0] for case in CASES]), text=st.text("abid=7\n", max_size=40))
@example(source=r"^b$", text="\nb\n")
def test_any_short_text_is_searched_as_re_does(source, text):
    assert searched(source, text) == by_re(source, text)


@pytest.mark.parametrize(
    ("source", "text"), [("(a+)+b", "a" * 60), ("(a|a)*b", "a" * 60), (".*x.*y", "x" * 200_000), ("a*b", "a" * 400_000)]
)
def test_one_that_would_take_for_ever_is_given_up(source, text):
    begun = time.monotonic()
    with pytest.raises(Failure, match=r"could not be looked for in 0\.3 seconds"):
        searched(source, text, limit_s=0.3)
    assert time.monotonic() - begun < 5


def test_a_long_output_is_searched_to_its_end():
    assert searched(r"^done (\w+)$", "a line of output\n" * 250_000 + "done well\n") == "well"

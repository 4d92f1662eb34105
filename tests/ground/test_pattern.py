"""A pattern costs nothing until it is used, and is compiled once."""

from __future__ import annotations

import re

import pytest

from opsbook.ground.pattern import Pattern


def test_a_pattern_is_compiled_at_its_first_use_and_once():
    pattern = Pattern(r"A+", re.I)
    assert pattern() is pattern()
    assert pattern().fullmatch("aaa")


def test_a_pattern_that_is_none_is_noticed_at_its_first_use():
    wrong = Pattern("(")
    with pytest.raises(re.error):
        wrong()

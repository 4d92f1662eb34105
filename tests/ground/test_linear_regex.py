"""Regular expressions are Go's, match whole texts, and never take long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.ground.linear_regex import Regex, Unread, read_regex


def is_match(source: str, text: str) -> bool:
    """Whether an expression that is right matches."""
    regex = read_regex(source)
    assert isinstance(regex, Regex), regex
    return regex.matches(text)


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("", "", True), ("", "a", False), ("a|b|", "", True), ("(foo|bar)baz", "barbaz", True), ("a{2,3}", "aaaa", False),
        ("a{,3}", "a{,3}", True), (".", "\n", False), ("(?s).", "\n", True), ("[^a]", "\n", True), (r"\d", "٣", False),
        (r"\w+", "é", False), ("(?i)straße", "STRAßE", True), ("a(?i)B", "ab", True), ("a(?i:B)C", "abc", False),
        ("(?P<x>a)(?<y>b)", "ab", True), (r"\Qa.b\E.", "a.bc", True), (r"\pL+", "éa", True), (r"\P{Lu}", "A", False),
        (r"[[:digit:]x-]+", "1x-", True), (r"[]a]+", "]a", True), (r"[^\d]", "1", False), (r"[\D]", "a", True),
        (r"\x41\x{1F600}\101", "A😀A", True), (r"foo\b.+", "foo bar", True), (r"foo\B.+", "foo bar", False),
        ("^a$", "a", True), (r"(?m)^a$\n^b$", "a\nb", True), (r"a$\nb", "a\nb", False), (r"\Aa\z", "a", True),
        ("a*?b", "aab", True), ("(?U)a+", "aa", True), ("(a*)*", "aaa", True), ("(|a)+", "aa", True), ("x{0}", "", True),
    ],
)  # fmt: skip
def test_it_matches_as_re2_does(source, text, expected):
    assert is_match(source, text) is expected


@pytest.mark.parametrize(
    "source",
    ["(", ")", "a**", "a*+", "*a", "(?=a)", "(?<!a)b", r"(a)\1", r"\y", "[a", "[b-a]", "a{1001}", "a{3,2}", r"\p{Greek}",
     "[[:x:]]", "\\", r"\x{110000}", "((a{100}){100}){100}", "(" * 200 + ")" * 200, "(?P=x)", "(?>a)", "a|*"],
)  # fmt: skip
def test_what_re2_refuses_is_refused_with_its_place(source):
    regex = read_regex(source)
    assert isinstance(regex, Unread)
    assert 0 <= regex.at <= len(source)
    assert regex.why.endswith(".")


@pytest.mark.parametrize("source", ["(a*)*b", "(a|a)*b", "(.*,){12}P", r"(\w+\s?)*x", "a?" * 30 + "a" * 30])
def test_nothing_takes_long(source):
    begin = time.process_time()
    assert not is_match(source, "a" * 5_000)
    assert time.process_time() - begin < 2


PLAIN = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "ab", ""]),
    lambda inner: st.tuples(inner, inner).map("".join) | st.tuples(inner, inner).map("(?:{0[0]}|{0[1]})".format)
    | st.tuples(inner, st.sampled_from("*+?")).map(lambda made: f"(?:{made[0]}){made[1]}"),
    max_leaves=6,
)  # fmt: skip


@given(PLAIN, st.text("abc\n", max_size=6))
def test_it_agrees_with_python_where_both_read_the_same(source, text):
    assert is_match(source, text) is (re.fullmatch(source, text) is not None)


@given(st.text(st.sampled_from(list(r"\()[]{}?*+|^$.,-:aQEpxdPiU0123<>=!")), max_size=30))
def test_no_source_is_more_than_unread(source):
    regex = read_regex(source)
    if isinstance(regex, Regex):
        regex.matches("a1-é\n")

"""Matchers are read, written and asked as Alertmanager does it, and nothing that is no matcher is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.matchers import (
    Matcher,
    Misread,
    holds_of_anything,
    matchers_of,
    matches,
    read_matchers,
    written,
)
from opsbook.ground.errors import Usage


def read(text: str) -> tuple[Matcher, ...]:
    """The matchers of a text that is right."""
    found = read_matchers(text)
    assert not isinstance(found, Misread), found
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('alertname="X"', [Matcher("alertname", "X")]),
        ("alertname=X", [Matcher("alertname", "X")]),
        ("{}", []),
        ("", []),
        ('{a="b", c=~"d.*"}', [Matcher("a", "b"), Matcher("c", "d.*", True)]),
        ('{a!="b",c!~"d.*",}', [Matcher("a", "b", False, False), Matcher("c", "d.*", True, False)]),
        (' a = "b" ', [Matcher("a", "b")]),
        ('"k8s.pod name"="x"', [Matcher("k8s.pod name", "x")]),
        ("größe=x", [Matcher("größe", "x")]),
        (r'a="say \"so\"\n\\"', [Matcher("a", 'say "so"\n\\')]),
        (r'a="\u00e9\x41"', [Matcher("a", "éA")]),
        (r'a=~"\d+"', [Matcher("a", r"\d+", True)]),
        (r'a=~"\d+\bx"', [Matcher("a", r"\d+\bx", True)]),
        (r"instance=~10\.0\..*", [Matcher("instance", r"10\.0\..*", True)]),
        ("a=b c", [Matcher("a", "b c")]),
        ("a=~x{1,2}", [Matcher("a", "x{1,2}", True)]),
        ("{a=b}", [Matcher("a", "b")]),
        ("a=", [Matcher("a", "")]),
        ("a=b=c", [Matcher("a", "b=c")]),
    ],
)
def test_matchers_are_read_as_alertmanager_reads_them(text, expected):
    assert list(read(text)) == expected


@pytest.mark.parametrize(
    ("text", "column", "word"),
    [
        ("alertname", 10, "missing"), ("=x", 1, "name"), ('{a="b"', 7, "closed"), ('a="b', 3, "quote"),
        ('a="b" c="d"', 7, "expected"), ('a=~"(b"', 5, "never closed"), ("a=~(?=b)", 4, "look around"),
        ('a="b"}', 6, "expected"), ('{a="b",,c="d"}', 8, "name"), ('a=x"y', 4, "quote"), (r'a=~"(x)\1"', 8, "known"),
    ],
)  # fmt: skip
def test_what_is_no_matcher_is_told_with_its_column(text, column, word):
    found = read_matchers(text)
    assert isinstance(found, Misread)
    assert (found.column, word in found.why) == (column, True), found


def test_a_refusal_shows_how_a_matcher_is_written():
    with pytest.raises(Usage, match="column 10.*alertname="):
        matchers_of(["alertname"])


@pytest.mark.parametrize(
    ("text", "labels", "is_hit"),
    [
        ('a="b"', {"a": "b"}, True), ('a="b"', {}, False), ('a!="b"', {}, True), ('a=""', {}, True),
        ('a=~"b"', {"a": "bb"}, False), ('a=~"b+"', {"a": "bb"}, True), ('a!~"b+"', {"a": "bb"}, False),
        ('a=~"x|b."', {"a": "bc"}, True), ('a=~".*"', {}, True), ('a=~"(?i)UP"', {"a": "up"}, True),
        ('a="b",c="d"', {"a": "b"}, False),
    ],
)  # fmt: skip
def test_a_regular_expression_matches_whole_values_and_an_absent_label_is_empty(text, labels, is_hit):
    assert matches(read(text), labels) is is_hit


@pytest.mark.parametrize(
    ("text", "is_all"),
    [('alertname=~".+"', True), ('a!="b"', True), ('a=~".*"', True), ('alertname=~".*",b=""', True),
     ('severity=~".+"', False), ('alertname=~".*Down"', False), ('a!="b",c="d"', False)],
)  # fmt: skip
def test_matchers_that_hold_of_every_alert_are_known(text, is_all):
    assert holds_of_anything(read(text)) is is_all


MATCHERS = st.builds(
    Matcher, st.text(min_size=1, max_size=12), st.text(max_size=20), st.just(False), st.booleans()
)


@given(st.lists(MATCHERS, max_size=4))
def test_matchers_that_are_written_read_back_to_the_same(matchers):
    assert read(written(matchers)) == tuple(matchers)


@given(st.text(st.sampled_from(list('{}=!~,"\\ abx.*+()[]|')) | st.characters(), max_size=60))
def test_no_text_is_more_than_misread(text):
    found = read_matchers(text)
    if isinstance(found, Misread):
        assert 1 <= found.column <= len(text) + 1
    else:
        matches(found, {"a": "b"})

"""Expressions of PromQL are read as Prometheus reads them, and what is wrong has its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.promql import MOST_NESTED, Threshold, read_expression
from opsbook.book.promql_tokens import VARIABLE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('foo{b="1",a="2"}', "foo { a = '2', b = `1` , }"), ("sum(foo) by (z,a)", "sum by (a, z) (\n  foo # all\n)"),
        ("rate(x[90s])", "rate( x [1m30s] )"), ("(up == 0)", "up==0"), ('x{a=~"\\\\d+"}', "x{a=~`\\d+`}"),
        ("a / on(c, b) group_left(e, d) f", "a / on (b,c) group_left (d,e) f"), ('{__name__="up"}', '{"up"}'),
        ("x[1h] offset 60m", "x[60m] offset 1h"), ("0x10 + x", "16 + x"), ('x{a="\\u00e9"}', 'x{a="é"}'),
    ],
)  # fmt: skip
def test_one_meaning_has_one_text(one, other):
    assert read_expression(one).fault is None
    assert read_expression(one).canonical == read_expression(other).canonical


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('x{a="1"}', 'x{a="2"}'), ('x{a="b  c"}', 'x{a="b c"}'), ("x > 1", "x >= 1"), ("sum by (a) (x)", "sum without (a) (x)"),
        ('x{a=~"\\\\."}', 'x{a=~"."}'), ("x offset 1h", "x"), ("a - b", "b - a"), ('x{a="by (c, b)"}', 'x{a="by (b, c)"}'),
        ("x[5m]", "x[6m]"), ("(a + b) * c", "a + b * c"),
    ],
)  # fmt: skip
def test_another_meaning_has_another_text(one, other):
    assert read_expression(one).canonical != read_expression(other).canonical


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ("sum(rate(a_total[5m])) / sum(rate(b_total[5m]))", ("a_total", "b_total")), ("a and on (x) a", ("a",)),
        ('{__name__="job:up:sum"} > 1', ("job:up:sum",)), ('{job="api"}', ()), ("vector(1)", ()),
        ("max_over_time(rate(x[5m])[1h:1m])", ("x",)),
    ],
)  # fmt: skip
def test_its_metrics_are_told_in_their_order(text, metrics):
    assert read_expression(text).metrics == metrics


def test_labels_that_are_asked_for_by_a_plain_value_are_told():
    assert read_expression('x{service="api",a!="b",c=~"d"}').matched == (("service", "api"),)


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("rate(x[5m]) > 0.5", Threshold(">", 0.5, "rate(x[5m])")), ("(x >= bool 3 * 60)", Threshold(">=", 180, "x")),
        ("5 < x", Threshold(">", 5, "x")), ("x < -1e3", Threshold("<", -1000, "x")), ("up == 0", Threshold("==", 0, "up")),
        ("x", None), ("x > y", None), ("x > 1 and y > 2", None), ("1 < bool 2", None), ("x > 1 / 0", None),
    ],
)  # fmt: skip
def test_the_threshold_of_an_expression(text, threshold):
    assert read_expression(text).fault is None
    assert read_expression(text).threshold == threshold


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("", 0, "no expression"), ("sum(rate(x[5m])", 3, "never closed"), ("sum(x))", 6, "closes nothing"),
        ("foo bar", 4, "operator is expected"), ("1 +", 3, "missing at the end"), ("x > > 3", 4, "value is expected"),
        ("x = 3", 2, "inside {}"), ('a{b=}', 4, "cut off"), ('a{b="c" d="e"}', 8, "comma"), ('a{b="c}', 4, "does not end"),
        ("x[5m", 1, "never closed"), ("rate(x[])", 7, "duration"), ("foo.bar", 3, "nothing of PromQL"),
        ("1 + rate(x)", 4, "expected type"), ("sum(x) + wrong(y)", 9, "unknown function"), ("rate(x[$r])", 7, "`$`"),
        ("sum(a) by (b) > $t", 16, "`$`"), ("x offset foo", 0, "no expression"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_place(text, offset, words):
    fault = read_expression(text).fault
    assert fault is not None and (fault.offset, words in fault.why) == (offset, True), fault


@pytest.mark.parametrize(
    "text",
    ["(" * 20_000 + "x" + ")" * 20_000, "-" * 50_000 + "x", "x" + "+x" * 50_000, "sum(" * 9_000, "{" * 9_000,
     "(" * (MOST_NESTED + 1) + "x" + ")" * (MOST_NESTED + 1)],
)  # fmt: skip
def test_what_nests_without_end_is_a_fault(text):
    assert read_expression(text).fault is not None


def test_what_is_long_is_read():
    assert read_expression(" + ".join(["x"] * 200)).fault is None


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ('rate(x{job=~"$job"}[$__rate_interval])', ("x",)), ("topk($n, y{$filters})", ("y",)),
        ("sum by ($by) (rate(z[${i}]))", ("z",)), ("[[m]]_total > $limit", (f"{VARIABLE}_total",)),
        ("histogram_quantile($q, x offset $o)", ("x",)),
    ],
)  # fmt: skip
def test_the_variables_of_a_dashboard_stand_for_anything(text, metrics):
    read = read_expression(text, has_variables=True)
    assert (read.fault, read.metrics) == (None, metrics)


PIECES = ["x", "rate", "sum", "(", ")", "[", "]", "{", "}", "5m", "1", ">", "=", "=~", '"a"', "`b", "by", "on", "and", ",",
          "offset", "@", "-", "$v", "[[v]]", "\\", "é", "\n", "#", ":", "bool", "'", "\ue0000\ue001", "group_left"]  # fmt: skip


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join),
                 st.lists(st.sampled_from(PIECES), max_size=14).map("".join)), st.booleans())  # fmt: skip
def test_whatever_the_text_it_is_read_or_refused_with_a_place_inside(text, has_variables):
    read = read_expression(text, has_variables=has_variables)
    if read.fault is not None:
        assert has_variables or 0 <= read.fault.offset <= len(text)
    else:
        again = read_expression(read.canonical)
        assert has_variables or (again.canonical, again.metrics) == (read.canonical, read.metrics)


@pytest.mark.parametrize("text", [
    "a" + " + a" * 2000 + " > 0", "a" + "+1" * 1400, "a" + "^1" * 1400, "a" + " and a" * 1400, "a*-" * 900 + "a",
    "- " * 2900 + "a",
])  # fmt: skip
def test_a_very_long_expression_is_read_in_bounded_time_by_its_words(text):
    found = read_expression(text)
    assert found.fault is not None or found.metrics == ("a",)

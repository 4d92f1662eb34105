"""Graphs of a monitoring server: few round marks in units for people, gaps as gaps, thresholds, states, and words."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.measures import Limit, Measure
from opsbook.entrypoints.shown.graph import MOST_LINES, label_differences, picture
from opsbook.entrypoints.shown.graph_scale import side, value_words
from opsbook.usecases.graph_sources import Graph, Threshold
from opsbook.usecases.graphs import SPANS, Drawn, Looked
from opsbook.usecases.monitoring_ports import Series

SPAN = SPANS["1h"]
END = datetime(2026, 3, 26, 3, 5, tzinfo=UTC)
START = END - SPAN.length
FIRST, STEP_S = START.timestamp(), SPAN.step.total_seconds()
LOOKED = Looked(SPAN, START, END)


def series(*values: float, first: int = 0, **labels: str) -> Series:
    return Series(labels, tuple((FIRST + (first + n) * STEP_S, value) for n, value in enumerate(values)))


def drawn(*lines: Series, measure: Measure = Measure("s"), limits: tuple[Threshold, ...] = (), states=()) -> Drawn:  # noqa: B008
    return Drawn(Graph("Latency", "latency", measure, "m.md", 3, thresholds=limits, alerts=("Slow",)), lines, states=states)


def shown(*lines: Series, **more):
    return picture(drawn(*lines, **more), LOOKED, id_="g")


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def paths(svg: str, kind: str) -> list[str]:
    return re.findall(rf'<path class="{kind}[^"]*" d="([^"]*)"', svg)


WHOLE = tuple(0.2 + n / 1000 for n in range(121))


def test_marks_are_few_round_and_in_units_for_people():
    assert texts(shown(series(*WHOLE)).svg) == ["0", "200 ms", "400 ms", "02:15 UTC", "02:30", "02:45", "03:00"] or texts(
        shown(series(*WHOLE)).svg
    ) == ["0", "200 ms", "400 ms", "02:30 UTC", "03:00"]


@pytest.mark.parametrize(
    ("values", "kind", "marks"),
    [
        ([0.02, 0.3], "s", ["0", "100 ms", "200 ms", "300 ms"]), ([100, 5000], "s", ["0", "30 min", "60 min", "90 min"]),
        ([2**30, 3 * 2**30], "bytes", ["0", "1 GiB", "2 GiB", "3 GiB"]), ([0.01, 0.047], "ratio", ["0", "2 %", "4 %", "6 %"]),
        ([1200, 2900], "/s", ["0", "1k/s", "2k/s", "3k/s"]), ([95, 98], "number", ["95", "96", "97", "98"]),
        ([-5, 20], "number", ["−10", "0", "10", "20"]), ([3, 3], "number", ["0", "2", "4", "6"]), ([0, 0], "number", ["0", "0.5", "1"]),
    ],
)  # fmt: skip
def test_the_side_is_round_and_from_nothing_where_that_presses_no_line_flat(values, kind, marks):
    assert [words for _, words in side(values, kind, most=3).marks] == marks


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [(0.0234, "s", "23.4 ms"), (7260, "s", "2.02 h"), (0, "s", "0 s"), (1536, "bytes", "1.5 KiB"), (0.0345, "ratio", "3.45 %"),
     (12.34, "/s", "12.3/s"), (1234567, "number", "1.23M"), (-3, "number", "−3"), (math.inf, "s", "∞"), (math.nan, "s", "no number")],
)  # fmt: skip
def test_a_value_has_three_digits_and_its_unit(value, kind, words):
    assert value_words(value, kind) == words


def test_what_is_missing_or_no_number_is_a_gap():
    hole = Series({}, tuple((at, value) for n, (at, value) in enumerate(series(*WHOLE).points) if not 40 <= n < 60))
    assert paths(shown(hole).svg, "graph-line")[0].count("M") == 2
    values = [*WHOLE[:30], math.nan, *WHOLE[31:]]
    assert paths(shown(series(*values)).svg, "graph-line")[0].count("M") == 2
    assert paths(shown(series(*WHOLE)).svg, "graph-line")[0].count("M") == 1


def test_what_is_infinite_is_an_arrow_at_the_edge_and_presses_nothing():
    svg = shown(series(*WHOLE[:60], math.inf, *WHOLE[61:])).svg
    assert texts(svg)[:3] == ["0", "200 ms", "400 ms"]
    line, arrow = paths(svg, "graph-line")
    assert line.count("M") == 2 and arrow.endswith("z")


def test_a_threshold_is_a_line_with_its_words_or_an_arrow_where_it_lies_beyond():
    near, far = Threshold(Limit(">", 0.5), "Slow"), Threshold(Limit(">", 90.0), "Stuck")
    one = shown(series(*WHOLE), limits=(near,))
    assert "alert &gt; 500 ms" in texts(one.svg) and paths(one.svg, "graph-limit") and "the alert Slow" in one.svg
    other = shown(series(*WHOLE), limits=(far,))
    assert "alert &gt; 90 s ↑" in texts(other.svg) and not paths(other.svg, "graph-limit")


def test_the_state_of_its_alert_is_marked_and_told_since_when():
    pending = series(*[1.0] * 10, first=60, alertname="Slow", alertstate="pending")
    firing = series(*[1.0] * 51, first=70, alertname="Slow", alertstate="firing")
    found = shown(series(*WHOLE), states=(firing, pending))
    assert (found.state, found.since) == ("firing", datetime.fromtimestamp(FIRST + 70 * STEP_S, tz=UTC))
    assert 'class="graph-firing"' in found.svg and "url(#g-hatch)" in found.svg
    assert shown(series(*WHOLE), states=(pending,)).state == ""  # it is over


def test_the_value_now_is_told_in_words_and_what_has_ended_says_since_when():
    assert shown(series(*WHOLE)).now == "320 ms"
    assert shown(series(*WHOLE[:50])).now == "no value since 02:29 UTC"
    assert shown().note == "Nothing in this time."


def test_lines_beyond_what_the_eye_tells_apart_are_counted():
    found = shown(*[series(*[float(n)] * 121, path=f"/{n:02}") for n in range(20)])
    assert len(found.lines) == MOST_LINES and found.left_out == 14 and found.lines[-1][0] == "/19"
    low = shown(*[series(*[float(n)] * 121, path=f"/{n:02}") for n in range(20)], limits=(Threshold(Limit("<", 3.0), "Slow"),))
    assert low.lines[0][0] == "/00"
    dashes = re.findall(r'class="graph-line[^>]*?(?:stroke-dasharray="([^"]*)")?/>', found.svg)
    assert len(set(dashes)) == MOST_LINES  # told apart without colour


@pytest.mark.parametrize(
    ("labels", "differences"),
    [
        ([{"a": "1"}], [""]), ([{"job": "x", "path": "/a"}, {"job": "x", "path": "/b"}], ["/a", "/b"]),
        ([{"instance": "h1:90", "node": "1"}, {"instance": "h2:90", "node": "2"}], ["1", "2"]),
        ([{"a": "1", "b": "1"}, {"a": "1", "b": "2"}, {"a": "2", "b": "1"}], ["a=1, b=1", "a=1, b=2", "a=2, b=1"]),
        ([{"a": "1"}, {}], ["1", "no a"]), ([{"__name__": "x"}, {"__name__": "y"}], ["x", "y"]),
    ],
)  # fmt: skip
def test_the_legend_has_what_tells_lines_apart_and_no_more(labels, differences):
    assert label_differences(labels) == differences


VALUES = st.floats(allow_nan=True, allow_infinity=True)
LINES = st.lists(st.tuples(st.dictionaries(st.text(max_size=5), st.text(max_size=8), max_size=3), st.lists(VALUES, max_size=30)), max_size=9)


@given(LINES, st.lists(VALUES, max_size=3), st.sampled_from(["s", "bytes", "bytes/s", "ratio", "/s", "number"]))
def test_whatever_the_values_the_picture_is_small_whole_and_the_same_each_time(lines, limits, kind):
    told = drawn(
        *[series(*values, n=str(n), **{f"l{k}": v for k, v in labels.items()}) for n, (labels, values) in enumerate(lines)],
        measure=Measure(kind), limits=tuple(Threshold(Limit(">", each), "Slow") for each in limits),
    )  # fmt: skip
    first = picture(told, LOOKED, id_="g")
    assert picture(told, LOOKED, id_="g") == first
    ElementTree.fromstring(first.svg)
    assert "style=" not in first.svg and "nan" not in "".join(re.findall(r'[dxy]="([^"]*)"', first.svg))
    assert "inf" not in "".join(re.findall(r' [dxy]="([^"]*)"', first.svg))

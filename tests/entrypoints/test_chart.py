"""Charts of a probe: what is drawn, what is told in words, and that both are well-formed, small and without style."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.entrypoints.shown.chart import bar, chart
from opsbook.usecases.serving_ports import Bucket

END = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
START = END - timedelta(hours=24)
MOST_BYTES = 6 * 1024


def bucket(hour: float, ok: int = 10, failed: int = 0, mean_ms: float = 40.0, length_s: float = 600) -> Bucket:
    return Bucket(START + timedelta(hours=hour), length_s, ok, failed, mean_ms / 2, mean_ms, mean_ms * 2)


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def told(svg: str) -> str:
    return re.search(r"<desc[^>]*>([^<]*)</desc>", svg)[1]


def test_the_axes_are_few_round_and_in_utc():
    day = [bucket(n / 6) for n in range(144)]
    assert texts(chart(day, START, END, name="API")) == ["0", "25 ms", "50 ms", "06:00 UTC", "12:00", "18:00", "00:00"]
    hour = chart(day, END - timedelta(hours=1), END, name="API")
    assert texts(hour)[3:] == ["02:30 UTC", "02:45", "03:00"] or texts(hour)[3:] == ["02:30 UTC", "03:00"]


@pytest.mark.parametrize(
    ("mean_ms", "labels"),
    [(3, ["0", "2.5 ms", "5 ms"]), (100, ["0", "100 ms", "200 ms"]), (1800, ["0", "1 s", "2 s"]), (0, ["0", "5 ms", "10 ms"])],
)
def test_the_scale_ends_at_a_round_latency(mean_ms, labels):
    assert texts(chart([bucket(1, mean_ms=mean_ms)], START, END, name="API"))[:3] == labels


def test_a_timeout_does_not_press_the_rest_to_the_ground():
    svg = chart([bucket(1), bucket(2, ok=0, failed=5, mean_ms=10_000)], START, END, name="API")
    assert texts(svg)[2] == "50 ms"


def test_what_failed_is_marked_and_told_without_colour():
    svg = chart([bucket(1), bucket(2, ok=8, failed=2), bucket(3)], START, END, name="API")
    assert 'fill="url(#chart-hatch)"' in svg
    assert told(svg) == (
        "From 2026-11-22 03:10 to 2026-11-23 03:10 UTC 93.3 % of 30 readings were as expected. Answers took 40 ms in the"
        " mean and 80 ms at most. The last failure was at 05:10 UTC or within 10 minutes after it."
    )
    assert "url(#" not in chart([bucket(1)], START, END, name="API")


def test_a_stretch_in_which_nothing_was_read_is_not_bridged():
    svg = chart([bucket(1), bucket(1.2), bucket(9), bucket(9.2)], START, END, name="API")
    assert re.search(r'class="chart-line" d="([^"]*)"', svg)[1].count("M") == 2


def test_nothing_read_says_so():
    svg = chart([], START, END, name="API")
    assert texts(svg) == ["Nothing has been read yet."]
    assert "API: nothing has been read yet" in svg


def test_one_failure_among_thousands_is_never_a_hundred_percent():
    assert "99.9 % of 100001 readings" in told(chart([bucket(1, ok=100_000, failed=1)], START, END, name="API"))


def test_a_bar_tells_well_from_ill_from_nothing_by_shape():
    svg = bar([bucket(1), bucket(12, ok=0, failed=3)], START, END, name="API")
    assert re.findall(r'class="bar-(\w+)"', svg) == ["ok", "failed", "none"]
    assert "<title>API: 76.9 % of 13 readings were as expected in the last 24 hours</title>" in svg
    assert "nothing was read in the last 24 hours" in bar([], START, END, name="API")


BUCKETS = st.lists(
    st.builds(
        bucket,
        st.floats(-2, 26),
        st.integers(0, 9),
        st.integers(0, 9),
        st.floats(0, 1e7),
        st.sampled_from([300.0, 600.0, 3600.0]),
    ),
    max_size=300,
)


@given(BUCKETS, st.text(max_size=20), st.sampled_from([timedelta(hours=1), timedelta(hours=24), timedelta(days=90)]))
def test_any_readings_are_drawn_small_and_without_style(buckets, name, length):
    name = "".join(c for c in name if c.isprintable())
    for svg in (chart(buckets, END - length, END, name=name, id_="a1"), bar(buckets, END - length, END, name=name)):
        tree = ElementTree.fromstring(svg)
        assert tree.get("role") == "img"
        assert len(svg.encode()) < MOST_BYTES
        assert not [each for each in tree.iter() if each.get("style") or "script" in each.tag]
        assert "nan" not in svg.replace(name, "")


def test_a_full_day_of_every_second_bucket_failing_is_small():
    day = [bucket(n / 12, failed=n % 2, mean_ms=1234.567 + n, length_s=300) for n in range(288)]
    assert len(chart(day, START, END, name="API").encode()) < MOST_BYTES


def test_a_name_is_text_and_nothing_else():
    for svg in (chart([], START, END, name="<script>"), bar([], START, END, name='"><script>')):
        assert "<script" not in svg
        ElementTree.fromstring(svg)

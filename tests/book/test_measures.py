"""What the numbers of a graph count, and the limits that pages write in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.measures import Limit, Measure, measure_of, read_limit

SECONDS, SHARE, PLAIN = Measure("s"), Measure("ratio", 0.01), Measure()


@pytest.mark.parametrize(
    ("unit", "expression", "kind", "factor"),
    [
        ("ms", "", "s", 0.001), ("Seconds", "", "s", 1), ("%", "", "ratio", 0.01), ("requests/s", "", "/s", 1),
        ("MB per second", "", "bytes/s", 1e6), ("KiB", "", "bytes", 1024), ("jobs", "", "number", 1), ("1/min", "rate(a_total[5m])", "number", 1),
        ("", 'rate(http_requests_total{path="/a_bytes"}[5m])', "/s", 1), ("", "rate(node_bytes_total[5m])", "bytes/s", 1),
        ("", "sum(rate(bad_total[5m])) / sum(rate(all_total[5m]))", "ratio", 1), ("", "rate(cpu_seconds_total[5m])", "number", 1),
        ("", "histogram_quantile(0.99, sum by (le) (rate(x_seconds_bucket[5m])))", "s", 1), ("", "resident_memory_bytes", "bytes", 1),
        ("", "rate(x_seconds_sum[5m]) / rate(x_seconds_count[5m])", "s", 1), ("", "time() - push_timestamp_seconds", "s", 1),
        ("", "100 * a / b", "ratio", 0.01), ("", "memory_bytes / 1024", "bytes", 1), ("", "orders_waiting", "number", 1),
    ],
)  # fmt: skip
def test_the_unit_decides_else_the_names_do(unit, expression, kind, factor):
    found = measure_of(unit, expression)
    assert (found.kind, found.factor) == (kind, factor)


@pytest.mark.parametrize(
    ("words", "measure", "limit"),
    [
        ("> 500 ms", SECONDS, Limit(">", 0.5)), ("above 5 % for 10 minutes", SHARE, Limit(">", 0.05)), ("≥ 2s", SECONDS, Limit(">=", 2)),
        ("p99 > 2 s", SECONDS, Limit(">", 2)), ("below 3", PLAIN, Limit("<", 3)), ("500", Measure("s", 0.001), Limit(">", 0.5)),
        ("more than 1,000 jobs", Measure("number", 1, "jobs"), Limit(">", 1000)), ("> 5 %", PLAIN, None), ("> 2 GB", SECONDS, None),
        ("3 of 5", PLAIN, None), ("whenever", PLAIN, None), ("", PLAIN, None),
    ],
)  # fmt: skip
def test_a_limit_is_told_in_the_unit_of_the_graph_or_not_at_all(words, measure, limit):
    assert read_limit(words, measure) == limit


@given(st.text(max_size=60), st.text(max_size=120))
def test_whatever_is_written_something_is_told(unit, words):
    limit = read_limit(words, measure_of(unit, words))
    assert limit is None or limit.operator in (">", ">=", "<", "<=")

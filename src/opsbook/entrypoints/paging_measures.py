"""What is measured of routing and paging, as Prometheus reads it. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from opsbook.book.severity import PRIORITIES
from opsbook.usecases.paging_measures import Measured

BOUNDS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


def paging_families(found: Measured) -> Iterator[Metric]:
    """Every family with its samples."""
    audit = found.audit
    yield CounterMetricFamily("opsbook_engine_cycles", "How often the engine that pages went round.", audit.cycles)
    if audit.beat_at is not None:
        yield _single("opsbook_engine_beat_timestamp_seconds", "When it said so last.", audit.beat_at.timestamp())
    yield _single("opsbook_engine_troubles", "What keeps it from paging as it should.", len(audit.troubles))
    waits = "For how long what was received waits."
    yield _single("opsbook_alerts_oldest_unrouted_seconds", waits, audit.oldest_batch_s)
    yield _single("opsbook_pages_oldest_due_seconds", "For how long a page waits to be moved on.", audit.oldest_page_s)
    yield _single(
        "opsbook_notifications_oldest_owed_seconds", "For how long the oldest message is due.", found.oldest_owed_s
    )
    is_open = GaugeMetricFamily("opsbook_pages_open", "Pages that are not over.", labels=("severity",))
    for severity in PRIORITIES:
        is_open.add_metric((severity,), found.is_open.get(severity, 0))
    yield is_open
    states = GaugeMetricFamily(
        "opsbook_notifications", "Messages of the pages that began last, by their state.", labels=("state",)
    )
    for state, count in sorted(found.states.items()):
        states.add_metric((state,), count)
    yield states
    if found.delivered is not None:
        yield _single("opsbook_notifications_delivered_ratio", "Which part of them came through.", found.delivered)
    yield _latency(found.first_attempt_s)


def _latency(times: tuple[float, ...]) -> Metric:
    family = HistogramMetricFamily(
        "opsbook_paging_first_attempt_seconds", "From what was received to the first attempt, of the last pages."
    )
    buckets = [(str(bound), float(sum(1 for each in times if each <= bound))) for bound in BOUNDS_S]
    family.add_metric((), [*buckets, ("+Inf", float(len(times)))], sum(times))
    return family


def _single(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)

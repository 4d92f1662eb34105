"""What this server measures, as Prometheus reads it. Measures nothing itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from opsbook import __version__
from opsbook.entrypoints.gates.meter import BUCKETS, Meter
from opsbook.entrypoints.paging_measures import paging_families
from opsbook.entrypoints.streams import Streams
from opsbook.ground.errors import SEVERITIES, Failure
from opsbook.ledger.health import Health
from opsbook.usecases.desk import Desk
from opsbook.usecases.on_duty import coverage_of

LONGEST_LABEL = 200  # characters; an address may be as long as its author likes
MOST_PROBES = 2_000
GAP_DAYS = 7
EXPIRY = "Until when the certificate is good that was shown last."
Label = tuple[str, ...]
STATES = {"healthy": 1.0, "unhealthy": 0.0}


def exposition(desk: Desk, meter: Meter, streams: Streams) -> tuple[bytes, str]:
    """All measures as text, and the type of that text; of a registry of its own, so that nothing else is in it."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(Measures(desk, meter, streams))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class Measures(Collector):
    """The measures of one server, gathered when they are asked for."""

    def __init__(self, desk: Desk, meter: Meter, streams: Streams) -> None:
        self.desk = desk
        self.meter = meter
        self.streams = streams

    def collect(self) -> Iterator[Metric]:
        """Every family with its samples."""
        yield _gauge("opsbook_build_info", "Which Opsbook this is.", ("version",), {(__version__,): 1.0})
        yield from self._requests()
        yield _single("opsbook_event_streams", "Streams of events that are open.", float(self.streams.count))
        yield from self._book()
        yield from self._duty()
        yield from self._ledger()
        yield from self._paging()
        yield from self._probes()

    def _requests(self) -> Iterator[Metric]:
        counted = CounterMetricFamily(
            "opsbook_http_requests", "Requests answered.", labels=("method", "route", "status")
        )
        for (method, route, status), count in list(self.meter.requests.items()):
            counted.add_metric((method, route, str(status)), count)
        yield counted
        took = HistogramMetricFamily(
            "opsbook_http_request_duration_seconds", "How long answers took, to their last byte.", labels=("route",)
        )
        for route, counts in list(self.meter.buckets.items()):
            below, total = [], 0
            for bound, count in zip([*map(str, BUCKETS), "+Inf"], counts, strict=True):
                total += count
                below.append((bound, float(total)))
            took.add_metric((route,), below, self.meter.seconds[route])
        yield took

    def _book(self) -> Iterator[Metric]:
        book = self.desk.library.snapshot()
        yield _single("opsbook_book_pages", "Pages of the book.", float(len(book.files)))
        yield _single("opsbook_book_is_whole", "1 when every page was read.", float(book.is_whole))
        yield _single("opsbook_book_services", "Services of the book.", float(len(book.services)))
        counted = Counter(finding.severity for finding in book.findings)
        counts: dict[Label, float] = {(severity,): float(counted[severity]) for severity in SEVERITIES}
        yield _gauge("opsbook_book_findings", "Findings of lint.", ("severity",), counts)

    def _duty(self) -> Iterator[Metric]:
        now, ahead = self.desk.now(), timedelta(days=GAP_DAYS)
        covers = coverage_of(self.desk.library.snapshot(), now, now + ahead)
        people: dict[Label, float] = {_label(each.schedule): float(each.people) for each in covers}
        gaps: dict[Label, float] = {_label(each.schedule): each.gap_s for each in covers}
        yield _gauge("opsbook_oncall_people", "How many people are on call by a schedule now.", ("schedule",), people)
        words = f"How long nobody is on call by a schedule within the next {GAP_DAYS} days."
        yield _gauge("opsbook_oncall_gap_seconds", words, ("schedule",), gaps)

    def _ledger(self) -> Iterator[Metric]:
        try:
            head = self.desk.ledger.head()
        except Failure:  # what the ledger does not tell is left out; /readyz says that it does not answer
            return
        yield _single("opsbook_ledger_position", "The position of the last event.", float(head))

    def _paging(self) -> Iterator[Metric]:
        try:
            found = self.desk.alert_desk.measured()
        except Failure:
            return
        yield from paging_families(found)

    def _probes(self) -> Iterator[Metric]:
        labels = ("service", "probe", "address")
        healths = self.desk.watch.healths()
        probes = sorted(self.desk.watch.probes().items())[:MOST_PROBES]
        known: list[tuple[Label, Health]] = [
            (_label(probe.service or "", probe.name or key, probe.address), healths.get(key) or Health(key))
            for key, probe in probes
        ]
        read = {label: health.last for label, health in known if health.last is not None}
        states = {label: STATES[health.state] for label, health in known if health.state in STATES}
        yield _gauge("opsbook_probe_up", "1 when the probe is healthy, 0 when it is not.", labels, states)
        took = {label: reading.latency_ms / 1_000 for label, reading in read.items()}
        codes = {label: float(reading.status) for label, reading in read.items() if reading.status is not None}
        times = {label: reading.at.timestamp() for label, reading in read.items()}
        lasted = "How long the last reading took."
        yield _gauge("opsbook_probe_duration_seconds", lasted, labels, took)
        yield _gauge("opsbook_probe_status_code", "The status of the last answer.", labels, codes)
        read_at = "When the probe was read last."
        yield _gauge("opsbook_probe_last_reading_timestamp_seconds", read_at, labels, times)
        shown = {label: reading.certificate_ends for label, reading in read.items()}
        ends = {label: end.timestamp() for label, end in shown.items() if end is not None}
        yield _gauge("opsbook_probe_certificate_end_timestamp_seconds", EXPIRY, labels, ends)
        # As the blackbox exporter calls them, so that dashboards and alert rules made for it go on.
        was_ok = {label: float(reading.is_ok) for label, reading in read.items()}
        yield _gauge("probe_success", "1 when the last reading was as expected.", labels, was_ok)
        yield _gauge("probe_duration_seconds", lasted, labels, took)
        yield _gauge("probe_ssl_earliest_cert_expiry", EXPIRY, labels, ends)


def _gauge(name: str, words: str, labels: tuple[str, ...], samples: Mapping[Label, float]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=labels)
    for label, value in samples.items():
        family.add_metric(label, value)
    return family


def _single(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


def _label(*values: str) -> Label:
    return tuple(value if len(value) <= LONGEST_LABEL else value[: LONGEST_LABEL - 1] + "…" for value in values)

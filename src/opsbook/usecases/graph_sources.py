"""Which graphs a service has: the metrics that pages name for it, what its alerts compare, and the PromQL that its
runbook shows below Monitoring. Asks no server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from opsbook.book.measures import Limit, Measure, measure_of, read_limit
from opsbook.book.monitoring import AlertNote, Metric
from opsbook.book.page import Page
from opsbook.book.promql import read_expression
from opsbook.usecases.library import Book
from opsbook.usecases.monitoring import MonitoringReport, Told, monitoring

MOST = 24  # graphs of one service; whoever names more metrics looks at a dashboard
_SERIES = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^{}]*\})?")
_SPLIT = re.compile(r"\s*[,;&/+]\s*|\s+and\s+")
_PROMQL = frozenset({"promql", "prometheus"})
_QUANTILE = 0.95


class Threshold(Struct, frozen=True):
    """What an alert compares with, in the unit of its graph."""

    limit: Limit
    alert: str


class Graph(Struct, frozen=True):
    """A graph: what is asked, what its values count, the thresholds of alerts on it, and the line of the book that it
    comes from."""

    title: str
    expression: str
    measure: Measure
    path: str
    line: int
    anchor: str = ""
    thresholds: tuple[Threshold, ...] = ()
    alerts: tuple[str, ...] = ()
    meaning: str = ""


class Watched(Struct, frozen=True):
    """What is watched of a service: its graphs, how many more there would be, and the names of its alerts in order."""

    graphs: tuple[Graph, ...] = ()
    more: int = 0
    alerts: tuple[str, ...] = ()


def watched(book: Book, service: str, runbook: Page | None = None) -> Watched:
    """The graphs of a service by its address name: its metrics in the order of the pages, then what its runbook shows,
    then its alerts. The same expression is one graph, with the thresholds of all alerts on it."""
    told = monitoring(book)
    path = book.services.get(service, "")
    is_mine = owner_of(book, service)
    alerts = _alerts(told, is_mine, path)
    found: dict[str, Graph] = {}
    for graph in (*_of_metrics(told, is_mine), *(_of_runbook(runbook) if runbook is not None else ())):
        found.setdefault(canonical(graph.expression), graph)
    for at, alert in alerts:
        _add_alert(found, at, alert)
    graphs = sorted(found.values(), key=lambda graph: not graph.alerts)  # those that alerts watch come first
    return Watched(tuple(graphs[:MOST]), max(0, len(graphs) - MOST), tuple(alert.name for _, alert in alerts))


def canonical(expression: str) -> str:
    """The same text for the same question, whatever its spacing."""
    return read_expression(expression).canonical or " ".join(expression.split())


def owner_of(book: Book, service: str) -> Callable[[str], bool]:
    """What tells whether the words of a Service column mean a service, given by its address name."""
    path = book.services.get(service, "")
    facts = book.facts.get(path)
    names = {service, (facts.service or "") if facts else "", path.rpartition("/")[2].removesuffix(".md")} - {""}
    known = {_plain(name) for name in names}
    return lambda words: bool(words) and any(_plain(each) in known for each in (words, *_SPLIT.split(words)))


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "-", name.strip().strip("`*").casefold())


def _alerts(told: MonitoringReport, is_mine: Callable[[str], bool], path: str) -> list[tuple[str, AlertNote]]:
    """The alerts of a service: those that name it, and those that its runbook is for."""
    def belongs(each: Told) -> bool:
        names_none = not each.alert.service and bool(path)
        return is_mine(each.alert.service) or (names_none and path in (each.alert.runbook.path, each.path))

    return [(each.path, each.alert) for each in told.alerts if belongs(each)]


def _of_metrics(told: MonitoringReport, is_mine: Callable[[str], bool]) -> Iterator[Graph]:
    for path, metric in told.metrics:
        if is_mine(metric.service) and (asked := expression_of(metric)):
            yield Graph(
                metric.name, asked, measure_of(metric.unit, asked), path, metric.line, metric.anchor,
                meaning=metric.meaning,
            )  # fmt: skip


def expression_of(metric: Metric) -> str:
    """What is asked for a metric: its expression; else its series by its name: a counter per second, a histogram by
    its 95th percentile. Empty where its name is no series."""
    if metric.expression:
        return metric.expression
    name = metric.name.strip().strip("`")
    if not _SERIES.fullmatch(name) or not ("_" in name or ":" in name or "{" in name or name == "up"):
        return ""
    bare, _, labels = name.partition("{")
    labels = f"{{{labels}" if labels else ""
    kind = metric.type.lower()
    if kind == "histogram" and not bare.endswith(("_bucket", "_sum", "_count")):
        return f"histogram_quantile({_QUANTILE}, sum by (le) (rate({bare}_bucket{labels}[5m])))"
    is_counter = kind == "counter" or (not kind and bare.endswith(("_total", "_count")))
    return f"rate({name}[5m])" if is_counter else name


def _of_runbook(page: Page) -> Iterator[Graph]:
    """Blocks of PromQL below Monitoring, by the heading that they stand below."""
    for index, section in enumerate(page.sections):
        if "monitoring" not in (section.slot, page.slot_above(index)):
            continue
        for at in range(*page.blocks(section.body, section.end)):
            block = page.document.blocks[at]
            language = block.info.split()[0].lower() if block.kind == "code" and block.info.strip() else ""
            if language in _PROMQL and (asked := block.text.strip()):
                line, title = page.document.line(block.start), _titled(section.title, asked)
                yield Graph(title, asked, measure_of("", asked), page.path, line, section.anchor)


def _titled(heading: str, asked: str) -> str:
    return asked if heading.lower().startswith("monitoring") and len(asked) <= 60 else heading


def _add_alert(found: dict[str, Graph], path: str, alert: AlertNote) -> None:
    """The threshold of an alert, on the graph of what it compares; a graph of its own where there is none."""
    if not alert.expression:
        return
    compared = read_expression(alert.expression).threshold
    asked = compared.expression if compared is not None else alert.expression
    key = canonical(asked)
    graph = found.get(key)
    if graph is None and compared is None and not alert.threshold:
        return  # it is about whether there is anything at all, which no line shows
    if graph is None:
        graph = Graph(alert.name, asked, measure_of("", asked), path, alert.line, alert.anchor, meaning=alert.meaning)
    limit = (
        Limit(compared.operator, compared.number * graph.measure.factor) if compared is not None
        else read_limit(alert.threshold, graph.measure)
    )  # fmt: skip
    if limit is None and key not in found:
        return
    drawn = (*graph.thresholds, Threshold(limit, alert.name)) if limit is not None else graph.thresholds
    found[key] = Graph(
        graph.title, graph.expression, graph.measure, graph.path, graph.line, graph.anchor, drawn,
        (*graph.alerts, alert.name), graph.meaning,
    )  # fmt: skip

"""The verb monitoring: metrics, alerts, dashboards and logs as the book tells them. Asks no other system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.links import has_anchor
from opsbook.book.monitoring import AlertNote, Dashboard, LogPlace, Metric, Pointer
from opsbook.book.severity import read_severity
from opsbook.usecases.library import Book, PageFacts
from opsbook.usecases.service_names import named_service

Item = TypeVar("Item", AlertNote, Metric)


class Told(Struct, frozen=True):
    """An alert with the page that tells it; `also` are the other pages that name it, with their lines. `priority` is
    P0 to P3 or empty, `verdict` what is wrong with its runbook: ok, external, missing-page, bad-anchor, or none."""

    alert: AlertNote
    path: str
    priority: str
    verdict: str
    also: tuple[tuple[str, int, str], ...] = ()


class Source(Struct, frozen=True, gc=False):
    """A page that tells of monitoring, and how many of its rows are not filled in."""

    path: str
    title: str
    kind: str
    unfilled: int


class MonitoringReport(Struct, frozen=True):
    """What the book says is watched, each with the page that says so, in the order of services and names."""

    metrics: tuple[tuple[str, Metric], ...] = ()
    alerts: tuple[Told, ...] = ()
    dashboards: tuple[tuple[str, Dashboard], ...] = ()
    logs: tuple[tuple[str, LogPlace], ...] = ()
    sources: tuple[Source, ...] = ()


def monitoring(book: Book, severities: Mapping[str, str] | None = None) -> MonitoringReport:
    """All that the pages of a snapshot tell. `severities` are a team's own words."""
    services: dict[tuple[str, ...], str] = {}
    pages = [facts for facts in book.facts.values() if facts.monitoring is not None]
    pages.sort(key=lambda facts: (facts.kind == "runbook", facts.path))
    found = [(facts.path, facts.monitoring) for facts in pages if facts.monitoring is not None]
    sources = [Source(f.path, f.title, f.kind, f.monitoring.unfilled) for f in pages if f.monitoring is not None]
    return MonitoringReport(
        tuple(sorted(
            ((path, _of_service(book, each, services)) for path, told in found for each in told.metrics), key=_place
        )),
        tuple(_alerts(book, [(path, _of_service(book, each, services)) for path, told in found for each in told.alerts],
                      severities)),
        tuple(sorted(((path, each) for path, told in found for each in told.dashboards), key=_place)),
        tuple(sorted(((path, each) for path, told in found for each in told.logs), key=_place)),
        tuple(source for source in sources if source.kind != "runbook"),
    )


def _of_service(book: Book, each: Item, known: dict[tuple[str, ...], str]) -> Item:
    """The item with the service of the book that one of its rule's labels names; `known` is what was looked up."""
    if each.service or not each.marks:
        return each
    if each.marks not in known:
        named = (named_service(book, mark) for mark in each.marks)
        known[each.marks] = next((service for service in named if service is not None), "")
    return replace(each, service=known[each.marks])


def _place(pair: tuple[str, Metric | Dashboard | LogPlace]) -> tuple[str, str, int]:
    path, each = pair
    return each.service.lower(), path, each.line


def _alerts(book: Book, found: list[tuple[str, AlertNote]], severities: Mapping[str, str] | None) -> Iterator[Told]:
    """One entry for each name: the page that tells the most of it, and the others that name it."""
    by_name: dict[str, list[tuple[str, AlertNote]]] = {}
    for path, alert in found:
        by_name.setdefault(alert.name.lower(), []).append((path, alert))
    told = []
    for same in by_name.values():
        path, alert = max(same, key=_told_of)
        also = tuple((other, each.line, each.anchor) for other, each in same if each is not alert)
        service = alert.service or next((each.service for _, each in same if each.service), "")
        runbook = alert.runbook if alert.runbook.href else _runbook_naming(book.facts, same)
        verdict = _verdict(book.facts, runbook)
        priority = (read_severity(alert.severity, severities) or "") if alert.severity else ""
        told.append(Told(replace(alert, service=service, runbook=runbook), path, priority, verdict, also))
    yield from sorted(told, key=lambda each: (each.priority or "P9", each.path, each.alert.line))


def _runbook_naming(facts: Mapping[str, PageFacts], same: list[tuple[str, AlertNote]]) -> Pointer:
    """The runbook that lists an alert, for one whose own row names none."""
    for path, alert in same:
        if facts[path].kind == "runbook":
            return Pointer(facts[path].title, path, path, alert.anchor)
    return Pointer()


def _told_of(pair: tuple[str, AlertNote]) -> int:
    """How much is told of an alert: a runbook names it only, a page of alerts explains it."""
    alert = pair[1]
    return sum(map(bool, (alert.meaning, alert.threshold, alert.expression, alert.response)))


def _verdict(facts: Mapping[str, PageFacts], runbook: Pointer) -> str:
    if not runbook.href:
        return "none"
    if not runbook.path:
        return "external" if ":" in runbook.href else "missing-page"
    page = facts.get(runbook.path)
    if page is None:
        return "ok"  # a file of the repository that is no page
    return "ok" if has_anchor(page.outline.anchors, runbook.anchor) else "bad-anchor"


def monitoring_model(report: MonitoringReport) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "metrics": [
            {"name": m.name, "service": m.service, "expression": m.expression, "unit": m.unit, "meaning": m.meaning,
             "normal": m.normal, "type": m.type, **_at(path, m)}
            for path, m in report.metrics
        ],
        "alerts": [_alert_model(told) for told in report.alerts],
        "dashboards": [
            {"name": d.name, "service": d.service, "location": _pointer_model(d.location), "access": d.access,
             "shows": d.shows, **_at(path, d)}
            for path, d in report.dashboards
        ],
        "logs": [
            {"name": each.name, "service": each.service, "location": _pointer_model(each.location),
             "access": each.access, "kept": each.kept, **_at(path, each)}
            for path, each in report.logs
        ],
        "pages": [
            {"path": s.path, "title": s.title, "kind": s.kind, "unfilled": s.unfilled} for s in report.sources
        ],
    }  # fmt: skip


def _alert_model(told: Told) -> dict[str, Any]:
    alert = told.alert
    return {
        "name": alert.name, "service": alert.service, "expression": alert.expression, "threshold": alert.threshold,
        "for": alert.hold, "severity": told.priority or None, "severity_words": alert.severity,
        "meaning": alert.meaning, "response": alert.response,
        "runbook": {**_pointer_model(alert.runbook), "verdict": told.verdict},
        "also": [{"path": path, "line": line, "anchor": anchor} for path, line, anchor in told.also],
        **_at(told.path, alert),
    }  # fmt: skip


def _pointer_model(pointer: Pointer) -> dict[str, Any]:
    return {"text": pointer.text, "href": pointer.href, "path": pointer.path or None, "anchor": pointer.anchor}


def _at(path: str, each: Metric | AlertNote | Dashboard | LogPlace) -> dict[str, Any]:
    return {"path": path, "line": each.line, "anchor": each.anchor}

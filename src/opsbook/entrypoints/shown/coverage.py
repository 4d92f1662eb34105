"""Coverage as text: a line for each service and for each alert without a page, then the counts."""

from __future__ import annotations

from collections.abc import Iterator

import click

from opsbook.usecases.coverage import CoverageReport, ServiceCoverage

_WELL = frozenset({"ok", "ok-case", "external", "templated"})


def as_text(report: CoverageReport) -> Iterator[str]:
    """The report for a terminal."""
    yield click.style("Services", bold=True)
    if not report.services:
        yield "  No runbook of a service yet: `opsbook new runbook NAME` writes one."
    width = max((len(service.service) for service in report.services), default=0)
    for service in report.services:
        yield from _service(service, min(width, 40))
    if report.alerts:
        yield ""
        yield from _alerts(report)


def _service(service: ServiceCoverage, width: int) -> Iterator[str]:
    colour = "green" if service.score == 1 else "yellow" if service.score >= 0.5 else "red"
    share = click.style(f"{service.score:>5.0%}", fg=colour)
    yield f"  {share}  {service.service:<{width}}  {click.style(service.runbook, dim=True)}"
    if service.missing:
        yield f"         missing: {', '.join(service.missing)}"
    if service.unfilled:
        yield f"         not filled in: {', '.join(service.unfilled)}"


def _alerts(report: CoverageReport) -> Iterator[str]:
    yield click.style("Alerts", bold=True)
    for alert in report.alerts:
        if alert.verdict in _WELL:
            continue
        guess = f"  (did you mean {alert.suggestion}?)" if alert.suggestion else ""
        place = click.style(f"{alert.source}:{alert.line}", dim=True)
        yield f"  {click.style(f'{alert.verdict:<13}', fg='red')} {alert.alert}  {place}{guess}"
    counts = ", ".join(f"{count} {verdict}" for verdict, count in report.summary.items())
    yield f"  {len(report.alerts)} alerts: {counts}"

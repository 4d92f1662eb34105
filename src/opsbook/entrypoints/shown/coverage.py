"""Coverage as text: a line for each service and for each alert without a page, then the counts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

import click

from opsbook.entrypoints.shown.terminal import printable, wrapped
from opsbook.usecases.coverage import CoverageReport, ServiceCoverage
from opsbook.usecases.practice_report import operations_line, practice_line

_LONGEST_NAME = 40  # columns of a service's name before its runbook's path
_WELL = frozenset({"ok", "ok-case", "external", "templated"})


def as_text(report: CoverageReport, width: int | None = None) -> Iterator[str]:
    """The report for a terminal; what was practised leads it."""
    yield from wrapped(practice_line(report.practice), width, 2)
    lacking = [(each.service, told) for each in report.practice.services if (told := operations_line(each))]
    for name, told in lacking:
        yield from wrapped(f"  {printable(name)}  {told}", width, 4)
    yield ""
    yield click.style("Services", bold=True)
    if not any(service.runbook for service in report.services):
        yield "  No runbook of a service yet: `opsbook new runbook NAME` writes one."
    longest = max((len(service.service) for service in report.services), default=0)
    for service in report.services:
        if service.runbook is not None:
            yield from _service(service, service.runbook, min(longest, _LONGEST_NAME), width)
    yield from _without(report, min(longest, _LONGEST_NAME), width)
    if report.alerts:
        yield ""
        yield from _alerts(report, width)


def _without(report: CoverageReport, longest: int, width: int | None) -> Iterator[str]:
    """The services that are deployed and have no runbook."""
    found = [service for service in report.services if service.runbook is None]
    if not found:
        return
    yield ""
    yield click.style("Deployed, without a runbook", bold=True)
    for service in found:
        place = click.style(printable(service.deployed), dim=True)
        yield from wrapped(f"  {printable(service.service):<{longest}}  {place}", width, 4)
    yield from wrapped("  'opsbook discover' shows the runbooks that it would write.", width, 2)


def _service(service: ServiceCoverage, path: str, longest: int, width: int | None) -> Iterator[str]:
    colour = "green" if service.score == 1 else "yellow" if service.score >= 0.5 else "red"
    share = click.style(f"{service.score:>5.0%}", fg=colour)
    name, runbook = printable(service.service), click.style(printable(path), dim=True)
    yield from wrapped(f"  {share}  {name:<{longest}}  {runbook}", width, 9)
    for words, slots in (("missing", service.missing), ("not filled in", service.unfilled)):
        if slots:
            yield from wrapped(f"         {words}: {', '.join(slots)}", width, 11)


def _alerts(report: CoverageReport, width: int | None) -> Iterator[str]:
    yield click.style("Alerts", bold=True)
    for alert in report.alerts:
        if alert.verdict in _WELL:
            continue
        guess = f"  (did you mean {alert.suggestion}?)" if alert.suggestion else ""
        place = click.style(f"{alert.source}:{alert.line}", dim=True)
        verdict = click.style(f"{alert.verdict:<12}", fg="red")
        yield from wrapped(f"  {verdict}  {printable(alert.alert)}  {place}{printable(guess)}", width, 16)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in report.summary.items())
    yield from wrapped(f"  {len(report.alerts)} alerts: {counts}.", width, 2)
    yield from _about_external([alert.runbook for alert in report.alerts if alert.verdict == "external"], width)


def _about_external(addresses: list[str | None], width: int | None) -> Iterator[str]:
    """How to have addresses looked up that lie under no known one; the guess is the beginning that all share."""
    if not addresses:
        return
    parts = zip(*[(address or "").split("/")[:-1] for address in addresses], strict=False)
    shared = "/".join(each[0] for each in takewhile(lambda each: len(set(each)) == 1, parts))
    shared = shared if shared.count("/") > 1 else "https://…"
    hint = f"Web addresses are not asked. If pages of this book lie there: --url-base {printable(shared)}=DIR."
    yield from wrapped(f"  {hint}", width, 2)

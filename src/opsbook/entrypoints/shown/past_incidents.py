"""What is known of past incidents as text: a report of the folder, figures, what is like one. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import click

from opsbook.entrypoints.people import table
from opsbook.entrypoints.shown.clock import length_words
from opsbook.entrypoints.shown.terminal import printable, wrapped
from opsbook.usecases.incident_figures import IncidentFigures
from opsbook.usecases.incidents import Record
from opsbook.usecases.similar_incidents import Similar, remedies
from opsbook.usecases.timeline_entry import counted

_LABEL = 11
_MOST = 8  # services, causes and sections on a screen


def report_lines(record: Record, width: int | None) -> Iterator[str]:
    """A report that people wrote, with what it tells."""
    report = record.report
    yield from wrapped(click.style(printable(report.title), bold=True), width, 2)
    told = {
        "page": f"{record.path}:{report.line}", "severity": report.severity or report.severity_words,
        "status": report.status or report.state, "since": report.started.text if report.started else report.order,
        "until": report.resolved.text if report.resolved else "", "lasted": report.duration_words or (
            length_words(timedelta(seconds=report.duration_s)) if report.duration_s is not None else ""),
        "services": ", ".join(report.services), "owner": report.owner, "impact": report.impact,
        "summary": report.summary, "resolution": report.resolution, "post-mortem": record.partner,
    }  # fmt: skip
    for label, value in told.items():
        if value:
            yield from wrapped(f"  {label:<{_LABEL}} {printable(value)}", width, _LABEL + 3)
    for action in report.actions:
        told_of = ", ".join(filter(None, (action.owner, f"due {action.due}" if action.due else "", action.state)))
        yield from wrapped(f"  {'action':<{_LABEL}} {printable(action.text)} ({printable(told_of)})", width, _LABEL + 3)
    if record.lacks_post_mortem:
        yield "  Nobody has written yet what was learned."


def figure_lines(found: IncidentFigures) -> Iterator[str]:
    """The figures, on one screen."""
    stretch = f"From {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d} ({found.time_zone})"
    yield f"{stretch}: {counted(found.total, 'incident')}, {found.live} of them not over."
    if found.total:
        rows = [
            (each.name, _length(each.median_s), _length(each.mean_s), _length(each.p90_s), str(each.count),
             each.meaning)
            for each in found.lengths
        ]  # fmt: skip
        yield ""
        yield from table(("HOW LONG", "MEDIAN", "MEAN", "P90", "OF", ""), rows)
        for head, pairs in (("severity", found.severities), ("service", found.services), ("cause", found.causes)):
            yield f"By {head}: {', '.join(f'{printable(name)} {count}' for name, count in pairs[:_MOST])}"
    if found.sections:
        yield ""
        yield from table(("SECTION", "RUN", "SUCCEEDED", "ENDED ONE"), [
            (f"{each.path}#{each.anchor}", str(each.used), str(each.succeeded), str(each.ended))
            for each in found.sections[:_MOST]
        ])  # fmt: skip
    yield f"Action items: {found.actions_open} open, {found.actions_late} of them late."


def similar_lines(found: Sequence[Similar], width: int | None) -> Iterator[str]:
    """Past incidents that are like one, and what ended those."""
    if not found:
        yield "No past incident is like it."
        return
    for each in found:
        case = each.case
        named = f"INC-{case.number}" if case.number is not None else case.path
        head = f"{each.likeness:4.0%}  {named}  {case.severity or '--'}  {case.day}  {printable(case.title)}"
        yield from wrapped(head, width, 6)
        yield from wrapped(f"      {printable(each.why)}", width, 6)
        if each.resolution:
            yield from wrapped(f"      Resolved: {printable(each.resolution)}", width, 6)
    for remedy in remedies(found):
        yield f"{remedy.ended} of {remedy.of} ended with {remedy.path}#{remedy.anchor}"


def _length(seconds: float | None) -> str:
    return length_words(timedelta(seconds=seconds)) if seconds is not None else "-"

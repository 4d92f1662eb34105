"""The verb coverage_map: services × sections, alerts × pages, findings by owner and by rule, each with its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from opsbook.book.alert_coverage import AlertCoverage, coverage_summary
from opsbook.book.discovery.found import Found
from opsbook.book.kinds import RUNBOOK_SLOTS
from opsbook.book.lint import Around
from opsbook.ground.errors import SEVERITIES, Finding
from opsbook.usecases.alert_files import covered, gather
from opsbook.usecases.coverage import ServiceCoverage, SlotPlace
from opsbook.usecases.deployed import without_runbook
from opsbook.usecases.library import Book
from opsbook.usecases.ports import Alerting, RuleFiles
from opsbook.usecases.practice_report import PracticeReport, practice_model, practice_report

NOBODY = ""  # the owner of a page that names none


class Row(Struct, frozen=True):
    """A service of the map: its runbook, the share of its slots that is filled, and a cell for each slot."""

    service: str
    path: str
    owner: str
    score: float
    cells: tuple[SlotPlace, ...]


class Group(Struct, frozen=True):
    """Findings with something in common, the gravest first; `counts` are by severity."""

    name: str
    findings: tuple[Finding, ...]
    counts: dict[str, int]


class CoverageMap(Struct, frozen=True):
    """The map of a snapshot. `slots` are the columns; `by_owner` and `by_rule` hold all findings, twice; `without` are
    services that are deployed and have no runbook."""

    slots: tuple[str, ...] = RUNBOOK_SLOTS
    rows: tuple[Row, ...] = ()
    alerts: tuple[AlertCoverage, ...] = ()
    alert_summary: dict[str, int] = {}
    by_owner: tuple[Group, ...] = ()
    by_rule: tuple[Group, ...] = ()
    counts: dict[str, int] = {}
    practice: PracticeReport = PracticeReport()
    without: tuple[ServiceCoverage, ...] = ()


def coverage_map(
    book: Book, rule_files: RuleFiles, alerting: Alerting, folder: str, *, around: Around | None = None,
    deployed: Sequence[Found] = (),
) -> CoverageMap:  # fmt: skip
    """The map of a snapshot and of the named rule files. `folder` is the book's own below the repository; `around`
    tells the day and what was practised; `deployed` are the services that are known to be."""
    rows = [
        Row(facts.service or facts.title, path, facts.owner or NOBODY, facts.coverage.score, facts.slots)
        for path, facts in book.facts.items()
        if facts.coverage is not None
    ]
    rows.sort(key=lambda row: (row.service.lower(), row.path))
    slots = tuple(dict.fromkeys((*RUNBOOK_SLOTS, *(cell.slot for row in rows for cell in row.cells))))
    alerts = _alerts(book, rule_files, alerting, folder)
    return CoverageMap(
        slots,
        tuple(rows),
        alerts,
        coverage_summary(alerts),
        _groups([(_owner(book, finding), finding) for finding in book.findings]),
        _groups([(finding.rule, finding) for finding in book.findings]),
        _counts(book.findings),
        _practice(book, around) if around is not None else PracticeReport(),
        without_runbook(deployed, covered_services(book)) if deployed else (),
    )


def covered_services(book: Book) -> list[ServiceCoverage]:
    """The coverage of every runbook, in the order of the services' names."""
    found = (facts.coverage for facts in book.facts.values() if facts.coverage)
    return sorted(found, key=lambda each: (each.service.lower(), each.runbook or ""))


def _practice(book: Book, around: Around) -> PracticeReport:
    outlines = [facts.outline for _, facts in sorted(book.facts.items())]
    return practice_report(outlines, around.settings.practised, around.today, around.settings.practised_days)


def _alerts(book: Book, rule_files: RuleFiles, alerting: Alerting, folder: str) -> tuple[AlertCoverage, ...]:
    if not alerting.paths:
        return ()
    outlines = [facts.outline for _, facts in sorted(book.facts.items())]
    return covered(gather(rule_files, alerting), outlines, alerting, folder)


def _owner(book: Book, finding: Finding) -> str:
    facts = book.facts.get(finding.span.path)
    return (facts.owner if facts else None) or NOBODY


def _groups(named: Sequence[tuple[str, Finding]]) -> tuple[Group, ...]:
    """The findings by name: the groups with the most errors first."""
    found: dict[str, list[Finding]] = {}
    for name, finding in named:
        found.setdefault(name, []).append(finding)
    groups = [
        Group(name, tuple(sorted(each, key=_gravity)), _counts(each)) for name, each in found.items()
    ]  # fmt: skip
    groups.sort(key=lambda group: ([-group.counts[severity] for severity in SEVERITIES], group.name))
    return tuple(groups)


def _gravity(finding: Finding) -> tuple[int, str, int, int]:
    return SEVERITIES.index(finding.severity), finding.span.path, finding.span.line, finding.span.column


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    counted = Counter(finding.severity for finding in findings)
    return {severity: counted[severity] for severity in SEVERITIES}


def coverage_map_model(found: CoverageMap) -> dict[str, Any]:
    """The map as plain values."""
    return {
        "slots": list(found.slots),
        "services": [
            {"service": row.service, "runbook": row.path, "owner": row.owner or None, "score": row.score,
             "cells": [{"slot": c.slot, "state": c.state, "anchor": c.anchor, "line": c.line} for c in row.cells]}
            for row in found.rows
        ],
        "alerts": [
            {"alert": a.alert, "source": a.source, "line": a.line, "severity": a.severity, "runbook": a.runbook,
             "verdict": a.verdict, "path": a.page, "anchor": a.anchor, "suggestion": a.suggestion, "why": a.why}
            for a in found.alerts
        ],
        "alert_summary": found.alert_summary,
        "by_owner": [_group_model(group) for group in found.by_owner],
        "by_rule": [_group_model(group) for group in found.by_rule],
        "summary": found.counts,
        "without_runbook": [{"service": each.service, "deployed": each.deployed} for each in found.without],
        "practice": practice_model(found.practice),
    }  # fmt: skip


def _group_model(group: Group) -> dict[str, Any]:
    return {
        "name": group.name or None,
        "counts": group.counts,
        "findings": [
            {"rule": f.rule, "severity": f.severity, "path": f.span.path, "line": f.span.line,
             "column": f.span.column, "message": f.message, "fix": f.fix}
            for f in group.findings
        ],
    }  # fmt: skip

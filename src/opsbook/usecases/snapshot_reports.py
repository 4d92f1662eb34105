"""The answers of lint and coverage out of a snapshot: no page is read again."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.alert_coverage import alert_findings, coverage_summary
from opsbook.book.lint import in_reading_order
from opsbook.ground.errors import Finding
from opsbook.usecases.alert_files import GatheredRules, covered, gather
from opsbook.usecases.chosen_rules import ChosenRules
from opsbook.usecases.coverage import CoverageReport
from opsbook.usecases.library import Book
from opsbook.usecases.lint import LintReport, Scope, as_wanted, is_within
from opsbook.usecases.ports import Alerting, RuleFiles


def lint_snapshot(book: Book, rule_files: RuleFiles, scope: Scope, folder: str) -> LintReport:
    """The findings on a snapshot and on the rule files that the scope names; `folder` is the book's below the root.

    The snapshot's own findings are by the rules that it was made with; of the scope only `paths` and `alerting` count.
    """
    findings = [finding for finding in book.findings if _is_asked(finding, scope)]
    if scope.alerting.paths:
        gathered = gather(rule_files, scope.alerting)
        findings += as_wanted(_of_rule_files(book, gathered, scope, folder), scope)
    pages = sum(1 for path in book.files if not scope.paths or is_within(path, scope.paths))
    return LintReport(pages, tuple(in_reading_order(findings)))


def _is_asked(finding: Finding, scope: Scope) -> bool:
    return not scope.paths or is_within(finding.span.path, scope.paths)


def _of_rule_files(book: Book, gathered: GatheredRules, scope: Scope, folder: str) -> Iterator[Finding]:
    chosen = ChosenRules(scope.select, scope.ignore, scope.severities).of_rule_files()
    outlines = [facts.outline for facts in book.facts.values()]
    for finding in (*gathered.findings, *alert_findings(covered(gathered, outlines, scope.alerting, folder))):
        if finding.rule in chosen:
            yield finding


def cover_snapshot(book: Book, rule_files: RuleFiles, alerting: Alerting, folder: str) -> CoverageReport:
    """What a snapshot covers of its services and of the alerts at the named paths."""
    services = [facts.coverage for facts in book.facts.values() if facts.coverage is not None]
    services.sort(key=lambda service: (service.service.lower(), service.runbook))
    gathered = gather(rule_files, alerting)
    alerts = covered(gathered, [facts.outline for facts in book.facts.values()], alerting, folder)
    return CoverageReport(tuple(services), alerts, coverage_summary(alerts), gathered.findings)

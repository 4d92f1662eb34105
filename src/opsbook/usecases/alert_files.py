"""Alert rules gathered from the rule files that a caller names. Reads through ports; judges nothing."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from opsbook.book.alert_coverage import AlertCoverage, alert_coverage
from opsbook.book.alert_rules import AlertRule, read_alert_rules
from opsbook.book.lint import Outline
from opsbook.book.page_index import PageIndex
from opsbook.ground.errors import Finding, Span
from opsbook.usecases.ports import Alerting, RuleFiles, Unreadable


class GatheredRules(Struct, frozen=True):
    """The alert rules of all files in order, and what is wrong with the files."""

    rules: tuple[AlertRule, ...]
    findings: tuple[Finding, ...]
    files: int


def gather(source: RuleFiles, alerting: Alerting) -> GatheredRules:
    """Reads every rule file at the named paths; a file that cannot be read is a finding."""
    rules: list[AlertRule] = []
    findings: list[Finding] = []
    files = source.rule_files(alerting.paths)
    for path, raw in files:
        if isinstance(raw, Unreadable):
            message = f"The rule file cannot be read: {raw.why}."
            findings.append(Finding("invalid-rule-file", "error", Span(path, 1, 1), message))
            continue
        found = read_alert_rules(path, raw.decode("utf-8", "surrogateescape"))
        rules.extend(found.rules)
        findings.extend(found.findings)
    return GatheredRules(tuple(rules), tuple(findings), len(files))


def covered(
    gathered: GatheredRules, outlines: Sequence[Outline], alerting: Alerting, book: str
) -> tuple[AlertCoverage, ...]:
    """Each alert with the page that its runbook address means; `book` is the book's folder below the root."""
    return alert_coverage(gathered.rules, PageIndex(outlines, book), alerting.url_bases, alerting.keys)

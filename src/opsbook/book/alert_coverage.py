"""Alerts × pages: whether each alert's runbook is there, and what is wrong where it is not. Reads no file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from opsbook.book.addresses import VERDICTS, Asker, UrlBase, Verdict, read_url_bases, resolve_address
from opsbook.book.alert_rules import DEFAULT_RUNBOOK_KEYS, AlertRule, runbook_of
from opsbook.book.page_index import PageIndex
from opsbook.ground.errors import Finding, Span


class AlertCoverage(Struct, frozen=True):
    """An alert and its runbook. `line` is that of the alert's name, `place` of its address, else its name.

    `suggestion` is an anchor of the page where the verdict is bad-anchor, else a page.
    """

    alert: str
    source: str
    line: int
    severity: str | None
    runbook: str | None
    verdict: Verdict
    page: str | None
    anchor: str | None
    suggestion: str | None
    why: str
    group: str
    key: str | None
    place: Span


def alert_coverage(
    rules: Iterable[AlertRule],
    index: PageIndex,
    url_bases: Mapping[str, str],
    keys: Sequence[str] = DEFAULT_RUNBOOK_KEYS,
) -> tuple[AlertCoverage, ...]:
    """One entry for each rule, in order. `url_bases` maps web addresses to folders of the repository."""
    bases = read_url_bases(url_bases)
    return tuple(_covered(rule, index, bases, keys) for rule in rules)


def _covered(rule: AlertRule, index: PageIndex, bases: tuple[UrlBase, ...], keys: Sequence[str]) -> AlertCoverage:
    address = runbook_of(rule, keys)
    labels = {name: scalar.text for name, scalar in rule.labels.items()}
    asker = Asker(rule.name, labels, rule.path)
    meant = resolve_address(address.url if address else None, index, bases, asker)
    at = address or rule
    return AlertCoverage(
        alert=rule.name,
        source=rule.path,
        line=rule.line,
        severity=rule.severity,
        runbook=address.url if address else None,
        verdict=meant.verdict,
        page=meant.path,
        anchor=meant.anchor,
        suggestion=meant.suggestion,
        why=meant.why,
        group=rule.group,
        key=address.key if address else None,
        place=Span(rule.path, at.line, at.column, at.start, at.end),
    )


def coverage_summary(coverage: Iterable[AlertCoverage]) -> dict[str, int]:
    """How many alerts have each verdict; verdicts that none has are left out."""
    counts = dict.fromkeys(VERDICTS, 0)
    for alert in coverage:
        counts[alert.verdict] += 1
    return {verdict: count for verdict, count in counts.items() if count}


def alert_findings(coverage: Iterable[AlertCoverage]) -> tuple[Finding, ...]:
    """What to mend in the rule files: alerts that name no runbook, or one that is not there."""
    findings = (_finding(alert) for alert in coverage)
    return tuple(finding for finding in findings if finding)


def _finding(alert: AlertCoverage) -> Finding | None:
    if alert.verdict == "none":
        return _without_runbook(alert)
    if alert.verdict == "missing-page":
        message = f"The runbook of alert '{alert.alert}' is not there: no page is at {alert.runbook}."
        fix = "Write the page, or name another."
        if alert.suggestion:
            fix = f"Did you mean {alert.suggestion}?"
        return Finding("runbook-url-missing-page", "error", alert.place, message, fix, alert.runbook)
    if alert.verdict == "bad-anchor":
        message = f"The runbook of alert '{alert.alert}', {alert.page}, has no anchor '#{alert.anchor}'."
        fix = "Name one of its headings, or none."
        if alert.suggestion:
            fix = f"Did you mean '#{alert.suggestion}'?"
        return Finding("runbook-url-bad-anchor", "error", alert.place, message, fix, alert.runbook)
    return None


def _without_runbook(alert: AlertCoverage) -> Finding:
    message = f"Alert '{alert.alert}' names no runbook."
    fix = "Add the address of its runbook to the annotations, as `runbook_url`."
    if alert.suggestion:
        fix = f"Add `runbook_url` to the annotations. Did you mean {alert.suggestion}?"
    return Finding("alert-without-runbook", "warning", alert.place, message, fix)

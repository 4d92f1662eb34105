"""Findings as SARIF 2.1.0, the format that code hosts and editors import. Source: OASIS SARIF v2.1.0."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from opsbook import __version__
from opsbook.ground.errors import Finding
from opsbook.usecases.lint import LintReport

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def as_sarif(report: LintReport) -> bytes:
    """The report as one run of the tool; rules are listed once, in the order of their names."""
    import msgspec

    from opsbook.usecases.chosen_rules import about_rules  # loads every rule, which only this form needs

    about = about_rules()
    names = sorted({finding.rule for finding in report.findings})
    run = {
        "tool": {
            "driver": {
                "name": "opsbook",
                "semanticVersion": __version__,
                "rules": [
                    {"id": name, "name": name, "shortDescription": {"text": about.get(name, name)}} for name in names
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, names.index(finding.rule)) for finding in report.findings],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return msgspec.json.encode(log) + b"\n"


def _result(finding: Finding, index: int) -> dict[str, Any]:
    text = finding.message + (f" {finding.fix}" if finding.fix else "")
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": _place(finding)}],
    }
    if finding.edits:
        result["fixes"] = [_fix(finding)]
    return result


def _place(finding: Finding) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": finding.span.line, "startColumn": finding.span.column}
    if finding.span.end > finding.span.start:
        region["byteOffset"] = finding.span.start
        region["byteLength"] = finding.span.end - finding.span.start
    return {"artifactLocation": {"uri": quote(finding.span.path)}, "region": region}


def _fix(finding: Finding) -> dict[str, Any]:
    replacements = [
        {
            "deletedRegion": {"byteOffset": edit.start, "byteLength": edit.end - edit.start},
            "insertedContent": {"text": edit.text},
        }
        for edit in finding.edits
    ]
    change = {"artifactLocation": {"uri": quote(finding.span.path)}, "replacements": replacements}
    return {"description": {"text": finding.fix or finding.message}, "artifactChanges": [change]}

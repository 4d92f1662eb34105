"""Findings as text with the source line and a caret, as JSON, and as annotations of a code host. SARIF is apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import click

from opsbook.ground.errors import SEVERITIES, Finding
from opsbook.usecases.lint import LintReport

_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}
_WIDEST_LINE = 160
Source = Callable[[str], list[str] | None]
Paint = Callable[..., str]


def summary(report: LintReport) -> dict[str, int]:
    """How many findings there are of each severity."""
    counts: dict[str, int] = dict.fromkeys(SEVERITIES, 0)
    for finding in report.findings:
        counts[finding.severity] += 1
    return counts


def as_json(report: LintReport) -> bytes:
    """The report as the contract has it, ending in a line feed; the same bytes for the same input."""
    import msgspec

    body = {
        "pages": report.pages,
        "findings": [finding_object(finding) for finding in report.findings],
        "summary": summary(report),
    }
    return msgspec.json.encode(body) + b"\n"


def finding_object(finding: Finding) -> dict[str, Any]:
    """A finding as JSON has it; `target` only where the finding is about a link."""
    shown: dict[str, Any] = {
        "rule": finding.rule,
        "severity": finding.severity,
        "path": finding.span.path,
        "line": finding.span.line,
        "column": finding.span.column,
        "message": finding.message,
        "fix": finding.fix,
        "fixable": bool(finding.edits),
    }
    if finding.target is not None:
        shown["target"] = finding.target
    return shown


def as_text(report: LintReport, source: Source, is_coloured: bool) -> Iterator[str]:
    """Each finding with its source line, then one line that counts; `source` gives the lines of a file or None."""
    paint = click.style if is_coloured else _unpainted
    path, lines = "", None
    for finding in report.findings:
        if finding.span.path != path:
            path = finding.span.path
            lines = source(path)
        yield from _block(finding, lines, paint)
    yield _counted(report, paint)


def _unpainted(text: str, **_colours: Any) -> str:
    return text


def _block(finding: Finding, lines: list[str] | None, paint: Paint) -> Iterator[str]:
    colour = _COLOURS[finding.severity]
    place = paint(_safe(str(finding.span)), bold=True)
    yield f"{place}: {paint(finding.severity, fg=colour)} [{finding.rule}] {_safe(finding.message)}"
    line = lines[finding.span.line - 1] if lines and finding.span.line <= len(lines) else ""
    if line and not line.isspace():
        yield from _excerpt(finding, line, colour, paint)
    if finding.fix:
        yield f"      {paint('mend:', fg='green')} {_safe(finding.fix)}"


def _safe(text: str) -> str:
    """Text that may come from a page, with nothing in it that a terminal would obey."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def _excerpt(finding: Finding, line: str, colour: str, paint: Paint) -> Iterator[str]:
    """The source line and a caret under the place."""
    at = finding.span.column - 1
    skipped = max(0, at - _WIDEST_LINE // 2)
    shown = _safe(line[skipped : skipped + _WIDEST_LINE].replace("\t", " ").rstrip("\r"))
    before = shown[: at - skipped]
    marked = shown[at - skipped : at - skipped + _characters(finding, line)]
    yield f"{paint(f'{finding.span.line:>5} |', dim=True)} {shown}"
    caret = paint("^" + "~" * (_columns(marked) - 1), fg=colour)
    yield f"{paint('      |', dim=True)} {' ' * _columns(before)}{caret}"


def _columns(text: str) -> int:
    """How many columns a terminal needs for a text: two for East Asian wide letters, none for combining ones."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _characters(finding: Finding, line: str) -> int:
    """How many characters of the line the byte range covers."""
    size = finding.span.end - finding.span.start
    rest = line[finding.span.column - 1 : finding.span.column - 1 + size]
    return size if rest.isascii() else len(rest.encode()[:size].decode("utf-8", "ignore"))


def _counted(report: LintReport, paint: Paint) -> str:
    pages = _many(report.pages, "page")
    if not report.findings:
        return paint(f"{pages}, nothing to mend.", fg="green")
    counts = [_many(count, word) for word, count in summary(report).items() if count and word != "info"]
    infos = summary(report)["info"]
    if infos:
        counts.append(f"{infos} info")
    fixable = sum(1 for finding in report.findings if finding.edits)
    hint = f" {fixable} can be mended with --fix." if fixable else ""
    return paint(f"{pages}: {', '.join(counts)}.", bold=True) + hint


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def as_annotations(report: LintReport) -> Iterator[str]:
    """Workflow commands that GitHub shows at the line. Source: GitHub's page on workflow commands for runners."""
    words = {"error": "error", "warning": "warning", "info": "notice"}
    for finding in report.findings:
        place = f"file={_property(finding.span.path)},line={finding.span.line},col={finding.span.column}"
        text = finding.message + (f" {finding.fix}" if finding.fix else "")
        yield f"::{words[finding.severity]} {place},title={_property(finding.rule)}::{_value(text)}"


def _value(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _value(text).replace(":", "%3A").replace(",", "%2C")

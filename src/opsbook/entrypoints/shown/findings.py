"""Findings as text with the source line and a caret, as JSON, and as annotations of a code host. SARIF is apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import click
from msgspec import Struct

from opsbook.entrypoints.shown.terminal import columns, printable, wrapped
from opsbook.ground.errors import SEVERITIES, Finding, Severity
from opsbook.usecases.lint import LintReport

_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}
_WIDEST_LINE = 160
_MARGIN = 8  # the columns before an excerpt: five for the number, a bar, two spaces
_LOOKED_AT = 400  # characters on either side of a place that may be shown
_BEHIND = 12  # columns of a long line that are shown behind what is marked, where there is room
_SCREENFUL = 20  # findings; from more on, the counts of each rule are told too
Source = Callable[[str], list[str] | None]


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


class Telling(Struct, frozen=True):
    """How the text is told: `where` the pages lie, how many findings were `accepted` before and in which file, and
    the `width` of the terminal (None for a file or a pipe)."""

    is_coloured: bool = False
    width: int | None = None
    where: str = ""
    accepted: int = 0
    accepted_in: str = ""

    def paint(self, text: str, **colours: Any) -> str:
        """The text in colours, or as it is."""
        return click.style(text, **colours) if self.is_coloured else text


def as_text(report: LintReport, source: Source, telling: Telling) -> Iterator[str]:
    """Each finding with its source line, then what there is of each rule where there is much, then one line that
    counts; `source` gives the lines of a file or None."""
    path, lines, before = "", None, None
    mended: set[tuple[str, str | None]] = set()
    hinted: set[tuple[str, str | None]] = set()
    for finding in report.findings:
        if finding.span.path != path:
            path = finding.span.path
            lines = source(path)
            mended.clear()
        yield from _headline(finding, telling)
        if before is None or before.span != finding.span:  # several findings on one place show its line once
            yield from _excerpt(finding, lines, telling)
        told = hinted if finding.severity == "info" else mended
        if finding.fix and (finding.rule, finding.fix) not in told:  # the same way is told once a page, a hint once
            told.add((finding.rule, finding.fix))
            mend = f"      {telling.paint('mend:', fg='green')} {printable(finding.fix)}"
            yield from wrapped(mend, telling.width, 12)
        before = finding
    yield from _closing(report, telling)


def _headline(finding: Finding, telling: Telling) -> Iterator[str]:
    place = telling.paint(printable(str(finding.span)), bold=True)
    severity = telling.paint(finding.severity, fg=_COLOURS[finding.severity])
    yield from wrapped(f"{place}: {severity} [{finding.rule}] {printable(finding.message)}", telling.width, 6)


def _excerpt(finding: Finding, lines: list[str] | None, telling: Telling) -> Iterator[str]:
    """The source line and a caret under the place; nothing where the finding is about the page as a whole."""
    line = lines[finding.span.line - 1] if lines and finding.span.line <= len(lines) else ""
    if not line or line.isspace() or (finding.span.start == finding.span.end and finding.span.column == 1):
        return
    widest = _WIDEST_LINE if telling.width is None else min(telling.width - _MARGIN, _WIDEST_LINE)
    at = finding.span.column - 1
    stop = at + _characters(finding, line)
    shown, margin, size = _cut(line, at, stop, widest)
    yield f"{telling.paint(f'{finding.span.line:>5} |', dim=True)} {shown}"
    caret = telling.paint("^" + "~" * (size - 1), fg=_COLOURS[finding.severity])
    yield f"{telling.paint('      |', dim=True)} {' ' * margin}{caret}"


def _cut(line: str, at: int, stop: int, widest: int) -> tuple[str, int, int]:
    """As much of a line as there is room for around a place, the columns before the place, and those of the place."""
    if len(line) <= widest and line.isascii() and line.isprintable():  # nearly all: a fifth of the time
        marked_size = max(0, min(stop, len(line)) - at)
        if at <= max(widest - marked_size - _BEHIND, widest // 3):
            return line, min(at, len(line)), marked_size
    # Cut before it is looked at: a page may be one line of many megabytes, with a finding on every word.
    before, marked, after = (
        printable(part.replace("\t", " ").rstrip("\r"))
        for part in (line[max(0, at - _LOOKED_AT) : at], line[at:stop][:_LOOKED_AT], line[stop : stop + _LOOKED_AT])
    )
    before = _end_of(before, max(widest - columns(marked) - _BEHIND, widest // 3))
    shown = _beginning_of(before + marked + after, widest).rstrip()
    return shown, columns(before), min(columns(marked), columns(shown) - columns(before))


def _end_of(text: str, widest: int) -> str:
    """The end of a text in so many columns, with a mark where its beginning is left out."""
    if columns(text) <= widest:
        return text
    while columns(text) > widest - 2:
        text = text[max(1, (columns(text) - widest) // 2) :]
    return "… " + text.lstrip()


def _beginning_of(text: str, widest: int) -> str:
    if columns(text) <= widest:
        return text
    while columns(text) > widest - 2:
        text = text[: -max(1, (columns(text) - widest) // 2)]
    return text.rstrip() + " …"


def _characters(finding: Finding, line: str) -> int:
    """How many characters of the line the byte range covers."""
    size = finding.span.end - finding.span.start
    rest = line[finding.span.column - 1 : finding.span.column - 1 + size]
    return size if rest.isascii() else len(rest.encode()[:size].decode("utf-8", "ignore"))


def _closing(report: LintReport, telling: Telling) -> Iterator[str]:
    if len(report.findings) > _SCREENFUL:
        yield ""
        yield from _by_rule(report, telling)
    yield from wrapped(_counted(report, telling), telling.width, 0)
    if len(report.findings) > _SCREENFUL and telling.width is not None and not telling.accepted:
        hint = "Too much at once? 'opsbook lint --select RULE' tells one rule; 'opsbook lint --write-baseline' accepts"
        hint += " what is there today, and from then on only what is new is told."
        yield from wrapped(hint, telling.width, 0)


def _by_rule(report: LintReport, telling: Telling) -> Iterator[str]:
    """How many findings each rule has, the gravest first."""
    counts: dict[tuple[Severity, str], int] = {}
    for finding in report.findings:
        counts[finding.severity, finding.rule] = counts.get((finding.severity, finding.rule), 0) + 1
    for (severity, rule), count in sorted(counts.items(), key=lambda c: (SEVERITIES.index(c[0][0]), -c[1], c[0][1])):
        yield f"{count:>7} {telling.paint(f'{severity:<7}', fg=_COLOURS[severity])} {rule}"


def _counted(report: LintReport, telling: Telling) -> str:
    pages = _many(report.pages, "page") + (f" of {telling.where}" if telling.where else "")
    accepted = f" {_many(telling.accepted, 'finding')} accepted before, in {telling.accepted_in}."
    tail = accepted if telling.accepted else ""
    if not report.findings:
        if not report.pages:
            return telling.paint(f"{pages}: no Markdown page lies here. Name the folder with --book.", fg="yellow")
        return telling.paint(f"{pages}, nothing {'new ' if telling.accepted else ''}to mend.", fg="green") + tail
    counts = [_many(count, word) for word, count in summary(report).items() if count and word != "info"]
    infos = summary(report)["info"]
    if infos:
        counts.append(f"{infos} info")
    fixable = sum(1 for finding in report.findings if finding.edits)
    hint = f" {fixable} can be mended with --fix." if fixable else ""
    return telling.paint(f"{pages}: {', '.join(counts)}.", bold=True) + hint + tail


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

"""The verb rules check: pages, rule files and the running Prometheus against each other. Reads; changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from opsbook.book.dashboards import Board, expressions_of
from opsbook.book.lint import Outline
from opsbook.book.outline import outline_of
from opsbook.book.page import Page, read_page
from opsbook.book.page_index import PageIndex
from opsbook.book.promql import read_expression
from opsbook.book.promql_tokens import VARIABLE
from opsbook.book.rule_sides import Compared, RuleTold, Side, compare
from opsbook.book.rule_told import records_of_file, told_by_files, told_by_pages
from opsbook.book.watched import Watched, expression_of, watched_on
from opsbook.ground.errors import Failure, Finding, Span
from opsbook.ground.guesses import closest
from opsbook.usecases.alert_files import gather
from opsbook.usecases.lint import Scope, surroundings
from opsbook.usecases.lint_watched import dashboard_findings, faulty_rules, read_boards, unknown_services
from opsbook.usecases.monitoring_ports import Monitored, ServerRule, Target
from opsbook.usecases.ports import Alerting, BookSource, RuleFiles, Unreadable

LATELY = timedelta(hours=1)
_OF_RULES = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
_SCRAPED_BY = ("job", "service")


class Asked(Struct, frozen=True):
    """Where the rule files lie, how grave which word is, and the time that `lately` ends at."""

    alerting: Alerting
    scope: Scope
    now: datetime


class RulesCheck(Struct, frozen=True, kw_only=True):
    """What was compared: `sides` count the rules of those that were looked at, `quiet` says of the others why not.
    `is_away` is whether a server is configured that did not answer."""

    rules: tuple[Compared, ...]
    findings: tuple[Finding, ...]
    sides: Mapping[str, int]
    quiet: tuple[str, ...] = ()
    is_away: bool = False

    @property
    def status(self) -> int:
        """1 where anything differs, else 4 where the server did not answer, else 0."""
        if self.findings or any(rule.state != "same" for rule in self.rules):
            return 1
        return 4 if self.is_away else 0


def rules_check(source: BookSource, rule_files: RuleFiles, monitored: Monitored, asked: Asked) -> RulesCheck:
    """Compares whatever there is of the three."""
    book = read_watched(source, asked.scope)
    watched = book.watched
    gathered = gather(rule_files, asked.alerting)
    index = PageIndex(book.outlines, source.book)
    alerts = told_by_files(gathered.rules, index, asked.alerting.url_bases, asked.alerting.keys)
    in_files = [*alerts, *_records(rule_files, asked.alerting)]
    server, quiet, is_away = _asked_server(monitored)
    in_server = [_told(rule) for rule in server or ()]
    records = {rule.name for rule in (*in_files, *in_server) if rule.kind == "record"}
    on_pages = told_by_pages(watched, records)
    there: list[tuple[Side, bool]] = [
        ("page", bool(on_pages)), ("file", gathered.files > 0), ("server", server is not None),
    ]  # fmt: skip
    looked_at = [side for side, is_there in there if is_there]
    if not on_pages:
        quiet.append("No page names an alert, so pages are not compared.")
    if not gathered.files:
        quiet.append("No rule file is given (--rules, alerts.rules), so files are not compared.")
    told = [*on_pages, *in_files, *in_server]
    compared = (*_compared("alert", told, looked_at), *_compared("record", told, looked_at))
    findings = [*gathered.findings, *unknown_services(gathered.rules, alerts, book.outlines)]
    findings += faulty_rules(gathered.rules)
    files = rule_files.rule_files(asked.scope.dashboards) if asked.scope.dashboards else []
    findings += dashboard_findings(files, watched, book.pages)
    boards = read_boards(files)[0]
    if server is not None:
        try:
            findings += _against_server(monitored, told, asked.now, named=list(_expressions(watched, told, boards)))
        except Failure as wrong:
            quiet.append(str(wrong))
            is_away = True
    sides = {"page": len(on_pages), "file": len(in_files), "server": len(in_server)}
    return RulesCheck(
        rules=compared, findings=tuple(sorted(findings, key=lambda each: each.span)), quiet=tuple(quiet),
        sides={side: sides[side] for side in looked_at}, is_away=is_away,
    )  # fmt: skip


def _records(rule_files: RuleFiles, alerting: Alerting) -> Iterator[RuleTold]:
    for path, raw in rule_files.rule_files(alerting.paths):
        if not isinstance(raw, Unreadable):
            yield from records_of_file(path, raw.decode("utf-8", "surrogateescape"))


def _compared(kind: str, told: Sequence[RuleTold], looked_at: Sequence[Side]) -> tuple[Compared, ...]:
    """The rules of one kind. Pages that tell of no recording rule at all are not behind for each of them."""
    same = [each for each in told if each.kind == kind]
    sides = [side for side in looked_at if kind == "alert" or side != "page" or any(each.side == side for each in same)]
    return compare(same, sides) if len(sides) > 1 else ()


class BookTold(Struct, frozen=True):
    """What all pages of the book watch, their outlines, and the pages that hold uids of dashboards."""

    watched: tuple[Watched, ...]
    outlines: tuple[Outline, ...]
    pages: tuple[Page, ...]


def read_watched(source: BookSource, scope: Scope) -> BookTold:
    """Reads all pages of the book."""
    files = source.pages()
    around = surroundings(source, files, scope)
    watched: list[Watched] = []
    outlines, pages = [], []
    for file in files:
        raw = source.read(file.path)
        if isinstance(raw, Unreadable):
            continue
        page = read_page(file.path, raw, source.reading)
        outlines.append(outline_of(page, around))
        watched += watched_on(page, around)
        if page.kind != "runbook" and b"UID" in raw:
            pages.append(page)
    return BookTold(tuple(watched), tuple(outlines), tuple(pages))


def _asked_server(monitored: Monitored) -> tuple[tuple[ServerRule, ...] | None, list[str], bool]:
    if not monitored.address:
        return None, ["No Prometheus is configured (prometheus.url), so no server is compared."], False
    try:
        return monitored.rules(), [], False
    except Failure as wrong:
        return None, [str(wrong)], True


def _told(rule: ServerRule) -> RuleTold:
    labels = {name: value for name, value in rule.labels.items() if name != "severity"}
    is_alert = rule.kind == "alert"
    return RuleTold(
        side="server", kind=rule.kind, name=rule.name, span=Span(rule.file or "?", 1, 1), group=rule.group,
        expression=rule.expression, hold=rule.hold if is_alert else None, labels=labels, error=rule.error,
        severity=next((value for name, value in rule.labels.items() if name.lower() == "severity"), "")
        if is_alert else None,
    )  # fmt: skip


# -- what the server has -----------------------------------------------------------------------------------------------


class _Named(Struct, frozen=True):
    """The metrics and the plain labels that an expression asks for, and who has it, where."""

    metrics: tuple[str, ...]
    matched: tuple[tuple[str, str], ...]
    who: str
    span: Span


def _expressions(
    watched: Sequence[Watched], told: Iterable[RuleTold], boards: Sequence[Board]
) -> Iterator[_Named]:
    for each in watched:
        read = expression_of(each)
        if read is not None:
            yield _Named(read.metrics, read.matched, each.item.name, each.expression_span or each.span)
    for rule in told:
        if rule.side == "file" and rule.expression:
            read = read_expression(rule.expression)
            yield _Named(read.metrics, read.matched, rule.name, rule.span)
    for board in boards:
        for panel, read in expressions_of(board):
            matched = tuple(pair for pair in read.matched if "$" not in pair[1] and "[[" not in pair[1])
            yield _Named(read.metrics, matched, f"{board.title}: {panel.title}", Span(board.path, board.line, 1))


def _against_server(
    monitored: Monitored, told: Sequence[RuleTold], now: datetime, *, named: Sequence[_Named]
) -> Iterator[Finding]:
    """Metrics, jobs and services that expressions ask for and the server does not have, and rules that fail there."""
    wanted = {name for each in named for name in each.metrics if VARIABLE not in name} - _OF_RULES
    gone = wanted - monitored.present(frozenset(wanted), now, LATELY)
    known = sorted(monitored.metric_names() - gone) if gone else []
    guesses = {name: _near(name, known) for name in gone}
    shown: set[tuple[str, str]] = set()
    for each in named:
        for name in each.metrics:
            if name in gone and (each.span.path, name + each.who) not in shown:
                shown.add((each.span.path, name + each.who))
                yield _finding(
                    "unknown-metric", each.span,
                    f"'{each.who}' asks for the metric '{name}', and {monitored.address} has had none within an hour.",
                    f"It has '{guesses[name]}'." if guesses[name] else None,
                )  # fmt: skip
    yield from _gone_jobs(monitored.targets(), named, monitored.address)
    for rule in told:
        if rule.error:
            yield _finding("failing-rule", rule.span, f"The server cannot work out '{rule.name}': {rule.error}", None)


def _gone_jobs(targets: Sequence[Target], named: Sequence[_Named], address: str) -> Iterator[Finding]:
    """Jobs and services that an expression asks for by name while the server scrapes others alone."""
    scraped = {"job": {target.job for target in targets},
               "service": {target.labels["service"] for target in targets if "service" in target.labels}}  # fmt: skip
    for each in named:
        for label, value in each.matched:
            if label in _SCRAPED_BY and scraped[label] and value and value not in scraped[label]:
                near = _near(value, sorted(scraped[label]))
                yield _finding(
                    "unscraped-target", each.span,
                    f"'{each.who}' asks for {label} '{value}', and {address} scrapes no target of it.",
                    f"It scrapes {label} '{near}'." if near else f"It scrapes {_some(sorted(scraped[label]))}.",
                )  # fmt: skip


def _near(name: str, known: Sequence[str]) -> str | None:
    """The nearest name: a few letters away, or else the one that shares the most words with it."""
    found = closest(name, known)
    if found is not None:
        return found
    words = set(re.split(r"[_:\-]", name)) - {""}
    scored = [(len(words & set(re.split(r"[_:\-]", each))), each) for each in known]
    best, likely = max(scored, default=(0, ""), key=lambda pair: (pair[0], -abs(len(pair[1]) - len(name))))
    return likely if best >= 2 and best * 2 >= len(words) else None


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _finding(rule: str, span: Span, message: str, fix: str | None) -> Finding:
    return Finding(rule, "warning", span, message, fix)


# -- as plain values ---------------------------------------------------------------------------------------------------


def check_model(check: RulesCheck) -> dict[str, Any]:
    """The check as plain values."""
    return {
        "sides": dict(check.sides), "quiet": list(check.quiet), "server_is_away": check.is_away,
        "rules": [_rule_model(rule) for rule in check.rules],
        "findings": [
            {"rule": each.rule, "severity": each.severity, "path": each.span.path, "line": each.span.line,
             "column": each.span.column, "message": each.message, "fix": each.fix} for each in check.findings
        ],
        "summary": {state: sum(1 for rule in check.rules if rule.state == state)
                    for state in ("same", "differs", "missing")},
    }  # fmt: skip


def _rule_model(rule: Compared) -> dict[str, Any]:
    return {
        "kind": rule.kind, "name": rule.name, "state": rule.state, "behind": list(rule.behind),
        "missing": list(rule.missing), "places": {each.side: each.place for each in rule.told},
        "differences": [{"field": each.field, "told": dict(each.told), "behind": each.behind or None}
                        for each in rule.differences],
        "renamed": {"name": rule.renamed[0].name, "place": rule.renamed[0].place, "why": rule.renamed[1]}
        if rule.renamed else None,
    }  # fmt: skip

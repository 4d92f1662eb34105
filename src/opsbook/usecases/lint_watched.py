"""What lint says of pages against the rule files and dashboards that are named to it. Asks no network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from opsbook.book.alert_rules import AlertRule
from opsbook.book.dashboard_pages import BoardTold, boards_on, is_written_as
from opsbook.book.dashboards import Board, expressions_of, read_dashboards
from opsbook.book.lint import Around, Outline
from opsbook.book.monitoring import Dashboard
from opsbook.book.page import Page, read_page
from opsbook.book.page_index import PageIndex
from opsbook.book.promql import read_expression
from opsbook.book.rule_sides import Compared, Difference, RuleTold, compare
from opsbook.book.rule_told import told_by_files, told_by_pages
from opsbook.book.watched import Watched, watched_on
from opsbook.ground.errors import Finding, Span
from opsbook.ground.guesses import closest
from opsbook.usecases.alert_files import GatheredRules
from opsbook.usecases.ports import Alerting, BookSource, Unreadable

IMPORT = "`opsbook dashboards import` brings the page up to date; or mend the dashboard."
_PAGES = frozenset({"metrics", "alerts", "dashboards", "page", "procedure", "runbook"})


def watched_of(
    source: BookSource, outlines: Sequence[Outline], around: Around
) -> tuple[tuple[Watched, ...], tuple[Page, ...]]:
    """What the pages of the book watch, and the pages but for runbooks that hold uids. Reads them again: this is asked
    for where files are named alone."""
    found: list[Watched] = []
    pages = []
    for outline in outlines:
        raw = source.read(outline.path) if outline.kind in _PAGES else None
        if raw is None or isinstance(raw, Unreadable):
            continue
        page = read_page(outline.path, raw, source.reading)
        watched = watched_on(page, around)
        found += watched
        if page.kind != "runbook" and b"UID" in page.document.content:
            pages.append(page)
    return tuple(found), tuple(pages)


def rule_findings(
    gathered: GatheredRules, watched: Sequence[Watched], outlines: Sequence[Outline], alerting: Alerting, *, book: str
) -> Iterator[Finding]:
    """Where pages and rule files contradict each other, with both places, and expressions that are none."""
    in_files = told_by_files(gathered.rules, PageIndex(outlines, book), alerting.url_bases, alerting.keys)
    if in_files:
        for rule in compare([*told_by_pages(watched, ()), *in_files], ("page", "file")):
            yield from _of_rule(rule)
    yield from unknown_services(gathered.rules, in_files, outlines)
    yield from faulty_rules(gathered.rules)


def _of_rule(rule: Compared) -> Iterator[Finding]:
    told = {each.side: each for each in rule.told}
    if "file" in rule.missing:
        message = f"No rule file has the alert '{rule.name}' that this page names."
        fix = None
        if rule.renamed is not None:
            there, why = rule.renamed
            fix = f"It may have become '{there.name}' at {there.place} ({why}); write that here, or name it back there."
        yield Finding("alert-not-in-rules", "warning", told["page"].span, message, fix)
    elif rule.differences and not rule.missing:
        what = "; ".join(_told(each) for each in rule.differences)
        message = f"The alert '{rule.name}' is another one at {told['file'].place}: {what}."
        fix = "Write here what the rule says, or mend the rule."
        yield Finding("rule-differs-from-page", "warning", told["page"].span, message, fix)


def _told(difference: Difference) -> str:
    here, there = difference.told["page"], difference.told["file"]
    if difference.field != "expression":
        return f"its {difference.field} is {there} there and {here} here"
    old, new = read_expression(here).metrics, read_expression(there).metrics
    gone, come = [name for name in old if name not in new], [name for name in new if name not in old]
    if gone and come:
        return f"it asks for the metric '{come[0]}' there and for '{gone[0]}' here"
    return f"its expression is `{' '.join(there.split())}` there and `{' '.join(here.split())}` here"


def unknown_services(
    rules: Sequence[AlertRule], told: Sequence[RuleTold], outlines: Sequence[Outline]
) -> Iterator[Finding]:
    """Rules of a service that no page is about; a book that has no runbook of a service knows none."""
    known = {outline.service: outline.path for outline in outlines if outline.service and outline.kind == "runbook"}
    plain = {_plain(name) for name in known}
    by_path = {path: service for service, path in known.items()}
    for rule, same in zip(rules, told, strict=True) if known else ():
        label = rule.labels.get("service")
        if label is None or "{{" in label.text or not label.text or _plain(label.text) in plain:
            continue
        near = closest(label.text, known)
        naming = next((each.service for each in outlines if rule.name in each.alerts and each.service in known), None)
        likely = near or by_path.get((same.runbook or "").partition("#")[0]) or naming
        message = f"The alert '{rule.name}' is of the service '{label.text}', which no runbook of the book has."
        fix = f"The book has '{likely}', at {known[likely]}." if likely else "Write its runbook, or correct the label."
        yield Finding("service-without-runbook", "warning", Span(rule.path, label.line, label.column), message, fix)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def faulty_rules(rules: Sequence[AlertRule]) -> Iterator[Finding]:
    """Rules whose expression Prometheus would refuse; what a template fills in is not judged."""
    for rule in rules:
        fault = read_expression(rule.expr).fault if rule.expr and "{{" not in rule.expr else None
        if fault is not None:
            where = f"at character {fault.offset + 1} of the expression of '{rule.name}'"
            yield Finding("invalid-expression", "warning", Span(rule.path, rule.line, rule.column),
                          f"Prometheus would refuse this rule: {fault.why}, {where}.")  # fmt: skip


# -- dashboards --------------------------------------------------------------------------------------------------------

_UID = re.compile(r"/d(?:-solo)?/([A-Za-z0-9_-]+)")


def dashboard_findings(
    files: Sequence[tuple[str, bytes | Unreadable]], watched: Sequence[Watched], pages: Sequence[Page]
) -> Iterator[Finding]:
    """Dashboards that pages name and no file has, and panels whose expression is another one, with both places."""
    boards, wrong = read_boards(files)
    yield from wrong
    if not boards:
        return
    by_uid = {board.uid: board for board in boards if board.uid}
    told = {(page.path, each.span.line): each for page in pages for each in boards_on(page)}
    for each in told.values():
        board = by_uid.get(each.uid)
        if board is None:
            yield _unknown(each.span, each.title, each.uid, boards)
        else:
            yield from _panels_differing(each, board)
    for item in watched:
        if isinstance(item.item, Dashboard) and (item.span.path, item.span.line) not in told:
            yield from _of_link(item, item.item, by_uid, boards)


def read_boards(files: Sequence[tuple[str, bytes | Unreadable]]) -> tuple[list[Board], list[Finding]]:
    """All dashboards of these files, and what is wrong with them: a file that cannot be read, an expression."""
    boards: list[Board] = []
    findings: list[Finding] = []
    for path, raw in files:
        if isinstance(raw, Unreadable):
            findings.append(Finding("invalid-dashboard", "warning", Span(path, 1, 1), f"It cannot be read: {raw.why}."))
            continue
        found, wrong = read_dashboards(path, raw.decode("utf-8", "replace"))
        boards += found
        findings += wrong
    for board in boards:
        for panel, read in expressions_of(board):
            if read.fault is not None:
                message = f"Prometheus would refuse the panel '{panel.title}' of '{board.title}': {read.fault.why}."
                findings.append(Finding("invalid-expression", "warning", Span(board.path, board.line, 1), message))
    return boards, findings


def _unknown(span: Span, title: str, uid: str, boards: Sequence[Board]) -> Finding:
    message = f"No file of dashboards has '{title}'" + (f" (uid {uid})." if uid else ".")
    named = {board.title: board for board in boards}
    uids = {board.uid: board for board in boards if board.uid}
    near = named.get(title) or named.get(closest(title, named) or "") or uids.get(closest(uid, uids) or "")
    fix = f"There is '{near.title}' (uid {near.uid}) at {near.place}." if near is not None else None
    return Finding("unknown-dashboard", "warning", span, message, fix)


def _of_link(
    item: Watched, dashboard: Dashboard, by_uid: Mapping[str, Board], boards: Sequence[Board]
) -> Iterator[Finding]:
    found = _UID.search(dashboard.location.href)
    if found is None:
        return
    board = by_uid.get(found[1])
    title = dashboard.name.strip("`")
    if board is None:
        yield _unknown(item.span, title, found[1], boards)
    elif item.page_kind != "runbook" and board.title.casefold() != title.casefold():
        message = f"The dashboard '{title}' is called '{board.title}' at {board.place}."
        yield Finding("dashboard-differs-from-page", "warning", item.span, message, "Write its name as it is now.")


def _panels_differing(told: BoardTold, board: Board) -> Iterator[Finding]:
    if told.title.split() != board.title.split() and not is_written_as(told, board):
        message = f"The dashboard '{told.title}' is called '{board.title}' at {board.place}."
        yield Finding("dashboard-differs-from-page", "warning", told.span, message, IMPORT)
    has: dict[str, list[str]] = {}
    for panel, read in expressions_of(board):
        has.setdefault(panel.title or "(no title)", []).append(read.canonical)
    for title, text, line in told.panels:
        there = has.get(title)
        here = read_expression(text, has_variables=True)
        if there is None:
            message = f"The dashboard '{board.title}' at {board.place} has no panel '{title}'."
        elif here.canonical in there:
            continue
        else:
            message = f"The panel '{title}' draws `{there[0]}` at {board.place} and `{here.canonical}` here."
        yield Finding("dashboard-differs-from-page", "warning", Span(told.span.path, line, 3), message, IMPORT)

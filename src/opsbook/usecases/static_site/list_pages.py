"""The pages of lists of an exported site: services, procedures, monitoring, incidents and coverage, by the book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from opsbook.book.monitoring import Pointer
from opsbook.book.rendering import Places
from opsbook.ground.errors import Finding
from opsbook.usecases.coverage_map import Group, Row, coverage_map
from opsbook.usecases.incidents import Record, incidents
from opsbook.usecases.library import Book, PageFacts, ProcedureBrief
from opsbook.usecases.lint import Scope
from opsbook.usecases.monitoring import monitoring
from opsbook.usecases.ports import RuleFiles
from opsbook.usecases.procedures import PageProcedures, procedures
from opsbook.usecases.static_site.book_pages import PageMaker, finding
from opsbook.usecases.static_site.duty import duty_parts
from opsbook.usecases.static_site.frame import count, counts, empty, heading, link, section, table, tag

if TYPE_CHECKING:
    from opsbook.usecases.static_site import Site

MOST_FINDINGS = 200  # on the page of coverage; all of them stand on their own pages
_TONES = {"P0": "bad", "P1": "bad", "P2": "warn"}
_CELLS = {"filled": ("Filled", "good"), "unfilled": ("Template", "warn"), "missing": ("Missing", "bad")}


def list_pages(
    book: Book, maker: PageMaker, site: Site, *, scope: Scope, rule_files: RuleFiles
) -> list[tuple[str, bytes]]:
    """The files of all lists: names and contents."""
    to = maker.places.from_file("index.html")
    day = site.at.date()
    at = f"As of {day:%d %B %Y}"
    parts: tuple[tuple[str, str, str, str], ...] = (
        ("Services", "services.html", "Every service that has a runbook.", services(book, to)),
        ("On call", "oncall.html", f"By the schedules of the book. {at}, for 30 days.", duty_parts(book, site, to)),
        ("Procedures", "procedures.html", "Everything that the book says how to do.", procedure_list(book, to)),
        (
            "Monitoring",
            "monitoring.html",
            "What is watched, where to look, and what an alert means.",
            watched(book, to),
        ),
        ("Incidents", "incidents.html", "The reports that the book keeps, the newest first.", reports(book, site, to)),
        (
            "Coverage",
            "coverage.html",
            f"What the book says, what it does not, and what is wrong with it. {at}.",
            coverage(book, maker, scope, rule_files),
        ),
    )
    return [
        (name, maker.frame.page(name, f"{words} · Opsbook", heading(words, line) + inner, place=words))
        for words, name, line, inner in parts
    ]


def at_line(to: Places, path: str, *, anchor: str = "", line: int = 0) -> str:
    """The address of a section of a page, else of a line, else of the page."""
    return to("page", path, anchor.replace(" ", "%20") if anchor else f"L{line}" if line else "")


def services(book: Book, to: Places) -> str:
    """Each service with its owner, what it needs, and how whole its runbook is."""
    found = [facts for facts in book.facts.values() if facts.kind == "runbook"]
    if not found:
        return empty("No page is a service's runbook yet")
    found.sort(key=lambda facts: ((facts.service or facts.title).lower(), facts.path))
    return table("Services", ("Service", "Owner", "Needs", "Procedures", "Runbook"), [_service(f, to) for f in found])


def _service(facts: PageFacts, to: Places) -> tuple[str, ...]:
    score = facts.coverage.score if facts.coverage else 1.0
    whole = "whole" if score == 1 else f"{score:.0%} whole"
    jumps = [
        link(at_line(to, facts.path, anchor=each.anchor), each.slot.replace("-", " ").title())
        for each in facts.slots
        if each.anchor and each.slot in ("health-checks", "troubleshooting", "common-operations", "emergency-contacts")
    ]
    return (
        link(to("page", facts.path, ""), facts.service or facts.title),
        escape(facts.owner or ""),
        escape(", ".join(facts.depends_on)),
        count(len(facts.procedures)),
        f'<span>{whole} <span class="quiet small">{" · ".join(jumps)}</span></span>',
    )


def procedure_list(book: Book, to: Places) -> str:
    """All procedures by page, with how far each can be run as written."""
    found = procedures(book)
    pages = [each for each in (*found.services, *found.shared) if each.procedures]
    if not pages:
        return empty("No procedure is written yet")
    lacking = [
        (
            link(to("page", each.path, ""), each.service or each.title),
            "".join(f"{tag(one, 'warn')} " for one in each.lacks),
        )
        for each in found.services
        if each.lacks
    ]
    missing = table("What services have no procedure for", ("Service", "No procedure for"), lacking)
    parts = [section("Not written yet", "lacking", missing)] if lacking else []
    for number, each in enumerate(pages, 1):
        rows = "".join(f"<li>{_procedure(each, one, to)}</li>\n" for one in each.procedures)
        parts.append(section(each.service or each.title, f"page-{number}", f'<ul class="list">{rows}</ul>'))
    return "\n".join(parts)


def _procedure(page: PageProcedures, of: ProcedureBrief, to: Places) -> str:
    words = [tag(f"{of.steps} step{'' if of.steps == 1 else 's'}")]
    if of.unfilled:
        words.append(tag("still the template's", "warn"))
    elif of.by_hand == of.steps:
        words.append(tag("by hand"))
    elif of.runnable == of.steps:
        words.append(tag("runs as written", "good"))
    else:
        words.append(tag(f"{of.runnable} of {of.steps} can be done as written", "warn"))
    words += [tag("verified")] if of.has_verification else []
    words += [tag("rolls back")] if of.has_rollback else []
    words += [tag(f"practised {of.practised}")] if of.practised else []
    return f"{link(at_line(to, page.path, anchor=of.anchor), of.title)} {' '.join(words)}"


def watched(book: Book, to: Places) -> str:
    """Alerts, dashboards, logs and metrics, each leading to the line that tells of it."""
    found = monitoring(book)
    alerts = [
        (
            link(at_line(to, told.path, line=told.alert.line), told.alert.name),
            escape(told.alert.service),
            _severity(told.priority, told.alert.severity),
            escape(told.alert.meaning),
            escape(told.alert.response),
            _pointer(told.alert.runbook, to),
        )
        for told in found.alerts
    ]
    dashboards = [
        (
            link(at_line(to, path, line=d.line), d.name),
            escape(d.service),
            _pointer(d.location, to),
            escape(d.access),
            escape(d.shows),
        )
        for path, d in found.dashboards
    ]
    logs = [
        (
            link(at_line(to, path, line=each.line), each.name),
            escape(each.service),
            _pointer(each.location, to),
            escape(each.access),
            escape(each.kept),
        )
        for path, each in found.logs
    ]
    metrics = [
        (
            link(at_line(to, path, line=m.line), m.name),
            escape(m.service),
            f'<span class="mono">{escape(m.expression)}</span>',
            escape(m.meaning),
            escape(m.normal),
        )
        for path, m in found.metrics
    ]
    heads = ("Alert", "Service", "Severity", "What it means", "What to do", "Runbook")
    where = ("Where", "How to get in")
    return "\n".join(
        (
            _listed("Alerts", heads, alerts),
            _listed("Dashboards", ("Dashboard", "Service", *where, "What it shows"), dashboards),
            _listed("Logs", ("Logs", "Service", *where, "Kept for"), logs),
            _listed("Metrics", ("Metric", "Service", "Expression", "What it means", "Normal"), metrics),
        )
    )


def _listed(words: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return section(
        words, words.lower(), table(words, heads, rows) if rows else empty(f"No page tells of {words.lower()}")
    )


def _severity(level: str, words: str) -> str:
    return tag(level, _TONES.get(level, "")) if level else tag(words) if words else ""


def _pointer(of: Pointer, to: Places) -> str:
    if of.path:
        return link(at_line(to, of.path, anchor=of.anchor), of.text)
    if of.href.startswith(("https://", "http://")):
        return link(of.href, of.text or of.href, ' class="outside" rel="noopener noreferrer"')
    return escape(of.text)


def reports(book: Book, site: Site, to: Places) -> str:
    """The reports of incidents, open ones first, and what they promised that is still to be done."""
    found = incidents(book, site.at.date())
    if not found.records:
        return empty("No report of an incident is written yet")
    heads = ("Incident", "When", "Severity", "State", "Services", "Still to do")
    todo = [
        (
            link(at_line(to, record.path, line=action.line), action.text),
            escape(action.owner or ""),
            escape(action.due or ""),
        )
        for record, action in found.todo
    ]
    done = [section("Still to do", "todo", table("Still to do", ("What", "Who", "Due"), todo))] if todo else []
    return "\n".join((table("Incidents", heads, [_report(each, to) for each in found.records]), *done))


def _report(of: Record, to: Places) -> tuple[str, ...]:
    report = of.report
    state = tag(report.status or report.state, "bad" if report.state == "open" else "")
    return (
        link(to("page", of.path, ""), report.title),
        escape(report.order[:10]),
        _severity(report.severity, report.severity_words),
        state,
        escape(", ".join(report.services)),
        count(of.open_actions, "warn") if of.open_actions else "",
    )


def coverage(book: Book, maker: PageMaker, scope: Scope, rule_files: RuleFiles) -> str:
    """Services and their sections, alerts without a page, and what is to be mended."""
    to = maker.places.from_file("index.html")
    found = coverage_map(book, rule_files, scope.alerting, maker.book)
    slots = tuple(slot.replace("-", " ").title() for slot in found.slots)
    rows = [_covered(row, to) for row in sorted(found.rows, key=lambda row: row.score)]
    whole = table("Services and their sections", ("Service", *slots, "Whole"), rows, "grid cards map")
    parts = [section("Services and their sections", "map", whole if rows else empty("No runbook of a service yet"))]
    alerts = [
        (
            escape(each.alert),
            tag(each.severity) if each.severity else "",
            tag(each.verdict, "bad"),
            escape(each.runbook or ""),
        )
        for each in found.alerts
        if each.verdict not in ("ok", "ok-case", "external", "templated")
    ]
    if alerts:
        lacking = table("Alerts without a page", ("Alert", "Severity", "Why", "Runbook"), alerts)
        parts.append(section("Alerts without a page", "alerts", lacking))
    listed = "".join(_mended(book.findings, to))
    more = len(book.findings) - MOST_FINDINGS
    rest = f'<p class="quiet">{more:,} more stand on their own pages.</p>' if more > 0 else ""
    groups = (
        f'<div class="columns"><div><h3>By owner</h3>{_groups(found.by_owner)}</div>'
        f"<div><h3>By rule</h3>{_groups(found.by_rule)}</div></div>"
    )
    what = f'{groups}<div class="findings">{listed}</div>{rest}' if listed else empty("Nothing is wrong with the book")
    return "\n".join((*parts, section("What is to be mended", "findings", what)))


def _covered(row: Row, to: Places) -> tuple[str, ...]:
    owner = f' <span class="quiet small owner">{escape(row.owner)}</span>' if row.owner else ""
    cells = []
    for cell in row.cells:
        words, tone = _CELLS.get(cell.state, ("Not asked for", ""))
        where = at_line(to, row.path, anchor=cell.anchor, line=cell.line)
        cells.append(f'<a class="cell" href="{escape(where)}">{tag(words, tone)}</a>')
    return (link(to("page", row.path, ""), row.service) + owner, *cells, f"{row.score:.0%}")


def _groups(groups: Iterable[Group]) -> str:
    return (
        '<ul class="list">'
        + "".join(f"<li>{escape(group.name or 'Nobody is named')} {counts(group.counts)}</li>" for group in groups)
        + "</ul>"
    )


def _mended(findings: tuple[Finding, ...], to: Places) -> Iterator[str]:
    gravest = sorted(findings, key=lambda each: ("error", "warning", "info").index(each.severity))
    for each in gravest[:MOST_FINDINGS]:
        place = link(at_line(to, each.span.path, line=each.span.line), f"{each.span.path}:{each.span.line}")
        yield finding(each).replace(f"line {each.span.line} <code>", f"{place} <code>", 1)

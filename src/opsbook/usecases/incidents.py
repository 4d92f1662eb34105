"""The verb incidents: the reports that the book keeps, and the policy by which incidents are answered. Opens none."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec import Struct

from opsbook.book.action_items import ActionItem
from opsbook.book.incident_policy import Policy
from opsbook.book.incidents import Moment, Report
from opsbook.book.page import stem
from opsbook.ground.guesses import closest
from opsbook.usecases.library import Book, PageFacts

_GRAVE = ("P0", "P1")


class Record(Struct, frozen=True):
    """A report with its page; `partner` is the post-mortem of an incident or the incident of a post-mortem.

    `lacks_post_mortem`: it was grave, it is over, and nobody has written what was learned. `open_actions` are neither
    ticked off nor without a box, `overdue` those whose day has passed.
    """

    path: str
    report: Report
    partner: str = ""
    lacks_post_mortem: bool = False
    open_actions: int = 0
    overdue: int = 0


class IncidentsReport(Struct, frozen=True):
    """All reports, open ones first, then the newest; and the pages of policy with what they say."""

    records: tuple[Record, ...] = ()
    policies: tuple[tuple[str, str, Policy], ...] = ()

    @property
    def todo(self) -> list[tuple[Record, ActionItem]]:
        """What was promised and is not ticked off, what is due first on top; what an incident and its post-mortem both
        promise is told once."""
        found: dict[tuple[str, str], tuple[Record, ActionItem]] = {}
        for record in self.records:
            pair = min(record.path, record.partner or record.path)
            for action in record.report.actions:
                if action.state == "open":
                    found.setdefault((pair, action.text), (record, action))
        return sorted(found.values(), key=lambda each: each[1].due or "9")


class AskedOf(Struct, frozen=True):
    """What reports are narrowed to: a status as written, or what it comes to (`live`, `Resolved`); a severity, a
    service, words. What is empty asks nothing."""

    status: str = ""
    severity: str = ""
    service: str = ""
    words: str = ""

    def has(self, record: Record) -> bool:
        """Whether a report is one of those."""
        report = record.report
        if self.severity and report.severity != self.severity:
            return False
        if self.service and self.service.casefold() not in (each.casefold() for each in report.services):
            return False
        if self.status and not self._is_status(report.state, report.status):
            return False
        told = f"{report.title} {report.summary} {report.impact} {' '.join(report.services)} {record.path}".casefold()
        return all(word in told for word in self.words.casefold().split())

    def _is_status(self, state: str, status: str) -> bool:
        if self.status == "live":
            return state == "open"
        return status.casefold() == self.status.casefold() or (self.status == "Resolved" and state == "over")


def incidents(book: Book, today: date) -> IncidentsReport:
    """The reports and the policy of a snapshot."""
    partners = _partners({path: facts for path, facts in book.facts.items() if facts.report is not None})
    found = [(path, facts.report) for path, facts in book.facts.items() if facts.report is not None]
    records = [_record(path, report, partners.get(path, ""), today) for path, report in found]
    records.sort(key=lambda record: record.path)
    records.sort(key=lambda record: record.report.order, reverse=True)
    records.sort(key=lambda record: record.report.state != "open")
    policies = tuple((path, facts.title, facts.policy) for path, facts in sorted(book.facts.items()) if facts.policy)
    return IncidentsReport(tuple(records), policies)


def _record(path: str, report: Report, partner: str, today: date) -> Record:
    is_grave = report.severity in _GRAVE and report.kind == "incident" and report.state == "over"
    still_open = [action for action in report.actions if action.state == "open"]
    overdue = sum(1 for action in still_open if action.due and action.due < today.isoformat())
    return Record(path, report, partner, is_grave and not partner, len(still_open), overdue)


def _partners(reports: dict[str, PageFacts]) -> dict[str, str]:
    """Which incident and which post-mortem belong together: one links to the other, else their names say so."""
    found: dict[str, str] = {}
    incidents = {path for path, facts in reports.items() if facts.kind == "incident"}
    for path, facts in sorted(reports.items()):
        if facts.kind != "post-mortem":
            continue
        linked = sorted(facts.outline.links_to & incidents)
        linking = [each for each in sorted(incidents) if path in reports[each].outline.links_to]
        both = [each for each in linked if each in linking]
        named = [each for each in sorted(incidents) if stem(path).startswith(stem(each))]
        own = next(iter([*both, *named, *linked, *linking]), None)
        if own is not None and own not in found:
            found[own], found[path] = path, own
    return found


def find_report(book: Book, name: str) -> tuple[str | None, str | None]:
    """The path of the report whose file has a name, or the one whose name begins so; else None with a guess."""
    reports = {stem(path): path for path, facts in sorted(book.facts.items(), reverse=True) if facts.report is not None}
    wanted = stem(name).lower()
    same = [path for known, path in reports.items() if known.lower() == wanted]
    begun = [path for known, path in reports.items() if known.lower().startswith(wanted)]
    if same or len(begun) == 1:
        return (same or begun)[0], None
    return None, closest(wanted, sorted(reports))


def incidents_model(report: IncidentsReport) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "incidents": [record_model(record) for record in report.records],
        "open": sum(1 for record in report.records if record.report.state == "open"),
        "policies": [_policy_model(path, title, policy) for path, title, policy in report.policies],
    }


def record_model(record: Record) -> dict[str, Any]:
    report = record.report
    return {
        "path": record.path, "kind": report.kind, "title": report.title, "line": report.line,
        "severity": report.severity or None, "severity_words": report.severity_words, "status": report.status,
        "state": report.state, "started": _moment_model(report.started), "resolved": _moment_model(report.resolved),
        "day": report.order[:10] or None, "duration_s": report.duration_s, "duration_words": report.duration_words,
        "services": list(report.services), "owner": report.owner or None, "impact": report.impact,
        "summary": report.summary, "has_root_cause": report.has_root_cause, "partner": record.partner or None,
        "lacks_post_mortem": record.lacks_post_mortem, "open_actions": record.open_actions,
        "overdue_actions": record.overdue, "not_understood": list(report.not_understood),
        "actions": [
            {"text": a.text, "line": a.line, "state": a.state, "owner": a.owner or None, "due": a.due or None}
            for a in report.actions
        ],
    }  # fmt: skip


def _moment_model(moment: Moment | None) -> dict[str, Any] | None:
    if moment is None:
        return None
    return {"text": moment.text, "day": moment.day or None, "at": moment.at.isoformat() if moment.at else None}


def _policy_model(path: str, title: str, policy: Policy) -> dict[str, Any]:
    return {
        "path": path,
        "title": title,
        "severities": [
            {"severity": s.level, "words": s.words, "meaning": s.meaning, "examples": s.examples, "labels": s.labels,
             "response": s.response, "updates": s.updates, "line": s.line, "anchor": s.anchor}
            for s in policy.severities
        ],
        "roles": [
            {"role": r.name, "does": r.does, "taken_by": r.taken_by, "line": r.line, "anchor": r.anchor}
            for r in policy.roles
        ],
        "templates": [
            {"title": t.title, "audience": t.audience, "text": t.text, "line": t.line, "anchor": t.anchor}
            for t in policy.templates
        ],
        "channels": [
            {"name": c.name, "place": c.place, "line": c.line, "anchor": c.anchor} for c in policy.channels
        ],
    }  # fmt: skip

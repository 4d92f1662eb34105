"""The list of incidents, those of the ledger and those that people wrote by hand, in one: for every door alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from opsbook.ledger.incident import Incident
from opsbook.usecases.incident_desk import IncidentDesk
from opsbook.usecases.incident_shown import incident_brief, report_of
from opsbook.usecases.incidents import AskedOf, IncidentsReport, Record, record_model


class Wanted(Struct, frozen=True):
    """What the list is narrowed to; what is empty asks nothing. Reports tell neither drills nor the minute in which
    something began, so that a stretch of time (`since`, `until`) and what is below a number (`before`) are asked of the
    ledger alone."""

    is_live: bool | None = None
    statuses: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    service: str = ""
    words: str = ""
    with_drills: bool = True
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = 100


class Listed(Struct, frozen=True):
    """One incident of the list: of the ledger, of the book, or of both."""

    incident: Incident | None
    record: Record | None

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        if self.incident is not None:
            return self.incident.is_live
        return self.record is not None and self.record.report.state == "open"

    @property
    def model(self) -> dict[str, Any]:
        """As plain values: what the report says, and above it what the ledger knows; `number` is None without that."""
        told = record_model(self.record) if self.record is not None else {}
        if self.incident is None:
            return {**told, "number": None}
        return {**told, "path": report_of(self.incident), **incident_brief(self.incident)}


def listed(desk: IncidentDesk, report: IncidentsReport, wanted: Wanted) -> list[Listed]:
    """Incidents of the ledger, live ones first, at most as many as are wanted; then the reports of none of those."""
    found = desk.incidents.select(
        is_live=wanted.is_live, statuses=wanted.statuses, severities=wanted.severities, service=wanted.service,
        words=wanted.words, with_drills=wanted.with_drills, since=wanted.since, until=wanted.until,
        before=wanted.before, limit=wanted.limit,
    )  # fmt: skip
    of_page = {record.path: record for record in report.records}
    rows = [Listed(each, of_page.get(report_of(each) or "")) for each in found]
    if wanted.before is None and wanted.since is None and wanted.until is None:
        rows += [Listed(None, each) for each in _written(desk, report.records, wanted)]
    return rows


def _written(desk: IncidentDesk, records: Sequence[Record], wanted: Wanted) -> list[Record]:
    """The reports that are wanted and of no incident of the ledger."""
    pages = {path for case in desk.cases.all() if case.number is not None and (path := case.path)}
    return [
        each for each in records
        if each.path not in pages and _has(each, wanted)
        and (wanted.is_live is None or wanted.is_live == (each.report.state == "open"))
    ]  # fmt: skip


def _has(record: Record, wanted: Wanted) -> bool:
    return any(
        AskedOf(status, severity, wanted.service, wanted.words).has(record)
        for status in wanted.statuses or ("",) for severity in wanted.severities or ("",)
    )  # fmt: skip

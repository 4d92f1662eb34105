"""What figures are asked of, and the figures as plain values and as CSV: for every door alike. Counts nothing."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from opsbook.book.roster.calendar import zone_of
from opsbook.ground.errors import Usage
from opsbook.ledger.incident import Incident
from opsbook.usecases.incident_cases import Case
from opsbook.usecases.incident_desk import IncidentDesk
from opsbook.usecases.incident_figures import CASE_COLUMNS, IncidentFigures, case_rows, figures
from opsbook.usecases.incidents import incidents
from opsbook.usecases.library import Book
from opsbook.usecases.similar_incidents import Likeness, Similar, remedies

USUAL = timedelta(days=90)
LONGEST = timedelta(days=20 * 366)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def stretch(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """The stretch of time that is asked of: the last 90 days unless said. Raises Usage for one that is none."""
    end = until or now
    start = since or end - min(USUAL, end - datetime(1, 1, 2, tzinfo=UTC))
    if start >= end:
        raise Usage(f"The stretch of time ends ({end:%Y-%m-%d %H:%M}) before it begins ({start:%Y-%m-%d %H:%M}).")
    if end - start > LONGEST:
        raise Usage("A stretch of time is at most twenty years.")
    return start, end


def zone_asked(name: str) -> ZoneInfo:
    """The time zone of that name; raises Usage."""
    found = ZoneInfo("UTC") if name in ("", "UTC") else zone_of(name)
    if not isinstance(found, ZoneInfo):
        raise Usage(f"There is no time zone '{name[:60]}'. Write one as in Europe/Copenhagen.")
    return found


def figures_of(
    desk: IncidentDesk, book: Book, since: datetime, until: datetime, *, now: datetime, time_zone: ZoneInfo,
    service: str = "", severity: str = "",
) -> IncidentFigures:  # fmt: skip
    """The figures of a stretch of time."""
    return figures(
        desk.cases.all(), since=since, until=until, time_zone=time_zone, service=service, severity=severity,
        actions=_actions(desk, book, now),
    )  # fmt: skip


def _actions(desk: IncidentDesk, book: Book, now: datetime) -> tuple[int, int]:
    """How many action items are open, in pages and in incidents that have none, and how many of those are late."""
    today = now.date()
    due = [action.due for _, action in incidents(book, today).todo]
    for incident in desk.incidents.select(limit=10_000, with_drills=False):
        if not _has_page(incident, book):
            due += [each.due for each in incident.actions if each.state in ("open", "in progress")]
    return len(due), sum(1 for each in due if each and each < today.isoformat())


def _has_page(incident: Incident, book: Book) -> bool:
    return any(each.path in book.files for each in incident.writings)


def figures_model(found: IncidentFigures) -> dict[str, Any]:
    """The figures as plain values; what is counted is a list of names with counts, the most first."""
    model: dict[str, Any] = msgspec.to_builtins(found)
    for name in ("severities", "services", "causes", "months"):
        model[name] = [{"name": each, "count": count} for each, count in getattr(found, name)]
    return model


def figures_csv(
    desk: IncidentDesk, since: datetime, until: datetime, *, service: str = "", severity: str = ""
) -> str:
    """What the figures are made of, a row an incident, as RFC 4180 has it."""
    into = io.StringIO()
    writer = csv.writer(into)
    writer.writerow(CASE_COLUMNS)
    for row in case_rows(desk.cases.all(), since, until, service=service, severity=severity):
        writer.writerow([_as_text(cell) for cell in row])
    return into.getvalue()


def _as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def similar_to(likeness: Likeness, case: Case) -> tuple[list[Similar], dict[str, Any]]:
    """What is like a case, and the same as plain values with what ended those, the most often first."""
    found = likeness.similar(case)
    return found, {
        "similar": [
            {
                "number": each.case.number, "path": each.case.path or None, "title": each.case.title,
                "severity": each.case.severity or None, "services": list(each.case.services), "day": each.case.day,
                "likeness": each.likeness, "why": each.why, "resolution": each.resolution or None,
                "ended_by": None if each.ended_by is None else {
                    "path": each.ended_by.path, "anchor": each.ended_by.anchor, "title": each.ended_by.title,
                },
            }
            for each in found
        ],
        "remedies": [msgspec.to_builtins(each) for each in remedies(found)],
    }  # fmt: skip

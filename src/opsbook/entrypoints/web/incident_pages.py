"""Incidents: those that are live, those before as the ledger and the book know them, the policy. Decides nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Template
from msgspec import Struct

from opsbook.book.rendering import book_address
from opsbook.entrypoints.shown.incident_view import STATES
from opsbook.entrypoints.web.answering import desk_of, may, page, why_not
from opsbook.entrypoints.web.incident_lead import shown_incident, tried
from opsbook.ground.errors import Failure, Usage
from opsbook.ledger.incident import Incident
from opsbook.usecases.desk import Desk
from opsbook.usecases.incident_list import Listed
from opsbook.usecases.incidents import AskedOf, IncidentsReport, Record, find_report, incidents
from opsbook.usecases.proposals import Proposal

Asks = Request[Any, Any, Any]
READS = {"act": "read"}
ON_LIST = 50
LIVE_MOST = 200
PROPOSALS = 20
SEVERITIES = ("P0", "P1", "P2", "P3")
# Where else one wants to go from the list; subscriptions only for whoever may see them.
AROUND = (
    ("Figures", "/incidents/figures"), ("Action items", "/incidents/actions"), ("Proposals", "/proposals"),
    ("Planned work", "/maintenance"), ("Status page", "/status"),
)  # fmt: skip
SUBSCRIPTIONS = ("Subscriptions", "/incidents/subscriptions")
STATUSES = ("Investigating", "Mitigating", "Resolved")
_NUMBER = re.compile(r"(?:inc-|#)?(\d{1,9})", re.I)
_IN_NAME = re.compile(r"\binc[-_ ]?(\d{1,9})\b", re.I)


class Asked(Struct, frozen=True):
    """What the list is narrowed to: a status, a severity, a service, words; `drills` is with, without or only."""

    status: str = ""
    severity: str = ""
    service: str = ""
    words: str = ""
    drills: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether anything is asked for."""
        return self != Asked()

    def has_report(self, record: Record) -> bool:
        """Whether a report of the book is one of those."""
        return self.drills != "only" and AskedOf(self.status, self.severity, self.service, self.words).has(record)


class Part(Struct, frozen=True):
    """A part of the list, and where the next one begins: below which number, behind how many reports."""

    rows: tuple[Listed, ...]
    before: int | None
    behind: int
    has_more: bool


def asked_in(request: Asks) -> Asked:
    """What the address narrows the list to; words that mean nothing there ask for nothing."""
    told = request.query_params
    status, severity, drills = told.get("status", ""), told.get("severity", "").upper(), told.get("drills", "")
    status = next((each for each in (*STATUSES, "live") if each.casefold() == status.casefold()), "")
    return Asked(
        status, severity if severity in SEVERITIES else "", told.get("service", "").strip()[:200],
        told.get("q", "").strip()[:200], drills if drills in ("without", "only") else "",
    )  # fmt: skip


def selected(desk: Desk, asked: Asked, *, is_live: bool | None, before: int | None, limit: int) -> list[Incident]:
    """Incidents of the ledger, those that the list asks for."""
    statuses = (asked.status,) if asked.status in STATUSES else ()
    found = desk.incident_desk.incidents.select(
        is_live=is_live, statuses=statuses, severities=(asked.severity,) if asked.severity else (),
        service=asked.service, words=asked.words, with_drills=asked.drills != "without", before=before, limit=limit,
    )  # fmt: skip
    return [each for each in found if each.is_drill] if asked.drills == "only" else found


def part_of(desk: Desk, found: IncidentsReport, asked: Asked, *, before: int | None, behind: int) -> Part:
    """What is over, of the ledger and of the book in one order, the newest first."""
    ended = [] if asked.status == "live" else tried(
        lambda: selected(desk, asked, is_live=False, before=before, limit=ON_LIST + 1), []
    )  # fmt: skip
    written = _written(desk, ended)
    numbers = {each.number for each in ended}
    asked_for = [each for each in reports_of(found) if asked.has_report(each)]
    records = [each for each in asked_for if not _is_of(each, numbers, written, desk)]
    rows: list[Listed] = []
    at, place = 0, behind
    while len(rows) < ON_LIST and (at < len(ended) or place < len(records)):
        incident = ended[at] if at < len(ended) else None
        record = records[place] if place < len(records) else None
        if incident is not None and (record is None or not _comes_first(record, incident)):
            rows.append(Listed(incident, written.get(incident.number)))
            at += 1
        else:
            rows.append(Listed(None, record))
            place += 1
    last = ended[at - 1].number if at else before
    return Part(tuple(rows), last, place, at < len(ended) or place < len(records))


def reports_of(found: IncidentsReport) -> list[Record]:
    """The reports, each with its post-mortem in one row; those that nobody closed first, then the newest."""
    return [record for record in found.records if record.report.kind == "incident" or not record.partner]


def _comes_first(record: Record, incident: Incident) -> bool:
    at: datetime = incident.started_at or incident.declared_at
    return record.report.state == "open" or record.report.order > f"{at:%Y-%m-%d %H:%M}"


def _written(desk: Desk, ended: Sequence[Incident]) -> dict[int, Record]:
    """The report of each of these incidents that is in the book, by its number."""
    found = incidents(desk.library.snapshot(), desk.now().date())
    records = {record.path: record for record in found.records}
    return {
        incident.number: records[writing.path]
        for incident in ended for writing in incident.writings if writing.what == "report" and writing.path in records
    }  # fmt: skip


def _is_of(record: Record, numbers: set[int], written: Mapping[int, Record], desk: Desk) -> bool:
    """Whether a report is of an incident of the ledger, and so stands in its row."""
    if any(record.path == each.path for each in written.values()):
        return True
    named = _IN_NAME.search(record.path.rsplit("/", 1)[-1]) or _IN_NAME.search(record.report.title)
    if named is None:
        return False
    number = int(named.group(1))
    if number in numbers:
        return True
    try:
        incident = desk.incident_desk.incidents.find(number)
    except (Usage, Failure):
        return False
    return any(writing.path == record.path for writing in incident.writings)


@get("/incidents", opt=READS, sync_to_thread=True)
def incidents_page(request: Asks) -> Template:
    """Incidents, live ones first; then what is over; what is still to be done; and the policy."""
    desk = desk_of(request)
    book, asked = desk.library.snapshot(), asked_in(request)
    found = incidents(book, desk.now().date())
    before, behind = _number(request, "before"), _number(request, "behind") or 0
    is_first = before is None and not behind
    live: list[Incident] = []
    if is_first and asked.status != "Resolved":
        live = gravest_first(tried(lambda: selected(desk, asked, is_live=True, before=None, limit=LIVE_MOST), []))
    part = part_of(desk, found, asked, before=before, behind=behind)
    services = sorted({*book.services, *(name for record in found.records for name in record.report.services)})
    open_count = sum(1 for row in part.rows if row.record and row.record.report.state == "open")
    shown = page(
        request, "incidents.html", place="Incidents", found=found, live=live, part=part, asked=asked, is_first=is_first,
        todo=found.todo, open_count=open_count, is_whole=book.is_whole, now=desk.now(), incident_states=STATES,
        services=services[:500], statuses=STATUSES, severities=SEVERITIES, first_at=_address(asked),
        next_at=_address(asked, before=part.before, behind=part.behind), proposals=proposals_of(desk),
        why_not="" if may(request, "respond") else why_not(request, "respond"),
        around=[*AROUND, *([SUBSCRIPTIONS] if may(request, "administer") else ())],
    )  # fmt: skip
    shown.headers["Cache-Control"] = "no-store"
    return shown


def proposals_of(desk: Desk) -> list[Proposal]:
    """The pages that are proposed and wait for somebody, the newest first."""
    return tried(lambda: desk.incident_desk.proposals.select(is_open=True, limit=PROPOSALS), [])


def _address(asked: Asked, **more: int | None) -> str:
    told = {"status": asked.status, "severity": asked.severity, "service": asked.service, "q": asked.words,
            "drills": asked.drills, **more}  # fmt: skip
    words = urlencode({name: value for name, value in told.items() if value not in ("", None)})
    return f"/incidents?{words}" if words else "/incidents"


def _number(request: Asks, name: str) -> int | None:
    words = request.query_params.get(name, "")
    return int(words) if words.isascii() and words.isdigit() and len(words) < 10 else None


@get("/incidents/{name:str}", opt=READS, sync_to_thread=True)
def incident_page(request: Asks) -> Response[Any]:
    """An incident by its number or id; a report of the book by the name of its file."""
    name = str(request.path_params["name"])
    desk = desk_of(request)
    path, guess = find_report(desk.library.snapshot(), name)
    if path is not None and _NUMBER.fullmatch(name) is None:
        return Redirect(book_address(path), status_code=302)
    try:
        incident = desk.incident_desk.incidents.find(name)
    except Usage as wrong:
        if path is not None:
            return Redirect(book_address(path), status_code=302)
        meant = f" Did you mean '{guess}'?" if guess else ""
        raise NotFoundException(f"{wrong}{meant}") from None
    if name != str(incident.number):
        return Redirect(f"/incidents/{incident.number}", status_code=302)
    return shown_incident(request, incident)


def incidents_now(desk: Desk) -> list[Incident]:
    """The live incidents for other pages, the gravest first; none where the ledger cannot tell them now."""
    return gravest_first(tried(lambda: desk.incident_desk.incidents.select(is_live=True, limit=LIVE_MOST), []))


def gravest_first(found: list[Incident]) -> list[Incident]:
    """Drills come behind what is real."""
    return sorted(found, key=lambda each: (each.is_drill, each.severity))


ROUTES = (incidents_page, incident_page)

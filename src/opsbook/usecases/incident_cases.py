"""Past and present incidents as figures and likenesses need them: those of the ledger, and those that people wrote by
hand in the folder. An incident and its report are one case. Counts nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from opsbook.ledger.alert import ALERT_VIEW, alert_of
from opsbook.ledger.alert import stream_of as alert_stream
from opsbook.ledger.incident import INCIDENT_VIEW, Incident, incident_of
from opsbook.ledger.run_view import RUNS
from opsbook.usecases.incident_board import IncidentBoard
from opsbook.usecases.incidents import incidents
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.library import Book

MOST_ALERTS = 20  # of an incident, whose names are looked up
_SUCCEEDED = "succeeded"


class Helped(Struct, frozen=True):
    """A section of a runbook that was run for an incident. `did_end` is that of the last one that succeeded before the
    incident was mitigated or resolved: as far as anybody can tell, it is what ended it."""

    path: str
    anchor: str
    title: str
    succeeded: bool
    did_end: bool


class Case(Struct, frozen=True):
    """An incident with what is known of it: `number` where the ledger has it, `path` where the book has a page of it.
    `alerts` are names of alerts. Times that nobody told are None. `words` is what it says of itself. `was_none`: it was
    dismissed, or merged into another, and counts nowhere."""

    number: int | None
    path: str
    title: str
    severity: str
    services: tuple[str, ...]
    is_live: bool
    is_drill: bool
    cause: str = ""
    alerts: tuple[str, ...] = ()
    started_at: datetime | None = None
    detected_at: datetime | None = None
    declared_at: datetime | None = None
    acknowledged_at: datetime | None = None
    first_update_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    duration_s: float | None = None
    day: str = ""
    words: str = ""
    resolution: str = ""
    helped: tuple[Helped, ...] = ()
    was_none: bool = False

    @property
    def began_at(self) -> datetime | None:
        """When it began, as well as is known."""
        return self.started_at or self.detected_at or self.declared_at

    @property
    def name(self) -> str:
        """What people call it."""
        return f"INC-{self.number}" if self.number is not None else self.title


class Cases:
    """The incidents of a ledger and a book. Any thread may ask; what was read is kept until it changes."""

    def __init__(self, ledger: EngineLedger, book: Callable[[], Book], board: IncidentBoard | None = None) -> None:
        self._ledger = ledger
        self._book = book
        self._board = board or IncidentBoard(ledger)
        self._turn = threading.Lock()
        self._kept: dict[str, tuple[int, Case]] = {}
        self._written: tuple[int, tuple[Case, ...]] = (-1, ())

    def all(self) -> Sequence[Case]:
        """Every case: those of the ledger, live ones first and then the last first, then those that only the book has,
        the newest first."""
        with self._turn:
            recorded = self._recorded()
            told = {case.path for case in recorded if case.path}
            return (*recorded, *(case for case in self._of_book() if case.path not in told))

    def of(self, incident: Incident) -> Case:
        """One incident as a case."""
        return self._case(incident)

    def _recorded(self) -> list[Case]:
        listed = self._board.look()
        stale = {each.stream: each.version for each in listed if self._kept.get(each.stream, (0,))[0] != each.version}
        if len(stale) > len(listed) // 4:
            for incident in self._all_rows():
                self._kept[f"{INCIDENT_VIEW.prefix}{incident.id}"] = (incident.version, self._case(incident))
        else:
            for stream, version in stale.items():
                kept = self._ledger.row(INCIDENT_VIEW.name, stream)
                if kept is not None:
                    self._kept[stream] = (version, self._case(incident_of(kept)))
        return [self._kept[each.stream][1] for each in listed if each.stream in self._kept]

    def _all_rows(self) -> Iterable[Incident]:
        before: int | None = None
        while rows := self._ledger.rows(INCIDENT_VIEW.name, before=before, limit=1000, document=Incident):
            before = rows[-1].first
            yield from (kept.row.document for kept in rows)

    def _case(self, incident: Incident) -> Case:
        published = [each.published_at for each in incident.updates if each.published_at is not None]
        path = next((each.path for each in reversed(incident.writings) if each.what == "report"), "")
        told = (incident.summary, incident.impact.users, incident.root_cause, incident.cause, *incident.tags,
                *incident.impact.functions)  # fmt: skip
        return Case(
            incident.number, path, incident.title, incident.severity, incident.services, incident.is_live,
            incident.is_drill, incident.cause, self._alert_names(incident), incident.started_at, incident.detected_at,
            incident.declared_at, incident.acknowledged_at, min(published, default=None), incident.mitigated_at,
            incident.resolved_at, None, (incident.started_at or incident.declared_at).date().isoformat(),
            " ".join(filter(None, told)), incident.resolution, self._helped(incident),
            incident.state in ("dismissed", "merged"),
        )  # fmt: skip

    def _alert_names(self, incident: Incident) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for alert in incident.alerts[:MOST_ALERTS]:
            kept = self._ledger.row(ALERT_VIEW.name, alert_stream(alert))
            if kept is not None and (name := alert_of(kept).labels.get("alertname")):
                names[name] = None
        return tuple(names)

    def _helped(self, incident: Incident) -> tuple[Helped, ...]:
        rows = [self._ledger.row(RUNS.name, f"{RUNS.prefix}{run}") for run in incident.runs]
        documents = [kept.row.document for kept in rows if kept is not None and not kept.row.document["is_dry"]]
        over = incident.mitigated_at or incident.resolved_at
        last = max((each for each in documents if _was_in_time(each, over)), key=_ended, default=None)
        return tuple(
            Helped(each["path"], each["anchor"], each["title"], each["state"] == _SUCCEEDED, each is last)
            for each in documents
        )

    def _of_book(self) -> tuple[Case, ...]:
        book = self._book()
        if self._written[0] != book.number:
            self._written = (book.number, tuple(_written_cases(book)))
        return self._written[1]


def _was_in_time(document: dict[str, Any], over: datetime | None) -> bool:
    if document["state"] != _SUCCEEDED or document["ended_at"] is None:
        return False
    return over is not None and datetime.fromisoformat(document["ended_at"]) <= over


def _ended(document: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(document["ended_at"])


def _written_cases(book: Book) -> Iterable[Case]:
    """The reports of the book; a post-mortem counts where it has no incident of its own."""
    reports = incidents(book, datetime.min.date()).records
    for record in sorted(reports, key=lambda each: (each.report.order, each.path), reverse=True):
        report = record.report
        if report.kind == "post-mortem" and record.partner:
            continue
        yield Case(
            None, record.path, report.title, report.severity, report.services, report.state == "open", False,
            started_at=report.started.at if report.started else None,
            resolved_at=report.resolved.at if report.resolved else None, duration_s=report.duration_s,
            day=report.order[:10], words=" ".join(filter(None, (report.summary, report.impact))),
            resolution=report.resolution,
        )  # fmt: skip

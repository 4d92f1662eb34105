"""Status updates that are late: whoever leads is reminded, once, and everybody with a role once more. Sends nothing: a
reminder is a page, which the engine of pages delivers.

When the next update is due follows from the incident and its policy page. It is recorded with what moves it (see
`update_due`), and worked out again here where the page moved, and before anybody is reminded: after an outage nobody
is told of what was done, or is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from opsbook.ground.errors import Conflict
from opsbook.ledger import incident_events as kinds
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import INCIDENT_VIEW, Incident, incident_of, stream_of
from opsbook.ledger.page import PAGE_VIEW, page_of
from opsbook.ledger.page import stream_of as page_stream
from opsbook.ledger.page_events import page_done
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer, Write
from opsbook.usecases.library import Book
from opsbook.usecases.notices import notice
from opsbook.usecases.page_draft import LEVEL
from opsbook.usecases.update_due import DUE as DUE
from opsbook.usecases.update_due import why_due
from opsbook.usecases.update_rules import cadence_for, due_next, everybody, leads

ACTOR = "pager"
VERY_LATE = timedelta(minutes=15)  # at least, after which everybody with a role is told
LATEST = timedelta(hours=24)  # after which a reminder is nobody's news any more, such as while no server ran
ROWS = 200


class UpdateReminders:
    """Keeps the timers `update-due` of live incidents, and does what is due of them."""

    def __init__(self, ledger: EngineLedger, book: Callable[[], Book], *, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._book = book
        self._now = now

    def keep(self, lease: Lease) -> int:
        """Sets when each live incident's next update is due, where that is another time than was set: it was declared,
        rated anew, or its page says something else. Gives how many were set."""
        book, done = self._book(), 0
        if not book.is_whole and not book.facts:
            return 0  # a page that is not read yet says nothing
        for incident in self._live():
            due = due_next(book, incident)
            if due != incident.update_due_at:
                done += self._record([_set(incident, due, why_due(book, incident, due))], lease, self._now())
        return done

    def do(self, timers: Sequence[Timer], lease: Lease) -> int:
        """Reminds of those that are due; gives how many were looked at."""
        at = max([self._now(), *(each.due for each in timers)])
        for timer in timers:
            self._record(list(self._of(timer, at)), lease, at)
        return len(timers)

    def _of(self, timer: Timer, at: datetime) -> Iterator[Write]:
        """What is recorded of one timer that is due."""
        kept = self._ledger.row(INCIDENT_VIEW.name, timer.stream)
        incident = incident_of(kept) if kept is not None else None
        due = due_next(self._book(), incident) if incident is not None else None
        if incident is None or due is None:
            drafts = [kinds.update_due(None, "It is over.")] if incident and incident.update_due_at else []
            yield Write(timer.stream, drafts, incident.version if incident else None, (), (DUE,))
            return
        if due > at:
            yield _set(incident, due, "It moved meanwhile.") if due != incident.update_due_at else Write(
                timer.stream, (), incident.version, (Timer(timer.stream, DUE, due),)
            )
            return
        yield from self._late(incident, timer, due, at)

    def _late(self, incident: Incident, timer: Timer, due: datetime, at: datetime) -> Iterator[Write]:
        """An update is late: whoever leads is told, or everybody where it is very late by now or that was said."""
        very_late = max(VERY_LATE, cadence_for(self._book(), incident).every / 2)
        is_second = timer.facts.get("due") == due.isoformat() or at >= due + very_late
        who = everybody(incident) if is_second else leads(incident) or everybody(incident)
        timers = [] if is_second else [Timer(timer.stream, DUE, due + very_late, {"due": due.isoformat()})]
        cleared = (DUE,) if is_second else ()
        told = ", ".join(who) if at < due + LATEST and who else "nobody"
        yield Write(timer.stream, [kinds.update_missed(due, told)], incident.version, timers, cleared)
        if told != "nobody":
            yield _page(incident, who, due, at, is_second=is_second)

    def _live(self) -> Iterator[Incident]:
        before: int | None = None
        while rows := self._ledger.rows(INCIDENT_VIEW.name, is_open=True, before=before, limit=ROWS):
            yield from map(incident_of, rows)
            before = rows[-1].first

    def _record(self, writes: Sequence[Write], lease: Lease, at: datetime) -> int:
        try:
            self._ledger.record(writes, actor=ACTOR, at=at, fence=lease)
        except Conflict:  # somebody moved it meanwhile; it is looked at again
            return 0
        return 1


def _set(incident: Incident, due: datetime | None, why: str) -> Write:
    stream = stream_of(incident.id)
    timers = (Timer(stream, DUE, due),) if due is not None else ()
    return Write(stream, [kinds.update_due(due, why)], incident.version, timers, () if timers else (DUE,))


def reminder_group(incident: str) -> str:
    """What the pages that remind of updates of an incident have in common."""
    return f"update-due/{incident}"


def _page(incident: Incident, who: Sequence[str], due: datetime, at: datetime, *, is_second: bool) -> Write:
    late = round((at - due).total_seconds() / 60)
    drill = "[DRILL] " if incident.is_drill else ""
    subject = f"{drill}{incident.name}: a status update was due at {due.astimezone(UTC):%H:%M} UTC"
    subject += f" and is {late} minutes late" if late >= 1 else ""
    why = "Nobody was told for long, so everybody with a role is." if is_second else "You lead it, or speak for it."
    id = f"{incident.id}-due-{due.astimezone(UTC):%y%m%d%H%M%S}-{2 if is_second else 1}"
    return notice(id, who, f"{subject}. {incident.title}"[:300], why, group=reminder_group(incident.id), at=at,
                  severity=incident.severity, incident=incident.number, is_drill=incident.is_drill)  # fmt: skip


def reminded_no_more(ledger: EngineLedger, incident: str, at: datetime) -> list[Write]:
    """What ends the reminders of an incident whose update was sent: nobody is called for it any more."""
    found = []
    for kept in ledger.rows(PAGE_VIEW.name, group=reminder_group(incident), is_open=True, limit=ROWS):
        page = page_of(kept)
        stream = page_stream(page.id)
        done: Draft = page_done("cancelled", "An update was sent.")
        found.append(Write(stream, [done], page.number, [Timer(stream, LEVEL, at)]))
    return found

"""Procedures that are due to be practised: whoever is named is reminded, and where a drill may carry procedures out
(`drills.sandbox`), they begin there by themselves. Executes nothing: a run that is recorded is taken up by a runner.

- **Once** for each due date. A run is recorded in one transaction with the word that it was begun, a reminder with its
  page: so neither a kill nor a second node does either again.
- **When.** Reminders at an hour at which people work; what begins by itself once it is due.
- **It stops** when the procedure was practised, by whatever run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, Protocol

from msgspec import Struct

from opsbook.book.drills_due import DueDrill, due_drills
from opsbook.book.roster.calendar import zone_of
from opsbook.book.roster.values import plain_name
from opsbook.ground.errors import Conflict, Failure, Refusal, Usage
from opsbook.ledger.drill_due import DUE, DueTold, begun, folded, not_begun, reminded, stream_of
from opsbook.ledger.page import PAGE_VIEW, page_of
from opsbook.ledger.page import stream_of as page_stream
from opsbook.ledger.page_events import page_done
from opsbook.ledger.run_events import ENDED
from opsbook.ledger.run_view import RUNS
from opsbook.usecases.action_nags import HOURS
from opsbook.usecases.alerting_ports import Addresses
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer, Write
from opsbook.usecases.library import Book
from opsbook.usecases.notices import notice
from opsbook.usecases.page_draft import LEVEL

ACTOR = "pager"
SEVERITY = "P3"  # it wakes nobody
MOST_LETTERS = 500
_ROWS = 200


class Begins(Protocol):
    """Begins a run that nobody starts, as `Runs.start_drill` does."""

    def start_drill(
        self, where: str, values: dict[str, str], on: str, *, due: str, by: str, fence: Lease,
        besides: Callable[[str], Write],
    ) -> Any:  # fmt: skip
        """Records it, together with what `besides` gives for its id."""
        ...


class Sandbox(Struct, frozen=True):
    """Where procedures may be carried out by drills: hosts and groups, and the hosts of every group."""

    names: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = {}

    def holds(self, on: str) -> bool:
        """Whether a host, or every host of a group, is one of them."""
        if not on or not self.names:
            return False
        allowed = {host for name in self.names for host in (name, *self.groups.get(name, ()))}
        return on in allowed or (on in self.groups and set(self.groups[on]) <= allowed)


class Scheduled(Struct, frozen=True):
    """One that is planned, and what was done about its due date; `run_state` is that of the run that was begun."""

    drill: DueDrill
    told: DueTold = DueTold()
    run_state: str = ""

    @property
    def why_not(self) -> str:
        """Why it was not practised by itself, in a sentence; empty where it was, or was not to be."""
        if self.told.run and self.run_state in ENDED and self.run_state != "succeeded":
            return f"Its run {self.told.run} on {self.told.on} ended: {self.run_state}."
        return "" if self.told.run else self.told.why_not


def scheduled(
    book: Book, ledger: EngineLedger, practised: Mapping[str, date], today: date
) -> list[Scheduled]:
    """All that the pages plan, the longest overdue first, with what was done about it."""
    outlines = [facts.outline for facts in book.facts.values()]
    if not any(outline.drills for outline in outlines):
        return []
    return [_looked_up(each, ledger) for each in due_drills(outlines, practised, today)]


def _looked_up(drill: DueDrill, ledger: EngineLedger) -> Scheduled:
    told = folded(ledger.read(stream_of(drill.where))).of(drill.key)
    kept = ledger.row(RUNS.name, f"run/{told.run}") if told.run else None
    return Scheduled(drill, told, kept.row.document["state"] if kept is not None else "")


def scheduled_model(each: Scheduled) -> dict[str, Any]:
    """One that is planned, as JSON."""
    drill = each.drill
    return {
        "procedure": drill.where, "title": drill.plan.title, "every": drill.plan.every, "on": drill.plan.on or None,
        "who": list(drill.plan.who), "practised": drill.practised.isoformat() if drill.practised else None,
        "due": drill.due.isoformat() if drill.due else None, "state": drill.state, "words": drill.words,
        "run": each.told.run or None, "reminded": list(each.told.reminded), "why_not": each.why_not or None,
        "path": drill.plan.of, "line": drill.plan.line,
    }  # fmt: skip


class ScheduledDrills:
    """Looks what is due. `practised` tells when each was last done, `address` is how people reach this server."""

    def __init__(
        self, ledger: EngineLedger, book: Callable[[], Book], contacts: Addresses, begins: Callable[[], Begins], *,
        practised: Callable[[], Mapping[str, date]], sandbox: Sandbox, now: Callable[[], datetime], address: str = "",
    ) -> None:  # fmt: skip
        self._ledger, self._book, self._contacts, self._begins = ledger, book, contacts, begins
        self._practised, self._sandbox, self._now = practised, sandbox, now
        self._address = address.rstrip("/")
        self._tried: dict[tuple[str, str], int] = {}  # at which state of the book it was refused

    def look(self, lease: Lease) -> int:
        """Begins and reminds of what is due, and ends reminders of what is no longer; gives how many were recorded."""
        book, now = self._book(), self._now()
        if not book.is_whole:
            return 0  # a page that is not read yet plans nothing
        done, due = 0, set()
        failed: Failure | None = None
        for each in scheduled(book, self._ledger, self._practised(), now.date()):
            if each.drill.state == "planned":
                continue
            due.add(stream_of(each.drill.where))
            try:
                done += self._one(each, book, lease=lease, now=now)
            except Conflict:  # somebody was quicker; it is looked at again
                continue
            except Failure as wrong:  # it keeps none of the others
                failed = wrong
        with suppress(Conflict):
            self._end(due, lease, now)
        if failed is not None:
            raise failed
        return done

    def _one(self, each: Scheduled, book: Book, *, lease: Lease, now: datetime) -> int:
        is_by_itself = self._sandbox.holds(each.drill.plan.on)
        if each.told.run and (each.run_state not in ENDED or each.run_state == "succeeded"):
            return 0  # it is being practised
        if is_by_itself and not each.told.run:
            told = self._begin(each, book, lease=lease, now=now)
            if told is None:
                return 1
            each = told
        return self._remind(each, lease=lease, now=now)

    # -- what begins by itself ----------------------------------------------------------------------------------

    def _begin(self, each: Scheduled, book: Book, *, lease: Lease, now: datetime) -> Scheduled | None:
        """None where a run was recorded; else why not is, once for each reason."""
        drill, at = each.drill, (each.drill.where, each.drill.key)
        if self._tried.get(at) == book.number:
            return each  # nothing that was in its way is any other than it was
        stream, on = stream_of(drill.where), drill.plan.on

        def besides(run: str) -> Write:
            return Write(stream, (begun(drill.where, drill.key, run, on),), each.told.number)

        try:
            self._begins().start_drill(
                drill.where, dict(drill.plan.values), on, due=drill.key, by=ACTOR, fence=lease, besides=besides
            )
            return None
        except (Usage, Refusal) as wrong:
            why = str(wrong)[:MOST_LETTERS]
        self._tried[at] = book.number
        if why == each.told.why_not:
            return each
        self._ledger.append(
            stream, (not_begun(drill.where, drill.key, on, why),), expected=each.told.number, actor=ACTOR, at=now,
            fence=lease,
        )  # fmt: skip
        return _looked_up(drill, self._ledger)

    # -- whom it is told ----------------------------------------------------------------------------------------

    def _remind(self, each: Scheduled, *, lease: Lease, now: datetime) -> int:
        done = 0
        for name in each.drill.plan.who:
            person, to, zone = self._person(name)
            local = now.astimezone(zone_of(zone) or UTC)
            if person in each.told.reminded or local.weekday() >= 5 or not HOURS[0] <= local.hour < HOURS[1]:
                continue
            stream = stream_of(each.drill.where)
            page = f"{stream.replace('/', '-')}-{each.drill.key}-{person}"
            why = f"It is to be practised by you, as {each.drill.plan.of} says: {self._address}/drills"
            draft = reminded(each.drill.where, each.drill.key, person, page)
            made = notice(page, [to], _subject(each), why, group=f"{stream}/{person}", at=now, severity=SEVERITY)
            self._ledger.record(
                [*self._ended(stream, person, now), made, Write(stream, (draft,), each.told.number)],
                actor=ACTOR, at=now, fence=lease,
            )  # fmt: skip
            each, done = _looked_up(each.drill, self._ledger), done + 1
        return done

    def _person(self, name: str) -> tuple[str, str, str]:
        """By what a reminder is known, whom it goes to, and the time zone: a schedule or a team is asked as written."""
        found = self._contacts.reachable(name)
        to = found.handle if found is not None and found.handle else name
        key = "-".join("".join(c if c.isalnum() else " " for c in plain_name(to)).split())
        return key, to, found.time_zone if found is not None else "UTC"

    def _end(self, due: set[str], lease: Lease, now: datetime) -> None:
        """Ends the reminders of what was practised."""
        for stream in self._ledger.streams(DUE):
            if stream in due:
                continue
            told = folded(self._ledger.read(stream))
            for person in told.reminded:
                if writes := list(self._ended(stream, person, now)):
                    self._ledger.record(writes, actor=ACTOR, at=now, fence=lease)

    def _ended(self, stream: str, person: str, now: datetime) -> Iterator[Write]:
        for kept in self._ledger.rows(PAGE_VIEW.name, group=f"{stream}/{person}", is_open=True, limit=_ROWS):
            page = page_of(kept)
            at = page_stream(page.id)
            why = "It was practised, or a newer reminder took its place."
            yield Write(at, [page_done("cancelled", why)], page.number, [Timer(at, LEVEL, now)])


def _subject(each: Scheduled) -> str:
    drill = each.drill
    last = f", last on {drill.practised.isoformat()}" if drill.practised is not None else ""
    why = f" {each.why_not}" if each.why_not else ""
    return f"Drill to do: {drill.plan.title} ({drill.words}{last}).{why}"[:300]

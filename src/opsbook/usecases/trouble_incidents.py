"""Runs that fail and health checks that stay unhealthy open an incident or join one, where the policy page names them.

Follows the ledger from where it was last. What is done stands with what it was done for, in one transaction: a run
knows its incident, and a probe since when it has one. So what is looked at twice, after a crash or by two nodes, is
done once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from opsbook.book.incident_opening import Opening
from opsbook.ground.errors import Conflict
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.health import HEALTH_ATTACHED, HEALTH_CHANGED, attached
from opsbook.ledger.incident_events import Members
from opsbook.ledger.run import Run, folded
from opsbook.ledger.run_events import RUN_ENDED
from opsbook.usecases.incident_opener import Cause, Opener
from opsbook.usecases.incident_writes import joined
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Sighting, Timer, Write
from opsbook.usecases.library import Book
from opsbook.usecases.run_names import run_name
from opsbook.usecases.service_names import named_service

PROBES, RUNS = "probe/", "run/"
OPENS = "incident"  # the timer of a probe that opens an incident once it is unhealthy for so long
CURSOR = "incidents/followed"  # the sighting that tells how far it was looked
SEVERITY = "P2"  # where the policy says no other
LATEST = timedelta(hours=1)  # what is older opens none any more, such as while no server ran
FAILED = frozenset({"failed", "rolled-back", "rollback-failed"})
ACTOR = "pager"
_AT_ONCE = 1000
_TRIES = 8


class TroubleIncidents:
    """What follows runs and health; for the one node that leads."""

    def __init__(self, opener: Opener, book: Callable[[], Book], *, now: Callable[[], datetime]) -> None:
        self._opener = opener
        self._ledger: EngineLedger = opener.ledger
        self._book = book
        self._now = now
        self._position: int | None = None

    def follow(self, lease: Lease | None) -> int:
        """Looks at what was recorded since it looked last; gives how many runs and probes that concerned."""
        head = self._ledger.head()
        if not self._opener.openings("runs") and not self._opener.openings("health"):
            self._position = head
            return 0
        if self._position is None:
            self._position = self._left_off(head)
        count, before = 0, self._position
        while self._position < head and (moved := self._ledger.moved(self._position, _AT_ONCE)):
            for stream in dict.fromkeys(each.stream for each in moved if each.kind in (RUN_ENDED, HEALTH_CHANGED)):
                self._look(stream, lease)
                count += 1
            self._position = moved[-1].position
        if self._position != before:
            self._ledger.sight([Sighting(CURSOR, self._now(), mark=str(self._position))])
        return count

    def due(self, timers: Sequence[Timer], lease: Lease | None) -> None:
        """Probes whose time is over: those that are unhealthy still open an incident."""
        for timer in timers:
            self._again(lambda timer=timer: self._late(timer), lease)  # type: ignore[misc]

    def _left_off(self, head: int) -> int:
        seen = self._ledger.sighted([CURSOR]).get(CURSOR)
        if seen is not None and seen.mark.isdigit():
            return min(int(seen.mark), head)
        self._ledger.sight([Sighting(CURSOR, self._now(), mark=str(head))])
        return head

    def _look(self, stream: str, lease: Lease | None) -> None:
        if stream.startswith(RUNS):
            self._again(lambda: self._run(stream), lease)
        elif stream.startswith(PROBES):
            self._again(lambda: self._probe(stream), lease)

    def _again(self, made: Callable[[], list[Write]], lease: Lease | None) -> None:
        """Records what is made, and makes it anew where somebody else was quicker."""
        for tried in range(1, _TRIES + 1):
            writes = made()
            if not writes:
                return
            try:
                self._ledger.record(writes, actor=ACTOR, at=self._now(), fence=lease)
                return
            except Conflict:
                if tried == _TRIES:
                    raise

    def _opening(self, subject: str, service: str | None) -> Opening | None:
        found = self._opener.openings("runs" if subject == "runs" else "health")
        return next((each for each in found if each.names(service)), None)

    # -- runs ---------------------------------------------------------------------------------------------------

    def _run(self, stream: str) -> list[Write]:
        run = folded(self._ledger.read(stream))
        if run is None or run.is_dry or run.drill or run.state not in FAILED or run.incident is not None:
            return []
        opening = self._opening("runs", run.plan.service)
        if opening is None or run.ended_at is None or run.ended_at < self._now() - LATEST:
            return []
        settled = self._opener.settle([_of_run(self._book(), run, opening)], self._now())
        return joined([Write(stream, (), run.number), *settled.writes])

    # -- health -------------------------------------------------------------------------------------------------

    def _probe(self, stream: str) -> list[Write]:
        """What follows at once where a probe is unhealthy: an incident, or a timer for one."""
        changed, last = self._unhealthy(stream)
        service = self._service(changed)
        opening = self._opening("health", service) if changed is not None else None
        if changed is None or opening is None or changed.at < self._now() - LATEST:
            return []
        due = changed.at + timedelta(seconds=opening.after_s)
        if due > self._now():
            return [Write(stream, (), None, (Timer(stream, OPENS, due, {"changed": changed.number}),))]
        return self._of_probe(stream, changed, last, opening, service=service)

    def _late(self, timer: Timer) -> list[Write]:
        changed, last = self._unhealthy(timer.stream)
        service = self._service(changed)
        opening = self._opening("health", service)
        if changed is None or opening is None or changed.number != timer.facts.get("changed"):
            return [Write(timer.stream, (), None, (), (OPENS,))]
        writes = self._of_probe(timer.stream, changed, last, opening, service=service)
        return joined([*writes, Write(timer.stream, (), None, (), (OPENS,))])

    def _of_probe(
        self, stream: str, changed: Event, last: int, opening: Opening, *, service: str | None
    ) -> list[Write]:
        name = service or str(changed.facts.get("name") or changed.facts.get("address") or "something")
        told = str(changed.facts.get("why") or "")
        lasted = f" for {opening.after_s / 60:g} min" if opening.after_s else ""
        why = f"A health check of {name} is unhealthy{lasted}: {told}"
        cause = Cause(
            key=stream, origin="health", title=f"{name} is unhealthy: {told}".rstrip(" .:"),
            severity=opening.severity or SEVERITY, severity_why="A health check is unhealthy.", service=service,
            started_at=changed.at, why=why,
        )  # fmt: skip
        settled = self._opener.settle([cause], self._now())
        if stream not in settled.numbers:
            return []
        draft: Draft = attached(settled.numbers[stream], why)
        return joined([Write(stream, (draft,), last), *settled.writes])

    def _unhealthy(self, stream: str) -> tuple[Event | None, int]:
        """The event since which a probe is unhealthy, as far as no incident knows of it, and the last number."""
        found: Event | None = None
        number = 0
        for event in self._ledger.read(stream):
            number = event.number
            if event.kind == HEALTH_CHANGED:
                found = event if event.facts.get("to") == "unhealthy" else None
            elif event.kind == HEALTH_ATTACHED:
                found = None
        return found, number

    def _service(self, changed: Event | None) -> str | None:
        """The service that a probe is of, by the name that the book has for it."""
        told = str(changed.facts.get("service") or "") if changed is not None else ""
        return named_service(self._book(), told) or told or None


def _of_run(book: Book, run: Run, opening: Opening) -> Cause:
    name = run_name(book, run.plan.path, run.plan.service, run.plan.title)
    why = f"{name} {'failed' if run.state == 'failed' else run.state.replace('-', ' ')}: {run.why}".rstrip(" :")
    return Cause(
        key=run.id, origin="run", title=why.rstrip("."), severity=opening.severity or SEVERITY,
        severity_why="A run did not work out.", service=run.plan.service, started_at=run.started_at, why=why,
        members=Members(runs=(run.id,)),
    )  # fmt: skip

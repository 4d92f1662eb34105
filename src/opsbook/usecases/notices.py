"""Plain notices: a page for some people by name, once, for what somebody should be told of. Sends nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from opsbook.ground.errors import Conflict
from opsbook.ledger import page_events as events
from opsbook.ledger import run_events
from opsbook.ledger.event import Event
from opsbook.ledger.page import page_of, stream_of
from opsbook.ledger.page_events import FrozenPolicy, PlannedLevel
from opsbook.ledger.run import Run, folded
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer, Write
from opsbook.usecases.page_draft import LEVEL
from opsbook.usecases.run_journal import ACTOR as RUNNER
from opsbook.usecases.run_journal import TOLD

RUNS = "run/"
ACTOR = "pager"
SEVERITY = "P2"
NOTICE = "notice"  # what the policy of such a page is called
LATEST = timedelta(hours=24)  # after which a run's word is nobody's news any more, such as while no server ran


def notice(
    id: str, to: Sequence[str], subject: str, why: str, *, group: str, at: datetime, asked_by: str = "",
    severity: str = SEVERITY, incident: int | None = None, is_drill: bool = False,
) -> Write:  # fmt: skip
    """What is to be recorded so that people are told once; the id is one for ever, so nothing is told twice."""
    policy = FrozenPolicy(NOTICE, "", 0, None, (PlannedLevel(1, 0.0, tuple(to), why),), why=why)
    opened = events.page_opened(
        group=group, subject=subject, severity=severity, service=None, alerts=(), policy=policy, place=None,
        asked_by=asked_by, incident=incident, is_drill=is_drill,
    )  # fmt: skip
    stream = stream_of(id)
    return Write(stream, (opened,), 0, (Timer(stream, LEVEL, at),))


class Notices:
    """Delivers what runs owe people: approvals that are wanted, questions, steps of which nothing is known."""

    def __init__(self, ledger: EngineLedger) -> None:
        self._ledger = ledger

    def deliver(self, timers: Sequence[Timer], lease: Lease, at: datetime) -> None:
        """Makes a page of each notification that these runs owe and that none was made of, and ends those of questions
        that are settled."""
        for timer in timers:
            self._deliver(timer.stream, lease, at)

    def _deliver(self, stream: str, lease: Lease, at: datetime) -> None:
        writes = []
        told = self._ledger.read(stream)
        run = folded(told)
        for before, event in pairwise((None, *told)):
            if event is not None and event.kind == run_events.OWED and event.at > at - LATEST:
                over = _settled(run, before) if run is not None and before is not None else ""
                writes += self._of_one(stream.removeprefix(RUNS), event, over, at)
        try:
            self._ledger.record([*writes, Write(stream, (), None, (), (TOLD,))], actor=ACTOR, at=at, fence=lease)
        except Conflict:  # somebody made one of them meanwhile; it is looked at again
            return

    def _of_one(self, run: str, event: Event, over: str, at: datetime) -> list[Write]:
        """What becomes of the page of one notification; `over` tells why nobody need hear of it any more."""
        id = f"{run}-{event.number}"
        kept = self._ledger.row("pages", stream_of(id))
        if kept is None:
            facts = event.facts
            made = notice(id, facts["to"], facts["subject"], facts["why"], group=f"run/{run}", at=at)
            return [] if over else [made]
        page = page_of(kept)
        if not over or not page.is_open:
            return []
        timer = Timer(stream_of(id), LEVEL, at)
        return [Write(stream_of(id), (events.page_done("cancelled", over),), page.number, (timer,))]


def _settled(run: Run, asked: Event) -> str:
    """Why what a run asked just before it owed people a word is no question any more; empty while it is one."""
    if asked.kind not in (run_events.ASKED, run_events.STEP_UNKNOWN):
        return ""
    step = run.step(asked.facts["step"])
    if step is None or (step.asked is not None and step.asked.at == asked.at and not run.has_ended):
        return ""
    by = f" by {step.by}" if step.by not in ("", RUNNER) else ""
    return f"It was answered meanwhile{by}: step {step.number} of the run is {step.state}."

"""Plain notices: a page for some people by name, once, for what somebody should be told of. Sends nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from opsbook.ground.errors import Conflict
from opsbook.ledger import page_events as events
from opsbook.ledger import run_events
from opsbook.ledger.page import stream_of
from opsbook.ledger.page_events import FrozenPolicy, PlannedLevel
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer, Write
from opsbook.usecases.page_draft import LEVEL
from opsbook.usecases.run_journal import TOLD

RUNS = "run/"
ACTOR = "pager"
SEVERITY = "P2"
LATEST = timedelta(hours=24)  # after which a run's word is nobody's news any more, such as while no server ran


def notice(
    id: str, to: Sequence[str], subject: str, why: str, *, group: str, at: datetime, asked_by: str = "",
    severity: str = SEVERITY,
) -> Write:  # fmt: skip
    """What is to be recorded so that people are told once; the id is one for ever, so nothing is told twice."""
    policy = FrozenPolicy("notice", "", 0, None, (PlannedLevel(1, 0.0, tuple(to), why),), why=why)
    opened = events.page_opened(
        group=group, subject=subject, severity=severity, service=None, alerts=(), policy=policy, place=None,
        asked_by=asked_by,
    )  # fmt: skip
    stream = stream_of(id)
    return Write(stream, (opened,), 0, (Timer(stream, LEVEL, at),))


class Notices:
    """Delivers what runs owe people: approvals that are wanted, questions, steps of which nothing is known."""

    def __init__(self, ledger: EngineLedger) -> None:
        self._ledger = ledger

    def deliver(self, timers: Sequence[Timer], lease: Lease, at: datetime) -> None:
        """Makes a page of each notification that these runs owe and that none was made of."""
        for timer in timers:
            self._deliver(timer.stream, lease, at)

    def _deliver(self, stream: str, lease: Lease, at: datetime) -> None:
        run = stream.removeprefix(RUNS)
        writes = []
        for event in self._ledger.read(stream):
            id = f"{run}-{event.number}"
            is_news = event.kind == run_events.OWED and event.at > at - LATEST
            if is_news and self._ledger.row("pages", stream_of(id)) is None:
                facts = event.facts
                writes.append(notice(id, facts["to"], facts["subject"], facts["why"], group=f"run/{run}", at=at))
        try:
            self._ledger.record([*writes, Write(stream, (), None, (), (TOLD,))], actor=ACTOR, at=at, fence=lease)
        except Conflict:  # somebody made one of them meanwhile; it is looked at again
            return

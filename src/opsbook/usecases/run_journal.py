"""A run as its runner sees it: its fold, and what is to be recorded next, in one append as far as it goes.

What the world did is a fact and is recorded whatever others wrote meanwhile; what was decided is decided anew then.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from opsbook.ground.errors import Conflict, Usage
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.run import Run, RunStep, folded, stream_of
from opsbook.ledger.run_events import OWED, run_taken
from opsbook.usecases.ledger_ports import EngineLedger, Lease, Timer

ACTOR = "opsbook"
TOLD = "told"  # the timer of a run whose people are owed a word


class Journal:
    """The events of one run, by whoever holds its lease."""

    def __init__(self, ledger: EngineLedger, run: str, lease: Lease, now: Callable[[], datetime]) -> None:
        self._ledger, self._lease, self._now = ledger, lease, now
        self._stream = stream_of(run)
        recorded = folded(ledger.read(self._stream))
        if recorded is None:
            raise Usage(f"There is no run {run}.", at_terminal="'opsbook runs list' shows all.")
        self._recorded = self._run = recorded
        self._facts: list[Draft] = []
        self._decided: list[Draft] = []
        self._at: datetime | None = None
        self._timers: dict[str, Timer | None] = {}

    @property
    def run(self) -> Run:
        """The run with all that is recorded and all that is going to be."""
        return self._run

    def fact(self, draft: Draft) -> None:
        """Something that happened."""
        self._facts.append(draft)
        self._add(draft)

    def decide(self, *drafts: Draft) -> None:
        """Something that follows from what is known, and is dropped where others were quicker."""
        self._decided.extend(drafts)
        for draft in drafts:
            self._add(draft)

    def flush(self) -> bool:
        """Records everything, in one append. False where somebody else wrote first: then the facts are kept, the run
        is as it is now, and what follows has to be decided again. Raises Fenced, and Failure."""
        drafts = [*self._facts, *self._decided]
        if not drafts:
            return True
        if self._recorded.epoch != self._lease.epoch:
            drafts.insert(0, run_taken(self._lease.owner, self._lease.epoch))
        set_timers = [timer for timer in self._timers.values() if timer is not None]
        try:
            self._ledger.append(
                self._stream, drafts, expected=self._recorded.number, actor=ACTOR, at=self._moment(),
                fence=self._lease, set_timers=set_timers,
                clear_timers=[name for name, timer in self._timers.items() if timer is None],
            )  # fmt: skip
        except Conflict:
            self._forget()
            self.refresh()
            return False
        self._recorded = self._run
        self._facts = []
        self._forget()
        return True

    def refresh(self) -> bool:
        """Reads what others recorded; True where there was something. What was decided and not recorded is dropped."""
        news = self._ledger.read(self._stream, self._recorded.number)
        if not news and not self._decided:
            return False
        facts, self._facts = self._facts, []
        self._recorded = self._run = folded(news, self._recorded) or self._recorded
        self._forget()
        for fact in facts:
            self.fact(fact)
        return bool(news)

    def _forget(self) -> None:
        self._decided = []
        self._at = None
        self._timers = {}

    def _moment(self) -> datetime:
        if self._at is None:
            self._at = self._now()
        return self._at

    def _add(self, draft: Draft) -> None:
        if self._run is self._recorded and self._recorded.epoch != self._lease.epoch:
            self._fold(run_taken(self._lease.owner, self._lease.epoch))
        before = self._run
        self._fold(draft)
        if draft.kind == OWED:  # whoever pages is woken by it
            self._timers[TOLD] = Timer(self._stream, TOLD, self._moment())
        number = draft.facts.get("step")
        was, now = (before.step(number), self._run.step(number)) if number else (None, None)
        if was is not None and now is not None and was.asked != now.asked and is_told(before, was):
            self._timers[TOLD] = Timer(self._stream, TOLD, self._moment())  # what they were told of is settled
        if was is not None and now is not None and _due(was) != _due(now):
            due = _due(now)
            self._timers[now.number] = None if due is None else Timer(self._stream, now.number, due)

    def _fold(self, draft: Draft) -> None:
        event = Event(self._stream, self._run.number + 1, 0, self._moment(), ACTOR, draft.kind, draft.facts, "", "")
        self._run = folded((event,), self._run) or self._run


def is_told(run: Run, step: RunStep) -> bool:
    """Whether people were told that a step asks something, besides whoever looks at it."""
    asked = step.asked
    return asked is not None and (asked.question in ("approval", "unknown") or not run.is_interactive)


def _due(step: RunStep) -> datetime | None:
    """When something happens to a step though nobody does anything."""
    return step.not_before or (step.asked.until if step.asked else None)

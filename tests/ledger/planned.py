"""Runs for tests: plans in a line each, and their folds without a ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from opsbook.book.plan import Gate, Phase, Plan, PlannedStep, Script
from opsbook.ledger import run_events as events
from opsbook.ledger.event import Draft, Event
from opsbook.ledger.run import Run, folded, stream_of
from opsbook.ledger.run_moves import Moves, next_moves

START = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
RUN = "261123-031000-abcd"


def _phase(number: str) -> Phase:
    if number.startswith("verify"):
        return "verification"
    return "rollback" if number.startswith("rollback") else "steps"


def command(number: str, text: str = "", **more: Any) -> PlannedStep:
    """A step that runs a command; it is named by its number where no text is given."""
    script = more.pop("script", None) or Script(text or f"do {number}")
    return PlannedStep(number, _phase(number), "command", f"Step {number}", 1, "a.md", script=script, **more)


def manual(number: str, **more: Any) -> PlannedStep:
    """A step for a person."""
    return PlannedStep(number, _phase(number), "manual", f"Step {number}", 1, "a.md", **more)


def gate(
    number: str, count: int = 1, *, within_s: float | None = None, people: tuple[str, ...] = ("ada", "ben")
) -> PlannedStep:
    """A step that waits for approvals."""
    return PlannedStep(
        number, _phase(number), "approval", f"Step {number}", 1, "a.md",
        gate=Gate(count, people, f"{count} of {', '.join(people)}", within_s),
    )  # fmt: skip


def plan(*steps: PlannedStep, **more: Any) -> Plan:
    """A plan of these steps."""
    return Plan("a.md", "deploy", "Deploy", steps, **more)


def started(planned: Plan, **more: Any) -> Draft:
    """The event that begins a run of a person."""
    said: dict[str, Any] = {
        "document": "# A", "blob": "b1", "commit": None, "aliases": ("zoe@x",), "editor": "eve", "node": "here",
        "is_interactive": True, "assumes_yes": False, "is_dry": False,
    }  # fmt: skip
    return events.run_started(planned, **{**said, **more})


class Story:
    """A run whose events are told one after the other."""

    def __init__(self, *steps: PlannedStep, **more: Any) -> None:
        keys = ("is_interactive", "assumes_yes", "is_dry", "is_trusted", "is_stepwise", "node")
        said = {name: more.pop(name) for name in keys if name in more}
        self.now = START
        self.events: list[Event] = []
        self.told: Run | None = None
        self.tell(started(plan(*steps, **more), **said), by="zoe")

    def tell(self, *drafts: Draft, by: str = "opsbook") -> None:
        """Records these."""
        for draft in drafts:
            event = Event(stream_of(RUN), len(self.events) + 1, 0, self.now, by, draft.kind, draft.facts, "", "")
            self.events.append(event)
            self.told = folded([event], self.told)

    @property
    def run(self) -> Run:
        assert self.told is not None
        return self.told

    def forward(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += timedelta(seconds=seconds)

    def moves(self) -> Moves:
        """What is next, once everything that only has to be recorded was."""
        while (moves := next_moves(self.run, self.now)).record:
            self.tell(*moves.record)
        return moves

    def starts(self) -> list[tuple[str, str, str]]:
        """What is to be started next."""
        return [(each.step, each.target, each.purpose) for each in self.moves().start]

    def begin(self) -> list[str]:
        """Starts all that is to be started; the keys."""
        keys = []
        for start in self.moves().start:
            step = self.run.step(start.step)
            assert step is not None
            keys.append(f"{start.step}.{len(step.attempts) + 1}@{start.target}")
            self.tell(events.attempt_intended(
                start.step, keys[-1], target=start.target, purpose=start.purpose, epoch=1, limit_at=None
            ))  # fmt: skip
        return keys

    def end(self, key: str, exit_code: int | None = 0, *, outcome: events.Outcome = "finished", **more: Any) -> None:
        """Ends an attempt."""
        is_ok = None if outcome == "lost" else exit_code == 0
        said = {"is_ok": is_ok, "why": "" if is_ok else f"It ended with {exit_code}.", **more}
        step = key.split("@")[0].rpartition(".")[0]
        self.tell(events.attempt_ended(
            step, key, outcome=outcome, exit_code=exit_code, started_at=self.now, ended_at=self.now, **said
        ))  # fmt: skip

    def do(self, exit_code: int | None = 0, *, outcome: events.Outcome = "finished", **more: Any) -> list[str]:
        """Starts all that is to be started, and ends it so."""
        keys = self.begin()
        for key in keys:
            self.end(key, exit_code, outcome=outcome, **more)
        self.moves()
        return keys

    def states(self) -> dict[str, str]:
        """The steps' states."""
        return {step.number: step.state for step in self.run.steps}


__all__ = ["RUN", "START", "Story", "command", "gate", "manual", "plan", "replace", "started"]

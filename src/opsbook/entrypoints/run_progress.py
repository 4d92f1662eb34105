"""What happens in a run, told on the screen as it happens: steps, their output, how they ended. Asks nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from opsbook.book.plan import LOCAL
from opsbook.entrypoints.screen import Screen
from opsbook.entrypoints.shown.run import (
    COLOURS,
    MARKS,
    attempt_words,
    behind_lines,
    dimmed,
    is_stale,
    step_text,
    worked,
)
from opsbook.entrypoints.shown.terminal import printable, wrapped
from opsbook.ledger import run_events as kinds
from opsbook.ledger.event import Event
from opsbook.ledger.run import Attempt, Run, folded

_TITLES = {"verification": "Verification", "rollback": "Rollback"}


class Progress:
    """Tells the events of one run, in their order, each once. Output is shown below its step and in no other place."""

    def __init__(self, screen: Screen, run: Run) -> None:
        self._screen = screen
        self.run = run
        self._shown: set[str] = set()
        self._held: dict[str, list[bytes]] = {}
        self._is_held = run.is_held  # by another run, and it was said
        self._telling: dict[str, Callable[[dict[str, Any]], None]] = {
            kinds.INTENDED: self._intended, kinds.ATTEMPT_ENDED: self._attempt_ended, kinds.STEP_ENDED: self._ended,
            kinds.PHASE_BEGUN: self._phase, kinds.RETRY_DUE: self._retry, kinds.STEP_UNKNOWN: self._unknown,
            kinds.APPROVED: self._approved, kinds.APPROVAL_VOIDED: self._voided, kinds.CANCEL_HELD: self._cancel_held,
            kinds.HELD: self._held_up,
        }  # fmt: skip

    def show(self, events: Sequence[Event], outputs: Iterable[tuple[str, bytes]] = ()) -> None:
        """Tells what is new. An attempt's output was told before its end was recorded, so none of it comes too late."""
        for key, part in outputs:
            self._held.setdefault(key, []).append(part)
        for event in events:
            self._event(event)
        for step in self.run.steps:
            for attempt in step.open_attempts:
                if attempt.key in self._held:
                    self.step(step.number)
                self._flush(attempt)

    def _event(self, event: Event) -> None:
        folded_run = folded([event], self.run)
        if folded_run is not None:
            self.run = folded_run
        tell = self._telling.get(event.kind)
        if tell is not None:
            tell({**event.facts, "actor": event.actor})

    def step(self, number: str) -> None:
        """Shows a step before anything of it is done, once."""
        planned = self.run.plan.step(number)
        if planned is not None and number not in self._shown:
            self._shown.add(number)
            self._screen.say(["", *step_text(planned, self._screen.width)])

    def waited_s(self, now: datetime) -> float | None:
        """For how long the attempt that is under way has been; None where there is none."""
        begun = [attempt.intended_at for step in self.run.steps for attempt in step.open_attempts]
        return (now - min(begun)).total_seconds() if begun else None

    def _intended(self, facts: dict[str, Any]) -> None:
        self.step(facts["step"])
        attempt = self._attempt(facts["key"])
        if attempt is not None and attempt.number > 1 and attempt.purpose == "step" and self._is_again(facts["step"]):
            self._screen.say([dimmed(f"    attempt {attempt.number}")])

    def _is_again(self, number: str) -> bool:
        step = self.run.step(number)
        targets = [attempt.target for attempt in step.attempts if attempt.purpose == "step"] if step else []
        return bool(targets) and targets.count(targets[-1]) > 1

    def _attempt_ended(self, facts: dict[str, Any]) -> None:
        attempt = self._attempt(facts["key"])
        if attempt is None:
            return
        self._flush(attempt)
        self._screen.end_output(attempt.key)
        planned = self.run.plan.step(facts["step"])
        if attempt.purpose == "step" and planned is not None and len(planned.targets) > 1:
            self._say(dimmed(f"    {attempt_words(attempt)}"))

    def _ended(self, facts: dict[str, Any]) -> None:
        number, state = facts["step"], facts["state"]
        planned, step = self.run.plan.step(number), self.run.step(number)
        if planned is None or step is None:
            return
        if number not in self._shown:
            first = planned.text.partition("\n")[0]
            self._screen.say(["", *wrapped(f"{click.style(number, bold=True)}  {printable(first)}", self._width, 4)])
            self._shown.add(number)
        lasted = worked(step) if state != "skipped" else ""
        said = f"{state} in {lasted}" if lasted else state
        why = f": {printable(step.why)}" if step.why and not is_stale(planned, step) else ""
        self._say(click.style(f"  {MARKS[state]} {said}{why}", fg=COLOURS[state]))

    def _phase(self, facts: dict[str, Any]) -> None:
        why = f": {printable(facts['why'])}" if facts["why"] else ""
        self._screen.say(["", click.style(f"{_TITLES.get(facts['phase'], facts['phase'])}{why}", bold=True)])

    def _retry(self, facts: dict[str, Any]) -> None:
        at = datetime.fromisoformat(facts["at"])
        self._say(dimmed(f"    tried again at {at:%H:%M:%S} UTC: {printable(facts['why'])}"))

    def _unknown(self, facts: dict[str, Any]) -> None:
        self.step(facts["step"])
        self._say(click.style(f"  ? unknown: {printable(facts['why'])}", fg="magenta"))

    def _approved(self, facts: dict[str, Any]) -> None:
        self._say(dimmed(f"    approved by {printable(facts['actor'])}"))

    def _voided(self, facts: dict[str, Any]) -> None:
        self._say(click.style(f"    {printable(facts['why'])}", fg="yellow"))

    def _cancel_held(self, facts: dict[str, Any]) -> None:
        self._say(click.style(f"  not cancelled yet: {printable(facts['why'])}", fg="yellow"))

    def _held_up(self, facts: dict[str, Any]) -> None:
        """Says once that its turn has not come, whichever of the others has it meanwhile."""
        if facts["why"] and not self._is_held:
            self._say(dimmed(f"  waiting: {printable(facts['why'])}"))
            self._screen.say(behind_lines(facts.get("behind", ""), indent="    "))
        elif self._is_held and not facts["why"] and not self.run.wants_cancel:
            self._say(dimmed("  its turn has come"))
        self._is_held = bool(facts["why"])

    def _flush(self, attempt: Attempt) -> None:
        for part in self._held.pop(attempt.key, ()):
            self._screen.output(attempt.key, part, name="" if attempt.target == LOCAL else attempt.target)

    def _attempt(self, key: str) -> Attempt | None:
        return next((each for step in self.run.steps for each in step.attempts if each.key == key), None)

    def _say(self, line: str) -> None:
        self._screen.say(wrapped(line, self._width, 4))

    @property
    def _width(self) -> int | None:
        return self._screen.width

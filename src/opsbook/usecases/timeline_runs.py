"""What the events of a run say on the timeline of an incident that it belongs to: each step with its result.

What a command printed is never told here: it is as long as it likes, and stands one press away.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from opsbook.ledger import run_events as kinds
from opsbook.ledger.event import Event
from opsbook.usecases.timeline_entry import TimelineEntry, Told, because, entry_of, time_in

Facts = Mapping[str, Any]
_LONGEST = 90  # characters of a step's text
_QUESTIONS = {"approval": "waits for an approval", "confirm": "waits for somebody to confirm it",
              "danger": "waits for somebody to allow it", "ask": "waits for values",
              "check": "waits for somebody to look",
              "failed": "failed, and waits for a decision", "unknown": "is unknown, and waits for a decision",
              "changed": "waits: the page has changed"}  # fmt: skip
_ENDS = {"succeeded": "succeeded", "failed": "failed", "rolled-back": "was rolled back", "rollback-failed":
         "failed, and so did its rollback", "cancelled": "was cancelled", "unknown": "is unknown"}  # fmt: skip
_PHASES = {"verification": "is being verified", "rollback": "is being rolled back"}


class RunTeller:
    """Tells a run, by its procedure, and its steps by what the plan calls them."""

    def __init__(self, stream: str) -> None:
        self._link = f"/runs/{stream.removeprefix('run/')}"
        self._title = "The run"
        self._steps: dict[str, str] = {}
        self._results: dict[str, tuple[Any, datetime | None, datetime | None]] = {}

    def take(self, event: Event) -> list[TimelineEntry]:
        """See Teller."""
        told = self._told(event, event.facts)
        if told is None:
            return []
        step = event.facts.get("step")
        anchor = f"#step-{str(step).replace('.', '-')}" if step else ""
        return [entry_of(event, replace(told, link=self._link + anchor))]

    def _told(self, event: Event, facts: Facts) -> Told | None:
        kind = event.kind
        if kind == kinds.RUN_STARTED:
            return self._started(facts)
        if kind == kinds.ATTEMPT_ENDED:  # the end of its step tells it
            if facts.get("key"):
                self._results[str(facts.get("step"))] = (
                    facts.get("exit"), time_in(facts.get("started_at")), time_in(facts.get("ended_at")))  # fmt: skip
            return None
        if kind == kinds.STEP_ENDED:
            return self._ended(facts)
        if kind == kinds.RUN_ENDED:
            state = str(facts.get("state"))
            return Told("run", because(f"{self._title} {_ENDS.get(state, state)}", facts.get("why")))
        if kind == kinds.PHASE_BEGUN:
            words = _PHASES.get(str(facts.get("phase")))
            return Told("run", because(f"{self._title} {words}", facts.get("why"))) if words else None
        if kind in _OF_RUN:
            return Told("run", because(f"{self._title} {_OF_RUN[kind]}", facts.get("why")))
        return self._of_step(event, facts)

    def _started(self, facts: Facts) -> Told:
        plan = facts.get("plan") or {}
        self._title = f"Run of “{plan.get('title') or plan.get('path') or 'a procedure'}”"
        for step in plan.get("steps") or ():
            self._steps[str(step.get("number"))] = _short(str(step.get("text") or ""))
        dry = " (dry: nothing is changed)" if facts.get("is_dry") else ""
        return Told("run", f"{self._title} started{dry}.")

    def _named(self, facts: Facts) -> str:
        number = str(facts.get("step"))
        text = self._steps.get(number)
        return f"Step {number} “{text}”" if text else f"Step {number}"

    def _ended(self, facts: Facts) -> Told:
        state = str(facts.get("state"))
        exit_code, began, ended = self._results.get(str(facts.get("step")), (None, None, None))
        more = [f"exit {exit_code}"] if exit_code is not None and state in ("done", "failed") else []
        if began is not None and ended is not None and ended >= began and state in ("done", "failed"):
            more.append(_took((ended - began).total_seconds()))
        if not facts.get("is_seen", True):
            more.append("confirmed unseen")
        told = f" ({', '.join(more)})" if more else ""
        return Told("step", because(f"{self._named(facts)} {state}{told}", facts.get("why")))

    def _of_step(self, event: Event, facts: Facts) -> Told | None:
        named, who, kind = self._named(facts), event.actor, event.kind
        if kind == kinds.ASKED:
            question = _QUESTIONS.get(str(facts.get("question")), "waits for a person")
            return Told("step", because(f"{named} {question}", facts.get("words")))
        if kind == kinds.ANSWERED:
            unseen = "" if facts.get("is_seen", True) else ", unseen"
            return Told("step", because(f"{who} said yes to {named}{unseen}", facts.get("why")))
        if kind == kinds.APPROVED:
            return Told("step", because(f"{who} approved {named}", facts.get("why")))
        if kind == kinds.APPROVAL_VOIDED:
            by = ", ".join(map(str, facts.get("by") or ()))
            return Told("step", because(f"The approval of {named} by {by} counts no more", facts.get("why")))
        if kind == kinds.STEP_UNKNOWN:
            return Told("step", because(f"{named} is unknown", facts.get("why")))
        if kind == kinds.DECIDED:
            return Told("step", because(f"{who} settled {named} as “{facts.get('decision')}”", facts.get("why")))
        if kind == kinds.RETRY_DUE:
            return Told("step", because(f"{named} is tried again", facts.get("why")))
        return None


_OF_RUN = {
    kinds.RUN_PAUSED: "was stopped between steps",
    kinds.RUN_RESUMED: "goes on",
    kinds.CANCEL_ASKED: "is to be cancelled",
    kinds.CANCEL_HELD: "cannot be cancelled yet",
}


def _short(text: str) -> str:
    line = " ".join(text.split("\n", 1)[0].split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1].rstrip() + "…"


def _took(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"

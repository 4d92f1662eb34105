"""Runs as a runner would leave them: started by the real verb, then moved on by the events that a runner records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.entrypoints.door import Door

from opsbook.ledger import run_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.run import Run, stream_of
from opsbook.usecases.runs import Starter

PROCEDURE = "docs/operations/runbooks/api.md#deployment"
KIM = Starter("kim", ("kim@example.org",))


def started(door: Door, where: str = PROCEDURE, values: dict[str, str] | None = None, by: Starter = KIM) -> Run:
    """A run that no runner has taken up."""
    return door.desk.runs.start(where, values or {}, by)


def play(door: Door, run: Run, *drafts: Draft, by: str = "runner") -> Run:
    """The run after these events."""
    for draft in drafts:
        door.desk.ledger.append(stream_of(run.id), [draft], expected=None, actor=by, at=datetime.now(UTC))
    return door.desk.runs.find(run.id)


def begun(door: Door, run: Run, step: str, printed: bytes = b"", target: str = "local") -> Run:
    """An attempt of the step is under way, and has printed something."""
    number = len(found.attempts) + 1 if (found := run.step(step)) else 1
    key = f"{run.id}/{step}.{number}" + ("" if target == "local" else f"@{target}")
    run = play(door, run, events.attempt_intended(step, key, target=target, purpose="step", epoch=1, limit_at=None))
    if printed:
        door.desk.outputs.append(key, 0, printed)
    return run


def ended(door: Door, run: Run, step: str, *, exit: int = 0, **more: Any) -> Run:
    """Its last attempt has ended, and with it the step."""
    found = run.step(step)
    assert found is not None
    at = datetime.now(UTC)
    is_ok = exit == 0
    end = events.attempt_ended(
        step, found.attempts[-1].key, outcome=more.pop("outcome", "finished"), exit_code=exit, is_ok=is_ok,
        why="" if is_ok else f"Exit {exit}.", started_at=at - timedelta(seconds=2), ended_at=at, **more,
    )  # fmt: skip
    return play(door, run, end, events.step_ended(step, "done" if is_ok else "failed", "" if is_ok else f"Exit {exit}."))

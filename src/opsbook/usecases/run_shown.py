"""A run as the contract's JSON has it, for every door alike. Times are RFC 3339 in UTC. Holds no output but its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from opsbook.book.plan import PlannedStep
from opsbook.ledger.run import Attempt, Run, RunStep
from opsbook.usecases.run_history import Brief

_CHECKS = frozenset({"when", "done-if"})


def run_model(run: Run) -> dict[str, Any]:
    """The run with all its steps."""
    plan = run.plan
    return {
        "run": run.id, "procedure": plan.title, "path": plan.path, "anchor": plan.anchor, "commit": run.commit,
        "is_reviewed": run.commit is not None, "blob": run.blob, "state": run.state, "why": run.why,
        "started_at": _time(run.started_at), "ended_at": _time(run.ended_at), "actor": run.actor,
        "parameters": dict(plan.values), "captured": dict(run.captured), "service": plan.service,
        "environment": plan.environment, "lock": plan.lock, "is_dry": run.is_dry, "is_interactive": run.is_interactive,
        "is_paused": run.is_paused, "is_being_cancelled": run.wants_cancel, "node": run.node, "incident": run.incident,
        "is_drill": bool(run.drill),
        "steps": [_step(planned, step) for planned, step in zip(plan.steps, run.steps, strict=True)],
    }  # fmt: skip


def _step(planned: PlannedStep, step: RunStep) -> dict[str, Any]:
    return {
        "number": step.number, "text": planned.text, "phase": planned.phase, "kind": planned.kind, "state": step.state,
        "why": step.why, "by": step.by, "is_seen": step.is_seen, "line": planned.line, "path": planned.path,
        "command": planned.script.text if planned.script else None, "targets": list(planned.targets),
        "danger": planned.danger or None, "undoes": planned.undoes or None,
        "waits_for": _asked(step), "approvals": [{"by": each.by, "at": _time(each.at)} for each in step.approvals],
        "attempts": [_attempt(each) for each in step.attempts if each.purpose not in _CHECKS],
        "checks": [_attempt(each) for each in step.attempts if each.purpose in _CHECKS],
    }  # fmt: skip


def _asked(step: RunStep) -> dict[str, Any] | None:
    asked = step.asked
    if asked is None:
        return None
    return {
        "question": asked.question, "words": asked.words, "at": _time(asked.at), "until": _time(asked.until),
        "digest": asked.digest or None,
    }  # fmt: skip


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "key": attempt.key, "target": attempt.target, "purpose": attempt.purpose,
        "started_at": _time(attempt.started_at or attempt.intended_at), "ended_at": _time(attempt.ended_at),
        "outcome": attempt.outcome, "exit": attempt.exit, "is_ok": attempt.is_ok, "why": attempt.why,
        "output_tail": attempt.tail, "output_bytes": attempt.output_bytes, "redactions": attempt.redactions,
        "is_truncated": attempt.is_truncated,
    }  # fmt: skip


def brief_model(brief: Brief) -> dict[str, Any]:
    """A run of a list."""
    return {
        "run": brief.id, "procedure": brief.title, "path": brief.path, "anchor": brief.anchor, "commit": brief.commit,
        "state": brief.state, "started_at": _time(brief.started_at), "ended_at": _time(brief.ended_at),
        "actor": brief.actor, "waits_for": brief.waits_for or None, "why": brief.why, "is_dry": brief.is_dry,
        "is_drill": bool(brief.drill),
    }  # fmt: skip


def _time(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, with `Z`."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")

"""Where a step stands on one of its targets, read off its attempts alone. Starts nothing.

What was tried is only counted since a person last said "again"; what was done stays done.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from opsbook.book.plan import PlannedStep
from opsbook.ledger.run import Attempt, RunStep
from opsbook.ledger.run_events import Purpose

POLLED_EVERY = timedelta(seconds=5)  # where "within" is written without "every"
AGAIN_AFTER = tuple(timedelta(seconds=each) for each in (1, 3, 8))  # where nothing was begun, for no connection held
LONGEST_PAUSE = timedelta(days=7)  # between two tries, however often it was doubled


class Standing(Struct, frozen=True):
    """Where a target is. todo: an attempt with `purpose` may be made, from `due` on where it is given · open: one is
    being made · done · skipped: its condition says no · failed: known, and not tried again · doubt: nobody knows."""

    state: Literal["todo", "open", "done", "skipped", "failed", "doubt"]
    purpose: Purpose = "step"
    due: datetime | None = None
    why: str = ""


def standing(planned: PlannedStep, step: RunStep, target: str, *, is_dry: bool = False) -> Standing:
    """Where a step stands on a target."""
    mine = [attempt for attempt in step.attempts if attempt.target == target]
    if any(attempt.ended_at is None for attempt in mine):
        return Standing("open")
    if any(attempt.is_ok and attempt.purpose != "when" for attempt in mine):
        return Standing("done")
    tried = [attempt for attempt in mine if attempt.number > step.earlier]
    if is_dry:
        return _of_tries(planned, tried, "dry")
    return condition(planned, tried) or _of_tries(planned, tried, "step")


def condition(planned: PlannedStep, tried: Sequence[Attempt]) -> Standing | None:
    """What the command of When says, None where it says yes or there is none. It only looks, and so a condition that
    was cut off is asked again."""
    if planned.when is None or planned.when.kind != "command":
        return None
    asked = [attempt for attempt in tried if attempt.purpose == "when"]
    if not asked or asked[-1].is_ok is None:
        return Standing("todo", "when", _reached_at(asked), asked[-1].why if asked else "")
    last = asked[-1]
    if last.is_ok:
        return None
    if last.outcome == "finished" and last.exit == 1:
        return Standing("skipped", why=f"`{planned.when.command}` says no.")
    return Standing("failed", why=f"Whether it is to be done cannot be told: {last.why}")


def _of_tries(planned: PlannedStep, tried: Sequence[Attempt], purpose: Purpose) -> Standing:
    tries = [attempt for attempt in tried if attempt.purpose == purpose]
    if not tries:
        return Standing("todo", purpose)
    last = tries[-1]
    if last.outcome == "lost":
        return _of_lost(planned, last, [each for each in tried if each.purpose == "done-if"], purpose)
    if last.is_ok is None:  # it never started: what may be made at most once has not been made
        return Standing("todo", purpose, _reached_at(tries), last.why)
    due = _next_try(planned, tries)
    return Standing("todo", purpose, due, last.why) if due else Standing("failed", why=last.why)


def _of_lost(planned: PlannedStep, last: Attempt, proofs: Sequence[Attempt], purpose: Purpose) -> Standing:
    """Proof first, then what may be repeated, then a person."""
    repeat = planned.repeat
    proof = next((each for each in reversed(proofs) if each.number > last.number), None)
    if repeat.done_if is not None and (proof is None or proof.is_ok is None):
        asked = [each for each in proofs if each.number > last.number]
        return Standing("todo", "done-if", _reached_at(asked), proof.why if proof else "")
    says_no = proof is not None and proof.outcome == "finished" and proof.exit == 1
    if repeat.mode == "safe" or purpose == "dry" or (says_no and repeat.mode == "ask"):
        return Standing("todo", purpose)
    if says_no:
        told = f"`{repeat.done_if}` says that it was not done, and it must never be repeated unseen."
        return Standing("doubt", why=f"{last.why} {told}")
    told = f" `{repeat.done_if}` cannot tell either: {proof.why}" if proof else ""
    return Standing("doubt", why=f"{last.why}{told}")


def unreached(tries: Sequence[Attempt]) -> int:
    """How often in a row at last the machine could not be reached, so that nothing was begun."""
    return next((at for at, each in enumerate(reversed(tries)) if not each.is_unreached), len(tries))


def _reached_at(tries: Sequence[Attempt]) -> datetime | None:
    """When a machine that was not reached is tried again; None for at once."""
    times = unreached(tries)
    if not times:
        return None
    return (tries[-1].known_at or tries[-1].intended_at) + AGAIN_AFTER[min(times, len(AGAIN_AFTER)) - 1]


def _next_try(planned: PlannedStep, tries: Sequence[Attempt]) -> datetime | None:
    """When a known failure is tried again: while Expect still waits for it, then as often as Retry says."""
    last = tries[-1]
    known_at = last.known_at or last.intended_at
    expect, retry = planned.expect, planned.retry
    if expect is not None and expect.within is not None:
        due = known_at + (expect.every or POLLED_EVERY)
        return due if due <= tries[0].intended_at + expect.within else None
    failures = sum(1 for attempt in tries if attempt.is_ok is False and attempt.outcome != "lost")
    if retry is not None and failures <= retry.times:
        factor = min(retry.backoff ** min(failures - 1, 30), 1e4)  # neither number nor pause grows out of bounds
        return known_at + min(retry.every * factor, LONGEST_PAUSE)
    return None

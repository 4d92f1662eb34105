"""Where a step of a run is, as values: its attempts, its question, its approvals. Folds nothing; `run` does."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from opsbook.ledger.run_events import Decision, Outcome, Purpose, Question, StepState


class Attempt(Struct, frozen=True):
    """One start of a command on one target; `key` names it in the world and is never used twice in a run.

    `ended_at` is None while it is open. `is_ok` says whether it came to what the step expects, `why` in a sentence why
    not; an outcome of `lost` is neither success nor failure, and one that was never started by a crash is none either.
    `is_unreached` says that its machine could not be reached just then, so that it is tried again by itself.
    `tail` is the end of what it printed, redacted. `known_at` is when its end was recorded, by the runner's clock.
    """

    key: str
    number: int
    target: str
    purpose: Purpose
    epoch: int
    intended_at: datetime
    limit_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    exit: int | None = None
    is_ok: bool | None = None
    why: str = ""
    tail: str = ""
    output_bytes: int = 0
    redactions: int = 0
    is_truncated: bool = False
    known_at: datetime | None = None
    is_unreached: bool = False


class SecretExport(Struct, frozen=True):
    """A variable that a step exported and that holds a secret: the step, and the mark of its value, empty where nobody
    was told the value."""

    step: str
    mark: str


class Asked(Struct, frozen=True):
    """What a person is waited for: the question in words, until when, and the digest that an approval is bound to."""

    question: Question
    words: str
    at: datetime
    until: datetime | None = None
    digest: str = ""


class Approved(Struct, frozen=True):
    """An approval: by whom, of which digest; `aliases` are the other names of whoever gave it."""

    by: str
    digest: str
    at: datetime
    aliases: tuple[str, ...] = ()


class RunStep(Struct, frozen=True):
    """Where a step of the plan is. `not_before` is when the next attempt may be made; `may_repeat` that a person said
    so after an unknown or failed outcome: what was tried before, the first `earlier` attempts, then counts no more.
    `answers` are the questions that were answered with yes, `decision` is the last one of a person; `is_seen` is False
    where nobody looked at what was confirmed."""

    number: str
    state: StepState = "pending"
    attempts: tuple[Attempt, ...] = ()
    asked: Asked | None = None
    approvals: tuple[Approved, ...] = ()
    answered: bool = False
    answers: tuple[Question, ...] = ()
    decision: Decision | None = None
    earlier: int = 0
    why: str = ""
    by: str = ""
    is_seen: bool = True
    not_before: datetime | None = None
    may_repeat: bool = False
    began_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def open_attempts(self) -> tuple[Attempt, ...]:
        """The attempts that have no end yet."""
        return tuple(attempt for attempt in self.attempts if attempt.ended_at is None)

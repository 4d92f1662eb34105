"""What the API of runs takes and answers, as types. The run itself is told as `opsbook runs show` tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from opsbook.ledger.run_events import Decision, State, StepState

Reason = Annotated[str, Meta(min_length=1, max_length=2000, description="Why, in words that others will read.")]
Note = Annotated[str, Meta(max_length=2000, description="What is to be said of it.")]
MOST_OUTPUT = 1024 * 1024


class AttemptModel(Struct):
    """One start of a command on one target."""

    target: str
    started_at: datetime | None
    ended_at: datetime | None
    exit: int | None
    output_tail: str


class StepModel(Struct):
    """A step: `number` is what the other operations take."""

    number: str
    phase: Literal["steps", "verification", "rollback"]
    text: str
    state: StepState
    attempts: list[AttemptModel]


class RunModel(Struct):
    """A run with its steps."""

    run: str
    procedure: str
    path: str
    anchor: str
    commit: str | None
    state: State
    started_at: datetime
    ended_at: datetime | None
    actor: str
    parameters: dict[str, Any]
    steps: list[StepModel]


class BriefModel(Struct):
    """A run in a list; `waits_for` says what a person is waited for."""

    run: str
    procedure: str
    path: str
    anchor: str
    commit: str | None
    state: State
    started_at: datetime
    ended_at: datetime | None
    actor: str
    waits_for: str | None
    why: str
    is_dry: bool
    is_drill: bool
    position: int


class RunList(Struct):
    """Runs, the last started first."""

    runs: list[BriefModel]


class ParameterModel(Struct):
    """A parameter: its type, and the source of a secret, whose value is never asked for."""

    name: str
    type: str
    description: str
    default: str | None
    required: bool
    choices: list[str]
    secret_source: str | None


class FormModel(Struct):
    """What must be known before a start; `why_not` is empty where it can be started."""

    path: str
    anchor: str
    title: str
    commit: str | None
    danger: str
    parameters: list[ParameterModel]
    why_not: list[str]


class RunsQuery(Struct, forbid_unknown_fields=True):
    """Which runs are asked for."""

    at: Annotated[str, Meta(description="Only those of this procedure, PAGE#ANCHOR.")] | None = None
    open: Annotated[bool, Meta(description="Only those that are open (true), or have ended (false).")] | None = None
    before: Annotated[int, Meta(ge=1, le=2**53 - 1, description="Only those before this position.")] | None = None
    limit: Annotated[int, Meta(ge=1, le=200, description="How many at most.")] = 50


class FormQuery(Struct, forbid_unknown_fields=True):
    """Which procedure of the page."""

    anchor: Annotated[str, Meta(description="The anchor of the procedure.")]


class OutputQuery(Struct, forbid_unknown_fields=True):
    """Which output, and which part of it."""

    step: Annotated[str, Meta(description="The number of the step.")]
    attempt: Annotated[int, Meta(ge=1, le=100_000, description="Which attempt; else the last.")] | None = None
    offset: Annotated[int, Meta(ge=0, le=2**53 - 1, description="The byte to begin at.")] = 0
    limit: Annotated[int, Meta(ge=1, le=MOST_OUTPUT, description="How many bytes at most.")] = MOST_OUTPUT


class StartBody(Struct, forbid_unknown_fields=True):
    """What is to be run."""

    procedure: Annotated[str, Meta(min_length=1, max_length=2048, description="PAGE#ANCHOR.")]
    parameters: Annotated[dict[str, str], Meta(max_length=200, description="Their values as texts.")] = {}
    on: Annotated[str, Meta(max_length=255, description="The target, in the place of the page's.")] | None = None
    dry: Annotated[bool, Meta(description="Change nothing, and show what each step would do.")] = False
    incident: Annotated[int, Meta(ge=1, description="The number of the incident that it belongs to.")] | None = None


class ConfirmBody(Struct, forbid_unknown_fields=True):
    """A yes, with what the step asks for."""

    values: Annotated[dict[str, str], Meta(max_length=200, description="What the step asks for.")] = {}
    why: Note = ""
    typed: Annotated[str, Meta(max_length=4096, description="The word that a danger asks for.")] = ""


class ReasonBody(Struct, forbid_unknown_fields=True):
    """A change that needs a reason."""

    why: Reason


class NoteBody(Struct, forbid_unknown_fields=True):
    """A change that may have one."""

    why: Note = ""


class DecideBody(Struct, forbid_unknown_fields=True):
    """What became of a step, by the word of a person."""

    decision: Decision
    why: Reason


class ApproveBody(Struct, forbid_unknown_fields=True):
    """An approval of exactly what the digest says."""

    digest: Annotated[str, Meta(max_length=128, description="The digest that was shown, as the step asks for it.")]
    why: Note = ""

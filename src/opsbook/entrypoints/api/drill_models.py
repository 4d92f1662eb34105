"""What the API of drills takes and answers, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from opsbook.book.drills_due import DueState
from opsbook.ledger.drill import DrillState
from opsbook.ledger.drill_events import SceneKind

Words = Annotated[str, Meta(max_length=500)]
Seconds = Annotated[float, Meta(description="In seconds in which the clock ran; null where it was not done.")] | None


class DrillsQuery(Struct, forbid_unknown_fields=True):
    """Which drills are asked for."""

    open: Annotated[bool, Meta(description="Only those that are not over.")] = False
    limit: Annotated[int, Meta(ge=1, le=500, description="How many at most.")] = 100


class NewDrill(Struct, forbid_unknown_fields=True):
    """What is to be drilled: exactly one of these."""

    alert: Annotated[str, Meta(max_length=500, description="An alert that a page of the book speaks of.")] = ""
    section: Annotated[str, Meta(max_length=500, description="PAGE#ANCHOR that is to be found.")] = ""
    scenario: Annotated[str, Meta(max_length=500, description="A page of the folder drills.")] = ""
    incident: Annotated[int, Meta(ge=1, le=999_999_999, description="A past incident of the ledger.")] | None = None
    report: Annotated[str, Meta(max_length=500, description="A past incident, by its report.")] = ""
    speed: Annotated[float, Meta(ge=0.1, le=1000, description="How many times as fast its clock runs.")] = 1.0


class DrillAct(Struct, forbid_unknown_fields=True):
    """What is wanted of a drill; only a pause and a stop have a reason. `again` starts one of the same beside one that
    is under way."""

    do: Literal["join", "leave", "start", "pause", "go-on", "stop", "reveal"]
    why: Words = ""
    again: bool = False


class DrillAnswer(Struct, forbid_unknown_fields=True):
    """Which section or step is right."""

    what: Literal["section", "step"]
    value: Words


class ReplayedAlert(Struct):
    """An alert of a drill: how long after the first, in the time of then; its id and status once it fires."""

    name: str
    after_s: float
    alert: str | None
    status: str | None


class Reveals(Struct):
    """The answer as far as whoever asks had it told, of how many pieces."""

    seen: list[str]
    count: int


class RightAnswer(Struct):
    """The right answer, which is told once the drill is over."""

    sections: list[str]
    procedures: list[str]
    steps: list[str]
    source: str


class DrillScore(Struct):
    """What one volunteer did."""

    person: str
    acknowledged_s: Seconds
    section_s: Seconds
    step_s: Seconds
    step_how: str | None
    reveals: int
    wrong: int
    practised: list[str]


class DrillModel(Struct):
    """A drill. `answer` and `debrief` are null until it is over."""

    id: str
    state: DrillState
    is_drill: bool
    kind: SceneKind
    title: str
    service: str | None
    severity: str
    speed: float
    by: str
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    ended_how: str | None
    why: str | None
    volunteers: list[str]
    alerts: list[ReplayedAlert]
    pages: list[str]
    reveals: Reveals
    answer: RightAnswer | None
    debrief: str | None
    score: list[DrillScore]


class ScheduledModel(Struct):
    """A procedure that a page wants practised. `due` is null where it never was, and then it is due now; `run` began by
    itself for that, or `why_not` says why none did."""

    procedure: str
    title: str
    every: str
    on: str | None
    who: list[str]
    practised: str | None
    due: str | None
    state: DueState
    words: str
    run: str | None
    reminded: list[str]
    why_not: str | None
    path: str
    line: int


class DrillList(Struct):
    """Drills, those planned last first; procedures that are to be practised, the longest overdue first."""

    drills: list[DrillModel]
    scheduled: list[ScheduledModel]


class Answered(Struct):
    """Whether an answer was right, and the drill after it."""

    is_right: bool
    drill: DrillModel

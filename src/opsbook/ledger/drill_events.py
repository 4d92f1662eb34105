"""The events of a drill: their kinds, and a draft of each. Folds nothing, and decides nothing.

Each drill has a stream of its own, `drill/ID`. What is posted of its alerts is recorded before it is posted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from opsbook.ledger.event import Draft

DRILLS = "drill/"
DRILL_INLET = "drills"  # the inlet that their alerts come by, its source and group
LABEL = "opsbook_drill"  # the label of their alerts, whose value is the drill
LOOK = "look"  # the timer: when it is looked at again, for whatever reason

PLANNED = "DrillPlanned"
JOINED = "DrillJoined"
LEFT = "DrillLeft"
STARTED = "DrillStarted"
PAUSED = "DrillPaused"
WENT_ON = "DrillWentOn"
ALERTS_SENT = "DrillAlertsSent"
ALERTS_TAKEN = "DrillAlertsTaken"
REVEALED = "DrillRevealed"
ANSWERED = "DrillAnswered"
ENDED = "DrillEnded"
CANCELLED = "DrillCancelled"

SceneKind = Literal["alert", "section", "scenario", "incident", "report", "procedure"]
AnswerKind = Literal["section", "step"]


class DrillAlert(Struct, frozen=True):
    """An alert that is replayed: so long after the first, and for how long (None: until the drill is over)."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    after_s: float = 0.0
    lasts_s: float | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.labels.get("alertname", "")


class DrillLevel(Struct, frozen=True):
    """A level of the escalation that a drill follows, as long after the first as the real one has it."""

    after_s: float
    why: str = ""


class Scene(Struct, frozen=True):
    """What is drilled, frozen when the drill is planned, whatever becomes of the book: `source` is where it was made
    from (PATH#ANCHOR, INC-n), `sections` are the right ones and `procedures` those that mend it, as PATH#ANCHOR,
    `steps` the numbers of the right steps (none: any of those procedures), `reveals` the answer piece by piece, `fault`
    a command that breaks a sandbox, which nothing ever runs by itself."""

    kind: SceneKind
    title: str
    source: str
    service: str | None
    severity: str
    alerts: tuple[DrillAlert, ...]
    sections: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    reveals: tuple[str, ...] = ()
    fault: str = ""
    debrief: str = ""
    commit: str | None = None
    levels: tuple[DrillLevel, ...] = (DrillLevel(0.0),)

    @property
    def has_step(self) -> bool:
        """Whether there is a right step that somebody can name."""
        return bool(self.steps or self.procedures)


def planned(scene: Scene, speed: float) -> Draft:
    """Somebody plans one; distances in time are divided by `speed`."""
    return Draft(PLANNED, {"scene": msgspec.to_builtins(scene), "speed": speed})


def joined(person: str) -> Draft:
    """Somebody takes part, by their own will."""
    return Draft(JOINED, {"person": person})


def left(person: str) -> Draft:
    """Somebody does not take part after all."""
    return Draft(LEFT, {"person": person})


def started(speed: float) -> Draft:
    """Its clock begins to run."""
    return Draft(STARTED, {"speed": speed})


def paused(why: str = "") -> Draft:
    """Its clock stands, and nothing of it fires."""
    return Draft(PAUSED, {"why": why})


def went_on() -> Draft:
    """Its clock goes on."""
    return Draft(WENT_ON)


def alerts_sent(which: Iterable[int], starts_at: datetime, ends_at: datetime, *, is_end: bool = False) -> Draft:
    """These of its alerts are about to be posted: that they fire until a time, or that they are over."""
    return Draft(ALERTS_SENT, {
        "which": list(which), "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat(), "is_end": is_end,
    })  # fmt: skip


def alerts_taken(which: Iterable[tuple[int, datetime]]) -> Draft:
    """The inlet has taken what was sent of these at those times."""
    return Draft(ALERTS_TAKEN, {"which": [[number, sent_at.isoformat()] for number, sent_at in which]})


def revealed(person: str, number: int) -> Draft:
    """Somebody asked for the next piece of the answer, and got that one, counted from 1."""
    return Draft(REVEALED, {"person": person, "number": number})


def answered(person: str, what: AnswerKind, value: str, *, is_right: bool, how: str) -> Draft:
    """Somebody says which section or step is right, or opened it (`how`: said, opened)."""
    return Draft(ANSWERED, {"person": person, "what": what, "value": value, "is_right": is_right, "how": how})


def ended(how: Literal["done", "stopped", "time"], why: str) -> Draft:
    """It is over."""
    return Draft(ENDED, {"how": how, "why": why})


def cancelled(why: str) -> Draft:
    """It does not take place."""
    return Draft(CANCELLED, {"why": why})

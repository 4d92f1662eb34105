"""A drill as a fold over its events, how it may move, what of its alerts is to be posted next; and the view of all.

Everything that moves a drill lives in MOVES, and nowhere else. Time is an argument, and a clock that runs faster is a
number: whoever drills changes no clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook.ledger import drill_events as kinds
from opsbook.ledger.drill_events import DrillAlert, Scene
from opsbook.ledger.event import Event
from opsbook.ledger.view import Kept, Row, View

DrillState = Literal["planned", "joined", "running", "paused", "over", "cancelled"]
OPEN: frozenset[str] = frozenset({"planned", "joined", "running", "paused"})
# State × happening → state; everything else is refused.
MOVES: dict[tuple[DrillState, str], DrillState] = {
    ("planned", "join"): "joined",
    ("joined", "join"): "joined",
    ("running", "join"): "running",
    ("paused", "join"): "paused",
    ("joined", "leave"): "joined",
    ("joined", "leave last"): "planned",
    ("joined", "start"): "running",
    ("running", "pause"): "paused",
    ("paused", "go on"): "running",
    ("running", "reveal"): "running",
    ("paused", "reveal"): "paused",
    ("running", "answer"): "running",
    ("paused", "answer"): "paused",
    ("running", "stop"): "over",
    ("paused", "stop"): "over",
    ("planned", "cancel"): "cancelled",
    ("joined", "cancel"): "cancelled",
}
AGAIN = timedelta(seconds=5)  # after which what nobody took is posted again
LONGEST = timedelta(hours=1)  # that a drill runs on behind its last alert
OUTLASTS = timedelta(minutes=10)  # how long an alert counts beyond that, should nobody be there to end it


class Volunteer(Struct, frozen=True):
    """Somebody who takes part."""

    person: str
    joined_at: datetime


class Answer(Struct, frozen=True):
    """What a volunteer took for right."""

    person: str
    what: kinds.AnswerKind
    value: str
    is_right: bool
    how: str
    at: datetime


class Sent(Struct, frozen=True):
    """What was posted last of an alert: that it fires since a time, or that it is over; and whether it was taken."""

    sent_at: datetime
    starts_at: datetime
    ends_at: datetime
    is_end: bool = False
    is_taken: bool = False


class Span(Struct, frozen=True):
    """While its clock ran."""

    began: datetime
    ended: datetime | None = None


class Drill(Struct, frozen=True):
    """A drill. `clock_s` is how far it had come, in seconds of what is replayed, when its clock was started last;
    `sent` has by the number of an alert what was posted last; `revealed` by volunteer how much of the answer."""

    id: str
    state: DrillState
    scene: Scene
    speed: float
    by: str
    planned_at: datetime
    volunteers: tuple[Volunteer, ...] = ()
    started_at: datetime | None = None
    started_by: str = ""
    ended_at: datetime | None = None
    ended_how: str = ""
    why: str = ""
    clock_s: float = 0.0
    spans: tuple[Span, ...] = ()
    sent: dict[str, Sent] = {}
    revealed: dict[str, int] = {}
    answers: tuple[Answer, ...] = ()
    number: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.state in OPEN

    @property
    def people(self) -> tuple[str, ...]:
        """Who takes part."""
        return tuple(each.person for each in self.volunteers)

    @property
    def since(self) -> datetime | None:
        """Since when its clock runs without a break; None while it stands."""
        return self.spans[-1].began if self.spans and self.spans[-1].ended is None else None

    @property
    def is_loud(self) -> bool:
        """Whether something of it fires, or may, as far as was posted."""
        return any(not (each.is_end and each.is_taken) for each in self.sent.values())

    def clock_at(self, now: datetime) -> float:
        """How far it has come, in seconds of what is replayed."""
        return self.clock_s + ((now - self.since).total_seconds() * self.speed if self.since is not None else 0.0)

    def ran_s(self, since: datetime, until: datetime) -> float:
        """For how many seconds its clock ran between two times; what it stood still is nobody's time."""
        spans = ((max(each.began, since), min(each.ended or until, until)) for each in self.spans)
        return sum(max((end - begin).total_seconds(), 0.0) for begin, end in spans)

    def labels(self, alert: DrillAlert) -> dict[str, str]:
        """The labels that an alert of it is posted with."""
        return {**alert.labels, kinds.LABEL: self.id}

    def may(self, happening: str) -> bool:
        """Whether that may happen to it now."""
        return (self.state, happening) in MOVES


class DrillMoves(Struct, frozen=True):
    """What of its alerts is to be posted now, by number: that they fire (`fire`), that they are over (`end`); when to
    look again, and whether its time is over."""

    fire: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    wake_at: datetime | None = None
    is_out_of_time: bool = False


def moves(drill: Drill, now: datetime) -> DrillMoves:
    """What is to be done about a drill, from its fold and the time alone."""
    fire: list[int] = []
    end: list[int] = []
    times: list[datetime] = []
    for number, alert in enumerate(drill.scene.alerts):
        last = drill.sent.get(str(number))
        begin_s, end_s = alert.after_s, alert.after_s + alert.lasts_s if alert.lasts_s is not None else None
        clock_s = drill.clock_at(now)
        wants = drill.state == "running" and clock_s >= begin_s and (end_s is None or clock_s < end_s)
        told = last is not None and not last.is_end
        if wants != told and (wants or last is not None):
            (fire if wants else end).append(number)
        elif last is not None and not last.is_taken:
            if now >= last.sent_at + AGAIN:
                (end if last.is_end else fire).append(number)
            else:
                times.append(last.sent_at + AGAIN)
        times += [at for each in (begin_s, end_s) if (at := _at(drill, each)) is not None and at > now]
    limit = _limit(drill)
    if limit is not None:
        times.append(limit)
    return DrillMoves(tuple(fire), tuple(end), min(times, default=None), limit is not None and now >= limit)


def next_alert_at(drill: Drill, now: datetime) -> datetime | None:
    """When the next of its alerts comes, None where none is left or its clock stands."""
    times = (_at(drill, each.after_s) for each in drill.scene.alerts)
    return min((each for each in times if each is not None and each > now), default=None)


def counts_until(drill: Drill, now: datetime) -> datetime:
    """Until when an alert that is posted now counts, should nobody be there to end it."""
    return (_limit(drill) or now) + OUTLASTS


def _at(drill: Drill, clock_s: float | None) -> datetime | None:
    if clock_s is None or drill.since is None:
        return None
    return drill.since + timedelta(seconds=(clock_s - drill.clock_s) / drill.speed)


def _limit(drill: Drill) -> datetime | None:
    last = _at(drill, max((each.after_s for each in drill.scene.alerts), default=0.0))
    return max(last, drill.since) + LONGEST if last is not None and drill.since is not None else None


def stream_of(drill: str) -> str:
    """The stream of a drill."""
    return kinds.DRILLS + drill


def plain(person: str) -> str:
    """A name as drills compare it: `@Ada` and `ada` are one."""
    return person.strip().lstrip("@").lower()


def folded(events: Iterable[Event], before: Drill | None = None) -> Drill | None:
    """The drill after these events, None before its first."""
    drill = before
    for event in events:
        drill = after(drill, event)
    return drill


def after(drill: Drill | None, event: Event) -> Drill | None:
    """The drill after one more event; an event that is not known changes only its number."""
    if event.kind == kinds.PLANNED:
        scene = msgspec.convert(event.facts["scene"], Scene)
        id = event.stream.removeprefix(kinds.DRILLS)
        return Drill(id, "planned", scene, event.facts["speed"], event.actor, event.at, number=event.number)
    if drill is None:
        return None
    fold = _FOLDS.get(event.kind)
    changes = fold(drill, event, event.facts) if fold is not None else {}
    return replace(drill, number=event.number, **changes)


def drill_of(kept: Kept) -> Drill:
    """The drill that a row of the view holds."""
    return msgspec.convert(kept.row.document, Drill)


def _joined(drill: Drill, event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    if facts["person"] in drill.people:
        return {}
    state = MOVES.get((drill.state, "join"), drill.state)
    return {"state": state, "volunteers": (*drill.volunteers, Volunteer(facts["person"], event.at))}


def _left(drill: Drill, event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    staying = tuple(each for each in drill.volunteers if each.person != facts["person"])
    return {"state": MOVES.get((drill.state, "leave" if staying else "leave last"), drill.state), "volunteers": staying}


def _started(drill: Drill, event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    return {"state": "running", "speed": facts["speed"], "started_at": event.at, "started_by": event.actor,
            "spans": (Span(event.at),)}  # fmt: skip


def _standing(drill: Drill, event: Event) -> dict[str, Any]:
    """Its clock stands from now on."""
    if drill.since is None:
        return {}
    return {"clock_s": drill.clock_at(event.at), "spans": (*drill.spans[:-1], replace(drill.spans[-1], ended=event.at))}


def _paused(drill: Drill, event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    return {"state": "paused", "why": facts["why"], **_standing(drill, event)}


def _went_on(drill: Drill, event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    return {"state": "running", "why": "", "spans": (*drill.spans, Span(event.at))}


def _sent(drill: Drill, event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    begins, ends = datetime.fromisoformat(facts["starts_at"]), datetime.fromisoformat(facts["ends_at"])
    told = Sent(event.at, begins, ends, facts["is_end"])
    return {"sent": {**drill.sent, **{str(number): told for number in facts["which"]}}}


def _taken(drill: Drill, event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    taken = {
        key: replace(last, is_taken=True) for number, sent_at in facts["which"]
        if (last := drill.sent.get(key := str(number))) is not None and last.sent_at.isoformat() == sent_at
    }  # fmt: skip
    return {"sent": {**drill.sent, **taken}}


def _revealed(drill: Drill, event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    return {"revealed": {**drill.revealed, facts["person"]: facts["number"]}}


def _answered(drill: Drill, event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    return {"answers": (*drill.answers, Answer(**facts, at=event.at))}


def _ended(drill: Drill, event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    return {"state": "over", "ended_at": event.at, "ended_how": facts["how"], "why": facts["why"],
            **_standing(drill, event)}  # fmt: skip


def _cancelled(drill: Drill, event: Event, facts: dict[str, Any]) -> dict[str, Any]:
    return {"state": "cancelled", "ended_at": event.at, "ended_how": "cancelled", "why": facts["why"]}


_FOLDS = {
    kinds.JOINED: _joined,
    kinds.LEFT: _left,
    kinds.STARTED: _started,
    kinds.PAUSED: _paused,
    kinds.WENT_ON: _went_on,
    kinds.ALERTS_SENT: _sent,
    kinds.ALERTS_TAKEN: _taken,
    kinds.REVEALED: _revealed,
    kinds.ANSWERED: _answered,
    kinds.ENDED: _ended,
    kinds.CANCELLED: _cancelled,
}


def _row(row: Row | None, event: Event) -> Row | None:
    drill = after(row.document if row is not None else None, event)
    return Row(drill.is_open or drill.is_loud, drill.scene.source, drill) if drill is not None else None


DRILL_VIEW = View("drills", 1, kinds.DRILLS, _row, Drill)

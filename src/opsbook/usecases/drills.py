"""The verbs of drills: what people want of them. Records it; whoever leads the engine posts and ends the alerts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime

from opsbook.ground.errors import Conflict, Refusal, Usage
from opsbook.ledger import drill_events as events
from opsbook.ledger.drill import DRILL_VIEW, Drill, drill_of, folded, plain, stream_of
from opsbook.ledger.event import Draft
from opsbook.usecases.drill_score import Score, happened, scored
from opsbook.usecases.ledger_ports import EngineLedger, Timer
from opsbook.usecases.run_start import run_id

TRIES = 8
FASTEST, SLOWEST = 1000.0, 0.1
MOST_ALERTS = 200
MOST_LETTERS = 500
_WHY_NOT = {
    "planned": "nobody takes part yet", "joined": "it has not begun", "running": "it runs", "paused": "it is paused",
    "over": "it is over", "cancelled": "it was called off",
}  # fmt: skip


class Drills:
    """The drills of a ledger. Any thread may call anything; `nudge` wakes whoever leads the engine."""

    def __init__(
        self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes],
        nudge: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._now = now
        self._chance = chance
        self._nudge = nudge

    def all(self, *, is_open: bool | None = None, limit: int = 100) -> list[Drill]:
        """Drills, those planned last first."""
        found = [drill_of(row) for row in self._ledger.rows(DRILL_VIEW.name, limit=limit)]
        return [each for each in found if is_open is None or each.is_open == is_open]

    def find(self, id: str) -> Drill:
        """The drill of that id, the beginning of it that no other has, or 'last'. Raises Usage."""
        if id != "last" and (events_of := self._ledger.read(stream_of(id))):
            found = folded(events_of)
            assert found is not None
            return found
        near = [each for each in self.all(limit=500) if id == "last" or (id and each.id.startswith(id))]
        if not near or (id != "last" and len(near) > 1):
            why = "Several begin so" if near else "There is none"
            raise Usage(f"{why}: drill '{id[:40]}'.", at_terminal="'opsbook drill list' shows all.")
        return near[0]

    def score(self, drill: Drill) -> tuple[Score, ...]:
        """The figures of everybody who takes part."""
        return scored(drill, happened(self._ledger, drill))

    def plan(self, scene: events.Scene, by: str, *, speed: float = 1.0) -> Drill:
        """A new one, which nobody takes part in yet. Raises Usage for a speed that cannot be."""
        if not scene.alerts or len(scene.alerts) > MOST_ALERTS:
            raise Usage(f"A drill has 1 to {MOST_ALERTS} alerts; this would have {len(scene.alerts)}.")
        now = self._now()
        id = run_id(now, self._chance(4))
        draft = events.planned(scene, checked_speed(speed))
        self._ledger.append(stream_of(id), (draft,), expected=0, actor=by, at=now)
        return self.find(id)

    def join(self, id: str, by: str) -> Drill:
        """Takes part, by one's own will: the pages of the drill go to whoever did."""
        def drafts(drill: Drill) -> Iterable[Draft]:
            self._check(drill, "join", "joined")
            return () if plain(by) in drill.people else (events.joined(plain(by)),)

        return self._change(id, by, drafts)

    def leave(self, id: str, by: str) -> Drill:
        """Takes part no more; only before it begins."""
        def drafts(drill: Drill) -> Iterable[Draft]:
            self._check(drill, "leave", "left")
            self._taking_part(drill, by)
            return (events.left(plain(by)),)

        return self._change(id, by, drafts)

    def beside(self, source: str, people: Iterable[str], but: str = "") -> Drill | None:
        """A drill of the same that is under way, which one of these people takes part in; `but` is not meant."""
        names = {plain(each) for each in people}
        return next(
            (each for each in self.all(is_open=True, limit=500) if each.state in ("running", "paused")
             and each.id != but and each.scene.source == source and names & set(each.people)), None,
        )  # fmt: skip

    def check_alone(self, source: str, people: Iterable[str], but: str = "") -> None:
        """Raises Refusal, with its id, where one of these people is in a drill of the same."""
        if (other := self.beside(source, people, but)) is not None:
            raise Refusal(f"Drill {other.id} of the same is under way. Finish or stop it first.",
                          at_terminal="'--again' starts another beside it.")  # fmt: skip

    def start(self, id: str, by: str, *, speed: float | None = None, again: bool = False) -> Drill:
        """Has its clock run. Raises Refusal where nobody takes part, and, but for `again`, where one who does is in
        another drill of the same."""
        def drafts(drill: Drill) -> Iterable[Draft]:
            if drill.state == "planned":
                raise Refusal("Nobody has joined it, so there is nobody to page. Join it first.",
                              at_terminal=f"'opsbook drill join {drill.id}' does.")  # fmt: skip
            self._check(drill, "start", "started")
            if not again:
                self.check_alone(drill.scene.source, drill.people, drill.id)
            return (events.started(checked_speed(drill.speed if speed is None else speed)),)

        return self._change(id, by, drafts)

    def pause(self, id: str, by: str, why: str = "") -> Drill:
        """Stops its clock: nothing of it fires, and nobody is paged until it goes on."""
        draft = events.paused(why[:MOST_LETTERS])
        return self._change(id, by, lambda drill: self._one(drill, "pause", "paused", draft))

    def go_on(self, id: str, by: str) -> Drill:
        """Has its clock run on from where it stood."""
        return self._change(id, by, lambda drill: self._one(drill, "go on", "continued", events.went_on()))

    def stop(self, id: str, by: str, why: str = "") -> Drill:
        """Ends it, whatever state it is in: all its alerts and pages end too. What has not begun is called off."""
        def drafts(drill: Drill) -> Iterable[Draft]:
            if drill.may("cancel"):
                return (events.cancelled(why[:MOST_LETTERS] or f"{by} called it off."),)
            self._check(drill, "stop", "stopped")
            return (events.ended("stopped", why[:MOST_LETTERS] or f"{by} stopped it."),)

        return self._change(id, by, drafts)

    def reveal(self, id: str, by: str) -> tuple[Drill, str]:
        """The next piece of the answer, to whoever asks. Raises Refusal where all was told."""
        def drafts(drill: Drill) -> Iterable[Draft]:
            self._check(drill, "reveal", "told more of")
            self._taking_part(drill, by)
            number = drill.revealed.get(plain(by), 0) + 1
            if number > len(drill.scene.reveals):
                raise Refusal("There is no more to tell: you have seen all of the answer.")
            return (events.revealed(plain(by), number),)

        drill = self._change(id, by, drafts)
        return drill, drill.scene.reveals[drill.revealed[plain(by)] - 1]

    def answer(
        self, id: str, by: str, what: events.AnswerKind, value: str, *, how: str = "said"
    ) -> tuple[Drill, bool]:
        """Says which section (PATH#ANCHOR) or which step is right; whether it is. `how` is said, or opened."""
        def drafts(drill: Drill) -> Iterable[Draft]:
            self._check(drill, "answer", "answered")
            self._taking_part(drill, by)
            if not value.strip():
                raise Usage("Say which section, as PATH#ANCHOR, or which step, by its number.")
            if what == "step" and not drill.scene.has_step:
                raise Refusal("No page tells steps for it, so there is no right one to name.")
            right = is_right(drill.scene, what, value)
            return (events.answered(plain(by), what, value.strip()[:MOST_LETTERS], is_right=right, how=how),)

        return self._change(id, by, drafts), is_right(self.find(id).scene, what, value)

    # -- parts --------------------------------------------------------------------------------------------------

    def _one(self, drill: Drill, happening: str, done: str, draft: Draft) -> Iterable[Draft]:
        self._check(drill, happening, done)
        return (draft,)

    def _check(self, drill: Drill, happening: str, done: str) -> None:
        if not drill.may(happening):
            raise Refusal(f"Drill {drill.id} cannot be {done}: {_WHY_NOT[drill.state]}.")

    def _taking_part(self, drill: Drill, by: str) -> None:
        if plain(by) not in drill.people:
            raise Refusal(f"{by} does not take part in drill {drill.id}. Join it first.")

    def _change(self, id: str, by: str, drafts: Callable[[Drill], Iterable[Draft]]) -> Drill:
        for tried in range(1, TRIES + 1):
            drill, now = self.find(id), self._now()
            told = tuple(drafts(drill))
            if not told:
                return drill
            stream = stream_of(drill.id)
            try:
                self._ledger.append(
                    stream, told, expected=drill.number, actor=by, at=now,
                    set_timers=(Timer(stream, events.LOOK, now),),
                )  # fmt: skip
                break
            except Conflict:  # somebody else, or the engine, was quicker: decide anew
                if tried == TRIES:
                    raise
        self._nudge()
        return self.find(drill.id)


def is_right(scene: events.Scene, what: events.AnswerKind, value: str) -> bool:
    """Whether an answer is right: of a section the page must be the same and, where the right one has an anchor, that
    too; of a step its number, with its procedure before it or not."""
    said = value.strip().strip("`")
    if what == "section":
        path, _, anchor = said.lstrip("/").partition("#")
        return bool(path) and any(_is_place(path, anchor, each) for each in scene.sections)
    where, _, number = said.rpartition(" ")
    if where and where.rstrip() not in scene.procedures and where.strip().lower() != "step":
        number = said
    if said in scene.procedures and not scene.steps:
        return True
    right = {each.lower().rstrip(".") for each in scene.steps}
    return number.lower().rstrip(".") in right


def _is_place(path: str, anchor: str, right: str) -> bool:
    right_path, _, right_anchor = right.partition("#")
    return (right_path == path or right_path.endswith(f"/{path}")) and (not right_anchor or right_anchor == anchor)


def checked_speed(speed: float) -> float:
    """A speed that a clock can have; raises Usage."""
    if not math.isfinite(speed) or not SLOWEST <= speed <= FASTEST:
        raise Usage(f"A drill's clock runs {SLOWEST:g} to {FASTEST:g} times as fast as life: write such as 10x.")
    return speed


def read_speed(text: str) -> float:
    """A speed as it is typed: `10x`, `10`, `2.5x`. Raises Usage."""
    try:
        return checked_speed(float(text.strip().lower().removesuffix("x")))
    except ValueError:
        raise Usage(f"'{text[:20]}' is no speed. Write how many times as fast, such as 10x.") from None

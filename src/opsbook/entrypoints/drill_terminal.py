"""What the verbs of drills on the command line share: the drills of a ledger, who acts, how one is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from opsbook.entrypoints.options import Shared
from opsbook.entrypoints.people import who_acts

if TYPE_CHECKING:
    from opsbook.config import Config
    from opsbook.ledger.drill import Drill
    from opsbook.usecases.drill_desk import DrillDesk
    from opsbook.usecases.scheduled_drills import Scheduled

_STATES = {"planned": "nobody takes part yet", "joined": "waits to be started", "running": "runs", "paused": "paused",
           "over": "over", "cancelled": "called off"}  # fmt: skip
WHOLE_S = 60.0


class DrillTerminal(Struct, frozen=True):
    """The verbs of drills over a ledger."""

    config: Config
    ledger: Any
    desk: DrillDesk

    def who(self) -> str:
        """Who acts: the account whose token is in OPSBOOK_TOKEN, else the user of this machine."""
        return who_acts(self.config, self.ledger, "respond")

    def volunteer(self) -> str:
        """Who takes part: the account of the token, else the person of the book whose handle this user's name is.
        Raises Refusal where nobody would be reached."""
        from opsbook.config import token
        from opsbook.entrypoints.people import at_terminal
        from opsbook.ground.errors import Refusal

        if token():
            return self.who()
        name = at_terminal().partition(":")[2]
        if name in self._handles():
            return name
        raise Refusal(
            f"'{name}' is no person of the book, so no page would reach you.",
            at_terminal="Put a token of your account into OPSBOOK_TOKEN ('opsbook token add' makes one), or have a page"
            f" of people name the handle @{name} with a contact.",
        )  # fmt: skip

    def me(self) -> str:
        """Whoever acts, by the name that they take part under."""
        from opsbook.config import token

        acts = self.who()
        name = acts.partition(":")[2]
        return name if not token() and name in self._handles() else acts

    def _handles(self) -> set[str]:
        from opsbook.book.roster.values import plain_name
        from opsbook.usecases.oncall import directory_of

        people = directory_of(self.desk.maker().book).people
        return {plain_name(person.handle).removeprefix("@") for _, person in people.values() if person.handle}

    def _looks(self) -> str:
        from opsbook.config import token

        return who_acts(self.config, self.ledger, "read") if token() else self.me()

    def why_not_now(self) -> list[str]:
        """What keeps its alerts from being posted now, in sentences."""
        from datetime import UTC, datetime

        from opsbook.usecases.paging_audit import audit
        from opsbook.wire_ledger import served_at

        if served_at(self.config) is None:
            return ["No server runs on this ledger, so nothing will come. Its alerts come once 'opsbook serve' runs."]
        return list(audit(self.ledger, datetime.now(UTC)).troubles)

    def without_step(self, drill: Drill) -> list[str]:
        """That there is no right step, before anybody looks for one."""
        from opsbook.usecases.drill_desk import without_step

        return [told] if (told := without_step(drill.scene)) else []

    def fault(self, drill: Drill) -> list[str]:
        """What a person may break a sandbox with; nothing runs it by itself."""
        return [f"To break a sandbox for it: {drill.scene.fault}"] if drill.scene.fault else []

    def tell(self, shared: Shared, drill: Drill, *lines: str) -> None:
        """Prints a drill, with what was done before it."""
        from opsbook.entrypoints.people import show as answer
        from opsbook.entrypoints.shown.terminal import printable
        from opsbook.usecases.drill_desk import drill_model

        model = drill_model(drill, self.desk.happened(drill), self._looks() if drill.is_open else "")
        told = [printable(each) for line in lines for each in line.split("\n")]
        whole = [] if lines and drill.is_open else [*([""] if lines else []), *drill_text(model)]
        answer(shared, model, iter([*told, *whole]))


def listed(drill: Drill) -> tuple[str, ...]:
    """A drill in a list."""
    return drill.id, drill.state, drill.scene.kind, drill.scene.title, ", ".join(drill.people)


def scheduled_lines(all_: Sequence[Scheduled]) -> Iterator[str]:
    """The procedures that are to be practised, a line each; nothing where no page says so."""
    from opsbook.entrypoints.people import table
    from opsbook.entrypoints.shown.terminal import printable

    if not all_:
        return
    yield ""
    heads = ("TO PRACTISE", "WHEN", "EVERY", "ON", "WHO")
    yield from table(heads, [
        (each.drill.where, each.drill.words, each.drill.plan.every, each.drill.plan.on or "-",
         ", ".join(each.drill.plan.who) or "-")
        for each in all_
    ])  # fmt: skip
    for each in all_:
        if each.why_not:
            yield printable(f"{each.drill.where}: {each.why_not.splitlines()[0]}")
        elif each.told.run:
            yield printable(f"{each.drill.where}: run {each.told.run} on {each.told.on}, {each.run_state}.")


def drill_text(model: dict[str, Any]) -> Iterator[str]:
    """A drill as text."""
    from opsbook.entrypoints.people import table
    from opsbook.entrypoints.shown.terminal import printable

    yield f"DRILL {model['id']}  {_STATES[model['state']]}"
    service = f" · {model['service']}" if model["service"] else ""
    faster = f" · {model['speed']:g}x as fast" if model["speed"] != 1 else ""
    yield printable(f"{model['title']}{service} · {model['severity']}{faster}")
    if model["why"]:
        yield printable(model["why"])
    if model["score"]:
        yield ""
        heads = ("VOLUNTEER", "ACKNOWLEDGED", "SECTION", "STEP", "TOLD", "WRONG")
        yield from table(heads, [_row(each, model["reveals"]["count"]) for each in model["score"]])
    seen = model["reveals"]["seen"]
    if seen:
        yield ""
        yield "The answer:" if model["answer"] else "What you were told:"
        yield from _numbered(seen)
    if model["answer"]:
        yield ""
        yield f"Right section: {', '.join(model['answer']['sections']) or 'any'}"
        any_ = "any of its procedure" if model["answer"]["procedures"] else "none"
        yield f"Right step: {', '.join(model['answer']['steps']) or any_}"
        yield from map(printable, (model["debrief"] or "").splitlines())


def _numbered(pieces: Sequence[str]) -> Iterator[str]:
    from opsbook.entrypoints.shown.terminal import printable

    for number, piece in enumerate(pieces, 1):
        first, *more = map(printable, piece.split("\n"))
        yield f"  {number}. {first}"
        yield from (f"     {line}" for line in more)


def _row(score: dict[str, Any], count: int) -> tuple[str, ...]:
    took = (_took(score[each]) for each in ("acknowledged_s", "section_s", "step_s"))
    return score["person"], *took, f"{score['reveals']} of {count}", str(score["wrong"])


def _took(seconds: float | None) -> str:
    from opsbook.book.plan_words import length_words

    return "-" if seconds is None else length_words(round(seconds)) if seconds >= 1 else "at once"


@contextmanager
def drill_terminal(shared: Shared) -> Iterator[DrillTerminal]:
    """It, until the end of the `with`. The book is read once something asks of it."""
    from opsbook.drill_parts import build_drill_desk
    from opsbook.usecases.library import Library
    from opsbook.wire import build_library
    from opsbook.wire_ledger import build_ledger

    config = shared.config()
    with ExitStack() as stack:
        ledger = build_ledger(config)
        stack.callback(ledger.close)
        kept: list[Library] = []

        def library() -> Library:
            if not kept:
                made = build_library(config, keeps_facts=False)
                stack.callback(made.close)
                made.wait_whole(WHOLE_S)
                kept.append(made)
            return kept[0]

        yield DrillTerminal(config, ledger, build_drill_desk(config, ledger, library))

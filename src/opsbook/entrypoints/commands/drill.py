"""`opsbook drill`: practising with the real path of alerts, for whoever joins. Posts nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb

_DRILL = click.argument("drill", metavar="DRILL")
_SPEED = click.option("--speed", default="", metavar="N", help="How many times as fast its clock runs, such as 10x.")


def _wanted(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what is drilled."""
    for option in (
        click.option("--report", default="", metavar="PAGE", help="A past incident, by its report in the book."),
        click.option("--incident", type=int, metavar="N", help="A past incident of the ledger, as it went."),
        click.option("--scenario", default="", metavar="PAGE", help="A page of the book's folder 'drills'."),
        click.option("--section", default="", metavar="PAGE#ANCHOR", help="A section that somebody is to find."),
        click.option("--alert", default="", metavar="NAME", help="An alert that a page of the book speaks of."),
    ):
        command = option(command)
    return command


@verb("list", examples=("opsbook drill list", "opsbook drill list --all --format json"))
@click.option("--all", "is_all", is_flag=True, help="Also those that are over.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, metavar="N", help="How many.")
def list_(shared: Shared, *, is_all: bool, limit: int) -> None:
    """List drills, those planned last first, and the procedures that are to be practised."""
    from opsbook.entrypoints.drill_terminal import drill_terminal, listed, scheduled_lines
    from opsbook.entrypoints.people import show as answer
    from opsbook.entrypoints.people import table
    from opsbook.usecases.drill_desk import drill_model
    from opsbook.usecases.scheduled_drills import scheduled_model

    with drill_terminal(shared) as found:
        scheduled = found.desk.scheduled()
        drills = found.desk.drills.all(is_open=None if is_all else True, limit=limit)
        models = [drill_model(each, found.desk.happened(each)) for each in drills]
    empty = "Nobody has drilled yet." if is_all else "No drill is planned or runs. 'opsbook drill new' plans one."
    heads = ("ID", "STATE", "KIND", "WHAT", "VOLUNTEERS")
    lines = table(heads, [listed(each) for each in drills]) if drills else iter((empty,))
    told = {"drills": models, "scheduled": [scheduled_model(each) for each in scheduled]}
    answer(shared, told, chain(lines, scheduled_lines(scheduled)))


@verb("show", examples=("opsbook drill show last", "opsbook drill score last --format json"))
@_DRILL
def show(shared: Shared, drill: str) -> None:
    """Show a drill: who takes part, what they did and when; once it is over, the answer.

    DRILL is its id, the beginning of it that no other has, or 'last'.
    """
    _shown(shared, drill)


@verb("score", examples=("opsbook drill score last",))
@_DRILL
def score(shared: Shared, drill: str) -> None:
    """Show how long each who took part needed. It ranks nobody."""
    _shown(shared, drill)


def _shown(shared: Shared, drill: str) -> None:
    from opsbook.entrypoints.drill_terminal import drill_terminal

    with drill_terminal(shared) as found:
        found.tell(shared, found.desk.drills.find(drill), *())


@verb("new", examples=("opsbook drill new --alert ApiErrors", "opsbook drill new --scenario drills/api.md --speed 10x"))
@_wanted
@_SPEED
def new(shared: Shared, *, speed: str, **wanted: object) -> None:
    """Plan a drill, for people to join. Nobody is paged before it is started, and only those who joined."""
    from opsbook.entrypoints.drill_terminal import drill_terminal
    from opsbook.usecases.drill_desk import Wanted
    from opsbook.usecases.drills import read_speed

    with drill_terminal(shared) as found:
        made = found.desk.plan(Wanted(**wanted), found.who(), read_speed(speed or "1"))  # type: ignore[arg-type]
        found.tell(shared, made, f"Drill {made.id} is planned. 'opsbook drill join {made.id}' takes part.",
                   *found.without_step(made), *found.fault(made))  # fmt: skip


@verb("join", examples=("opsbook drill join last",))
@_DRILL
def join(shared: Shared, drill: str) -> None:
    """Take part: the pages of the drill come to you as real ones do."""
    from opsbook.entrypoints.drill_terminal import drill_terminal

    with drill_terminal(shared) as found:
        done = found.desk.drills.join(drill, found.volunteer())
        found.tell(shared, done, f"You take part in drill {done.id}.")


@verb("leave", examples=("opsbook drill leave last",))
@_DRILL
def leave(shared: Shared, drill: str) -> None:
    """Take part no more, before it begins."""
    from opsbook.entrypoints.drill_terminal import drill_terminal

    with drill_terminal(shared) as found:
        done = found.desk.drills.leave(drill, found.me())
        found.tell(shared, done, f"You do not take part in drill {done.id}.")


@verb(
    "start",
    examples=(
        "opsbook drill start last",
        "opsbook drill start --alert ApiErrors --speed 10x",
        "opsbook drill start --section runbooks/api.md#issue-api-returns-500",
    ),
)
@click.argument("drill", metavar="[DRILL]", required=False, default="")
@_wanted
@_SPEED
@click.option("--again", is_flag=True, help="Though you are in another drill of the same.")
def start(shared: Shared, *, drill: str, speed: str, again: bool, **wanted: object) -> None:
    """Have the clock of a drill run.

    Without DRILL one is planned of what the options say, and you take part.
    """
    from opsbook.entrypoints.drill_terminal import drill_terminal
    from opsbook.ground.errors import Usage
    from opsbook.usecases.drill_desk import Wanted
    from opsbook.usecases.drills import read_speed

    if drill and any(wanted.values()):
        raise Usage("Name a drill that is planned, or say what to drill, and not both.")
    factor = read_speed(speed) if speed else None
    with drill_terminal(shared) as found:
        if not drill:
            person = found.volunteer()  # before anything is planned
            scene = found.desk.scene(Wanted(**wanted))  # type: ignore[arg-type]
            if not again:  # else a plan would be left behind
                found.desk.drills.check_alone(scene.source, [person])
            made = found.desk.drills.plan(scene, found.who(), speed=factor or 1.0)
            drill = found.desk.drills.join(made.id, person).id
        done = found.desk.drills.start(drill, found.who(), speed=factor, again=again)
        lines = [f"Drill {done.id} is started. Answer its page as you would a real one.", *found.without_step(done),
                 *found.why_not_now()]
        found.tell(shared, done, *lines)


@verb("pause", examples=("opsbook drill pause last", "opsbook drill pause last --why 'a real page'"))
@_DRILL
@click.option("--why", default="", metavar="TEXT", help="The reason, which is kept.")
def pause(shared: Shared, drill: str, why: str) -> None:
    """Stop the clock: its alerts and pages end until it goes on."""
    from opsbook.entrypoints.drill_terminal import drill_terminal

    with drill_terminal(shared) as found:
        done = found.desk.drills.pause(drill, found.who(), why)
        found.tell(shared, done, f"Drill {done.id} is paused. 'opsbook drill go-on {done.id}' goes on.")


@verb("go-on", examples=("opsbook drill go-on last",))
@_DRILL
def go_on(shared: Shared, drill: str) -> None:
    """Have the clock of a paused drill run on."""
    from opsbook.entrypoints.drill_terminal import drill_terminal

    with drill_terminal(shared) as found:
        done = found.desk.drills.go_on(drill, found.who())
        found.tell(shared, done, f"Drill {done.id} goes on.")


@verb("stop", examples=("opsbook drill stop last", "opsbook drill stop last --why 'a real page'"))
@_DRILL
@click.option("--why", default="", metavar="TEXT", help="The reason, which is kept.")
def stop(shared: Shared, drill: str, why: str) -> None:
    """End a drill, whatever state it is in, with all its alerts and pages."""
    from opsbook.entrypoints.drill_terminal import drill_terminal

    with drill_terminal(shared) as found:
        done = found.desk.drills.stop(drill, found.who(), why)
        found.tell(shared, done, f"Drill {done.id} is {done.state}.")


@verb("reveal", examples=("opsbook drill reveal last",))
@_DRILL
def reveal(shared: Shared, drill: str) -> None:
    """Be told the next piece of the answer. How many you needed is a part of the score."""
    from opsbook.entrypoints.drill_terminal import drill_terminal

    with drill_terminal(shared) as found:
        done, told = found.desk.drills.reveal(drill, found.me())
        found.tell(shared, done, told)


@verb(
    "answer",
    examples=(
        "opsbook drill answer last section runbooks/api.md#issue-api-returns-500",
        "opsbook drill answer last step 2",
    ),
)
@_DRILL
@click.argument("what", type=click.Choice(["section", "step"]))
@click.argument("value", metavar="PAGE#ANCHOR|STEP")
def reply(shared: Shared, drill: str, what: str, value: str) -> int:
    """Say which section, or which step of it, is the right one. Exits 1 where it is not."""
    from opsbook.entrypoints.drill_terminal import drill_terminal

    with drill_terminal(shared) as found:
        done, is_right = found.desk.answer(drill, found.me(), what, value)
        found.tell(shared, done, f"That is the right {what}." if is_right else f"That is not the right {what}.")
    return 0 if is_right else 1


command = VerbGroup(
    "drill",
    (list_, show, new, join, leave, start, pause, go_on, reveal, reply, stop, score),
    about="Practise with the real path of alerts: volunteers alone are paged.",
)

"""A run that was left is taken up again, or ended. Decides nothing about it."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterator
from contextlib import ExitStack

import click

from opsbook.book.plan import LOCAL
from opsbook.entrypoints.keyboard import ENTER, Interrupts, Keyboard
from opsbook.entrypoints.options import Shared
from opsbook.entrypoints.run_assumed import Assumed
from opsbook.entrypoints.run_desk import is_terminal, parts_of, run_named, starter
from opsbook.entrypoints.run_start import claimed, screen_of, told
from opsbook.entrypoints.running import Session
from opsbook.entrypoints.screen import Screen
from opsbook.entrypoints.shown.run import dimmed, head, step_line
from opsbook.entrypoints.shown.terminal import printable, wrapped
from opsbook.ground.durations import read_duration
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.ledger.run import Run
from opsbook.run_parts import RunParts, source_of

_MOST_DIFFERENCES = 200  # lines that are shown


def resumed(shared: Shared, name: str, *, assumes_yes: bool, waits: bool, secrets: tuple[str, ...]) -> int:
    """Takes a run up here; the exit status, as of `opsbook run`."""
    is_json = shared.format == "json"
    with ExitStack() as stack:
        parts = stack.enter_context(parts_of(shared))
        run = run_named(parts, name)
        check_here(parts, run)
        interrupts = stack.enter_context(Interrupts())
        keyboard = None
        if is_terminal(is_err=is_json) and not assumes_yes:
            keyboard = stack.enter_context(Keyboard(interrupts))
        who, screen = starter(parts).name, screen_of(is_err=is_json)
        screen.say(head(run.plan, run.commit, screen.width, run=run))
        screen.say(_so_far(run, screen.width))
        if not _is_still_meant(parts, run, screen, keyboard):
            return 3
        typed = {secret: _typed(secret, keyboard) for secret in secrets}
        lease = claimed(parts, run.id, screen)
        if run.is_paused:
            run = parts.runs.resume(run.id, who)
        assumed = Assumed(parts.runs, run, who) if assumes_yes else None
        session = Session(
            parts, screen, interrupts, keyboard=keyboard, who=who, waits=waits, typed=typed, assumed=assumed
        )
        return told(shared, screen, *session.drive(run, lease))


def check_here(parts: RunParts, run: Run) -> None:
    """Raises Refusal for a run that has ended, or whose steps have to be done on another machine."""
    if run.has_ended:
        raise Refusal(f"The run {run.id} has ended: {run.state}. 'opsbook runs show {run.id}' shows it.")
    is_local = any(step.script is not None and LOCAL in step.targets for step in run.plan.steps)
    if run.node != parts.node and is_local:
        raise Refusal(
            f"The run {run.id} was started on {run.node}, and has steps that are done there. Resume it on that machine;"
            f" 'runs confirm', 'skip', 'decide' and 'cancel' work from here."
        )


def _so_far(run: Run, width: int | None) -> Iterator[str]:
    for planned in run.plan.steps:
        step = run.step(planned.number)
        if step is not None and step.state != "pending":
            yield from step_line(planned, step, width)


def _is_still_meant(parts: RunParts, run: Run, screen: Screen, keyboard: Keyboard | None) -> bool:
    """Shows what has changed on the page since the run began, and asks; without a keyboard it is only told."""
    try:
        page = source_of(parts.config, run.plan.path).page
        now = page.document.content.decode(errors="replace")
    except (Usage, Failure):
        now = ""
    if now == run.document:
        return True
    before = run.document.splitlines()
    lines = list(difflib.unified_diff(before, now.splitlines(), "as it began", "now", lineterm="", n=2))
    said = "The page is gone since it began." if not now else "The page has changed since it began."
    screen.say([click.style(f"{said} The run goes on as it was planned.", fg="yellow")])
    for line in lines[:_MOST_DIFFERENCES] if now else ():
        colour = {"+": "green", "-": "red"}.get(line[:1])
        screen.say(wrapped(click.style(f"  {printable(line)}", fg=colour), screen.width, 4))
    if keyboard is None:
        return True
    keyboard.forget()
    screen.say(["  Enter go on · q leave it"])
    return keyboard.key() in (ENTER, "y")


def _typed(secret: str, keyboard: Keyboard | None) -> str:
    value = keyboard.line(f"  {secret}: ", is_hidden=True) if keyboard is not None else None
    if not value:
        raise Usage(f"-p {secret} is typed at a terminal, and nothing was.")
    return value


def _ended_here(parts: RunParts, run: Run, give_up: float) -> Run:
    """Ends a run that is being cancelled where nobody works on it, or nobody does any more; the run as it is then."""
    lease = None if run.has_ended else parts.engine.claim(run.id, parts.owner)
    if lease is None:
        return run
    try:
        while not run.has_ended and time.monotonic() < give_up:
            pause = parts.engine.advance(run.id, lease)
            run = pause.run
            if pause.kind not in ("ended", "time"):
                break
            if not run.has_ended:
                parts.ledger.wait(parts.ledger.head(), 0.5)
    finally:
        parts.ledger.release(lease)
    return run


def cancelled(shared: Shared, name: str, why: str, within: str) -> int:
    """Asks a run to end, and waits until nothing of it is left; 1 where it has not ended in that time."""
    length = read_duration(within)
    if length is None:
        raise Usage(f"--within: '{within}' is not a duration such as 30s or 5m.")
    with ExitStack() as stack:
        parts = stack.enter_context(parts_of(shared))
        who, screen = starter(parts).name, screen_of(is_err=shared.format == "json")
        run = parts.runs.cancel(run_named(parts, name).id, who, why)
        give_up = time.monotonic() + length.total_seconds()
        run = _ended_here(parts, run, give_up)
        while not run.has_ended and time.monotonic() < give_up:
            parts.ledger.wait(parts.ledger.head(), 0.2)
            run = _ended_here(parts, parts.runs.find(run.id), give_up)
        if not run.has_ended:
            for said in (
                f"It is not proven yet that nothing of it is left: {printable(run.why)}",
                f"It is still being cancelled; 'opsbook runs show {run.id}' tells when it is done.",
            ):
                screen.say(wrapped(dimmed(said), screen.width, 4))
        told(shared, screen, run, 0)
        return 0 if run.state == "cancelled" else 1

"""`opsbook run`: a procedure of the book, step by step, at this terminal or unattended. Decides nothing."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.options import Shared, verb

if TYPE_CHECKING:
    from opsbook.entrypoints.run_start import Wanted


@verb(
    "run",
    examples=(
        "opsbook run api#restart-service                 step by step, each confirmed",
        "opsbook run api#restart-service --dry-run       what would be run where",
        "opsbook run web#deploy -p VERSION=v1.4.0 --yes  without questions",
    ),
)
@click.argument("procedure", metavar="PAGE#ANCHOR")
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE",
    help="A parameter. NAME=@FILE reads it from a file, NAME alone asks for it.",
)
@click.option("--dry-run", "is_dry", is_flag=True, help="Print exactly what would be run where, and run nothing.")
@click.option(
    "--yes", "assumes_yes", is_flag=True,
    help="Run commands without asking and confirm manual steps unseen; never an approval, never a danger.",
)
@click.option("--on", metavar="TARGET", help="The host or group to run on, instead of the procedure's own.")
@click.option("--wait", "waits", is_flag=True, help="Wait for approvals and locks instead of leaving the run.")
@click.option("--incident", type=int, metavar="N", help="The incident that it is run for.")
def command(
    shared: Shared, procedure: str, *, parameters: tuple[str, ...], is_dry: bool, assumes_yes: bool, on: str | None,
    waits: bool, incident: int | None,
) -> int:  # fmt: skip
    """Run a procedure as it is written, step by step.

    PAGE#ANCHOR is a page, as a path or its name alone, and the anchor of a heading. At a terminal each step is shown
    before it is done, and one key runs it. Exits 0 when it succeeded, 1 when it did not, 3 when it waits for somebody.
    """
    from opsbook.entrypoints.run_start import Wanted

    wanted = Wanted(procedure, parameters, on, assumes_yes=assumes_yes, waits=waits, incident=incident)
    return _printed(shared, wanted) if is_dry else _run(shared, wanted)


def _printed(shared: Shared, wanted: Wanted) -> int:
    """The plan of a dry run. No ledger is opened for it."""
    from opsbook.entrypoints.run_desk import answer, where_named
    from opsbook.entrypoints.run_start import plan_model, values_of
    from opsbook.entrypoints.shown.run import plan_text
    from opsbook.entrypoints.shown.terminal import terminal_width
    from opsbook.run_parts import build_planner

    config = shared.config(near=_near(shared, wanted.procedure))
    runs = build_planner(config)
    where = where_named(config, wanted.procedure)
    form = runs.form(where)
    values = values_of(form, wanted, keyboard=None)
    plan = runs.plan(where, values, wanted.on)
    answer(shared, plan_model(plan, form.commit), plan_text(plan, form.commit, terminal_width()))
    return 0


def _run(shared: Shared, wanted: Wanted) -> int:
    from opsbook.config_check import check_running
    from opsbook.entrypoints.keyboard import Interrupts, Keyboard
    from opsbook.entrypoints.run_desk import is_terminal, parts_of
    from opsbook.entrypoints.run_start import carried_out, screen_of

    is_json = shared.format == "json"
    with ExitStack() as stack:
        parts = stack.enter_context(parts_of(shared, near=_near(shared, wanted.procedure)))
        check_running(parts.config)
        interrupts = stack.enter_context(Interrupts())
        keyboard = None
        if is_terminal(is_err=is_json) and not wanted.assumes_yes:
            keyboard = stack.enter_context(Keyboard(interrupts))
        return carried_out(shared, parts, wanted, screen_of(is_err=is_json), interrupts=interrupts, keyboard=keyboard)


def _near(shared: Shared, procedure: str) -> str | None:
    path = procedure.partition("#")[0]
    return path if os.path.exists(path) and shared.book is None else None

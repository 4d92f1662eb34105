"""`opsbook incident update`: what people are told, from the page's template to its publication."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from opsbook.entrypoints.incident_terminal import incident_terminal, number_argument, offline_option, warn
from opsbook.entrypoints.options import Shared, verb

if TYPE_CHECKING:
    from opsbook.entrypoints.incident_terminal import IncidentTerminal
    from opsbook.ledger.incident import Incident
    from opsbook.usecases.status_updates import DraftText

AUDIENCES = ("team", "executives", "customers")


class Wanted(Struct, frozen=True):
    """What was typed: for whom, which update if one that is there, and what is to become of it."""

    audience: str
    text: str
    update: int
    channels: tuple[str, ...] | None
    next_due: datetime | None
    corrects: int
    approves: bool
    publishes: bool
    withdraws: bool
    why: str


@verb(
    "update",
    examples=(
        "opsbook incident update 14                    write one in your editor",
        "opsbook incident update 14 --audience customers 'We are on it.' --publish",
        "opsbook incident update 14 --list",
        "opsbook incident update 14 --update 2 --approve --publish",
    ),
)
@number_argument
@click.argument("words", nargs=-1, metavar="[TEXT|-]")
@click.option("--text", metavar="TEXT", help="What is told; '-' is standard input.")
@click.option("--audience", type=click.Choice(AUDIENCES), default="team", show_default=True, metavar="WHO",
              help=f"{', '.join(AUDIENCES)}.")  # fmt: skip
@click.option("--update", "number", type=click.IntRange(1), default=None, metavar="U", help="One that is a draft.")
@click.option("--corrects", type=click.IntRange(1), default=None, metavar="U", help="The published one that was wrong.")
@click.option("--channel", "channels", multiple=True, metavar="CHANNEL", help="Where to; else as the page says.")
@click.option("--next", "due", metavar="TIME", help="When the next one is promised.")
@click.option("--approve", "approves", is_flag=True, help="It may be sent.")
@click.option("--publish", "publishes", is_flag=True, help="Send it now.")
@click.option("--withdraw", "withdraws", is_flag=True, help="It is not sent, or shown no more.")
@click.option("--list", "is_list", is_flag=True, help="All updates of it, and what is due.")
@click.option("--why", default="", metavar="TEXT", help="Why it is withdrawn.")
@offline_option
def update(shared: Shared, *, incident: str, words: Sequence[str], text: str | None, audience: str,
           number: int | None, corrects: int | None, channels: Sequence[str], due: str | None, approves: bool,
           publishes: bool, withdraws: bool, is_list: bool, why: str, offline: bool) -> None:  # fmt: skip
    """Tell people how it is: a draft from the page's template for them, sent with --publish.

    With no TEXT, at a terminal, the template opens in your editor, filled with what is known. Elsewhere it is kept as
    a draft as it is. What customers are told is approved by the commander or the communications lead.
    """
    from opsbook.entrypoints.incident_words import moment_of, words_of
    from opsbook.entrypoints.run_desk import answer
    from opsbook.entrypoints.shown.incident_updates import update_lines, updates_lines

    typed = words_of([text]) if text is not None else words_of(words)
    wanted = Wanted(audience, typed, number or 0, tuple(channels) or None,
                    moment_of(due, is_planned=True), corrects or 0, approves, publishes, withdraws, why)  # fmt: skip
    with incident_terminal(shared, offline=offline) as found:
        seen = found.desk.incidents.find(incident)
        if is_list:
            made, which = seen, 0
        else:
            if publishes:
                found.only_online("Nothing can be sent", "Without --publish it is kept as a draft.")
            made, which = _done(shared, found, seen, wanted)
        unheard = found.desk.updates.unheard(made, which) if which else ""
        unsent = found.unsent() if publishes and not unheard else ""
        model = found.model(made) if shared.format == "json" else {}
    if is_list:
        answer(shared, model, updates_lines(made))
    elif which:
        if unheard or unsent:
            warn(unheard or f"Update {which} is owed to them, and not sent yet. {unsent}")
        answer(shared, {**model, "update": which}, update_lines(made, which, is_told=not (unheard or unsent)))
    else:
        click.echo("Nothing was kept.", err=True)


def _done(shared: Shared, found: IncidentTerminal, seen: Incident, wanted: Wanted) -> tuple[Incident, int]:
    """The incident as it is by then, and which update is meant; 0 where somebody left the editor."""
    by, updates, which = found.who(), found.desk.updates, wanted.update
    if wanted.withdraws:
        return updates.withdraw(seen, by, which, wanted.why, is_admin=found.is_admin()), which
    if not which or wanted.text:
        body = wanted.text or _written(shared, updates.compose(seen, wanted.audience))
        if not body.strip():
            return seen, 0
        draft = partial(
            updates.draft, seen, by, audience=wanted.audience, body=body, next_due=wanted.next_due, update=which,
            corrects=wanted.corrects,
        )  # fmt: skip
        seen = draft() if wanted.channels is None else draft(channels=wanted.channels)
        which = which or max(each.id for each in seen.updates)
    is_customers = next((each.audience for each in seen.updates if each.id == which), "") == "customers"
    state = next((each.state for each in seen.updates if each.id == which), "")
    if wanted.approves or (wanted.publishes and is_customers and state == "draft"):
        seen = updates.approve(seen, by, which, is_admin=found.is_admin())
    if wanted.publishes:
        seen = updates.publish(seen, by, which)
    return seen, which


def _written(shared: Shared, draft: DraftText) -> str:
    """What somebody makes of the template in their editor; the template as it is where nobody is at a terminal."""
    if draft.unfilled:
        warn(f"Nobody knows yet: {', '.join(draft.unfilled)}")
    if shared.format == "json" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return draft.body
    return click.edit(draft.body + "\n", extension=".md", require_save=True) or ""

"""Status updates as text: one with what becomes of it next, all of an incident. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

import click

from opsbook.entrypoints.shown.incident import done_line
from opsbook.entrypoints.shown.terminal import printable
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import StatusUpdate

_ONWARD = {"draft": "--approve --publish sends it", "approved": "--publish sends it"}


_WHOM = {"team": "The team", "executives": "The executives", "customers": "The customers"}


def update_lines(incident: Incident, number: int, *, is_told: bool = True) -> Iterator[str]:
    """One update: what it says, and what is to be done with it; `is_told` where it goes to somebody now."""
    update = next(each for each in incident.updates if each.id == number)
    yield from _shown(update)
    onward = _ONWARD.get(update.state)
    if onward is not None:
        yield f"'opsbook incident update {incident.number} --update {update.id}' with {onward}."
    elif update.state == "published":
        where = ", ".join(update.channels)
        whom = f"{_WHOM[update.audience]} {'was' if update.audience == 'team' else 'were'}"
        told = printable(f"{whom} told of {incident.name}{f' by {where}' if where else ''}.")
        yield told if is_told else done_line(incident, f"has update {number} published; nobody has it yet.")


def updates_lines(incident: Incident) -> Iterator[str]:
    """All updates of an incident, the first first."""
    if not incident.updates:
        yield done_line(incident, f"has no update yet. 'opsbook incident update {incident.number}' writes one.")
    for update in incident.updates:
        yield from _shown(update)
        yield ""


def _shown(update: StatusUpdate) -> Iterator[str]:
    by = f", approved by {update.approved_by}" if update.approved_by else ""
    head = f"Update {update.id} for {update.audience}: {update.state}, by {update.author}{by}"
    yield click.style(printable(head), bold=True)
    for line in update.body.split("\n"):
        yield f"  {printable(line)}".rstrip()

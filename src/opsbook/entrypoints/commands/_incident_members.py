"""The verbs of `opsbook incident` about what belongs together: members, merging, splitting, bringing from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.incident_terminal import (
    changed,
    incident_terminal,
    number_argument,
    offline_option,
    why_option,
)
from opsbook.entrypoints.incident_words import member_options
from opsbook.entrypoints.options import Shared, verb

if TYPE_CHECKING:
    from opsbook.ledger.incident import Incident


@verb(
    "attach",
    examples=(
        "opsbook incident attach 14 --alert 261126-031005-k3w7 --service api",
        "opsbook incident attach 14 --run 261126-031405-a2b3",
    ),
)
@number_argument
@member_options
@why_option
@offline_option
def attach(shared: Shared, *, incident: str, why: str, offline: bool, **named: Any) -> None:
    """Say that alerts, runs, pages or services belong to it; they leave another that they belonged to."""
    members = _some(named)
    changed(
        shared, offline, lambda found, by: found.desk.incidents.attach(incident, by, members, why), _belongs
    )  # fmt: skip


@verb("detach", examples=("opsbook incident detach 14 --service api --why 'it was never hindered'",))
@number_argument
@member_options
@why_option
@offline_option
def detach(shared: Shared, *, incident: str, why: str, offline: bool, **named: Any) -> None:
    """Say that alerts, runs, pages or services do not belong to it."""
    members = _some(named)
    changed(
        shared, offline, lambda found, by: found.desk.incidents.detach(incident, by, members, why), _belongs
    )  # fmt: skip


@verb("merge", examples=("opsbook incident merge 15 --into 14 --why 'the same disk'",))
@number_argument
@click.option("--into", required=True, metavar="N", help="The one that goes on.")
@why_option
@offline_option
def merge(shared: Shared, *, incident: str, into: str, why: str, offline: bool) -> None:
    """Say that it is the same as another, which gets what belongs to it."""
    from opsbook.entrypoints.shown.incident import done_line

    changed(
        shared, offline, lambda found, by: found.desk.incidents.merge(incident, into, by, why),
        lambda made: [done_line(made, f"goes on, and has what belonged to {incident}.")],
    )  # fmt: skip


@verb("duplicate", examples=("opsbook incident duplicate 15 --of 14",))
@number_argument
@click.option("--of", "other", required=True, metavar="N", help="The one that was declared first.")
@why_option
@offline_option
def duplicate(shared: Shared, *, incident: str, other: str, why: str, offline: bool) -> None:
    """Say that it was declared twice: it is dismissed, and says of which it is a duplicate."""
    from opsbook.entrypoints.shown.incident import done_line

    changed(
        shared, offline, lambda found, by: found.desk.incidents.duplicate(incident, other, by, why),
        lambda made: [done_line(made, f"is {made.state}: a duplicate of {other}.")],
    )  # fmt: skip


@verb("split", examples=("opsbook incident split 14 --title 'Mail is late' --service mail",))
@number_argument
@click.option("--title", required=True, metavar="TITLE", help="What the new one is called.")
@member_options
@why_option
@offline_option
def split(shared: Shared, *, incident: str, title: str, why: str, offline: bool, **named: Any) -> None:
    """Make a new incident of a part of what belongs to it."""
    from opsbook.entrypoints.shown.incident import done_line

    members = _some(named)
    changed(
        shared, offline,
        lambda found, by: found.desk.incidents.split(incident, by, members, title=title, why=why),
        lambda made: [done_line(made, f"is new, {made.severity}: {made.title}")],
    )  # fmt: skip


@verb("bring", examples=("opsbook incident bring", "opsbook incident bring laptop/offline.db"))
@click.argument("file", required=False, metavar="[FILE]")
@click.option("--late", multiple=True, metavar="N=M", help="Late notes for INC-N, which nobody has here, are INC-M's.")
def bring(shared: Shared, *, file: str | None, late: tuple[str, ...]) -> None:
    """Bring what was recorded offline into the ledger, or what another FILE holds of incidents.

    Entries keep when they happened. What was brought before is left out, so it may be done again at any time. FILE is
    only read.
    """
    from opsbook.entrypoints.incident_terminal import LATE_HINT, brought_line, warn
    from opsbook.entrypoints.incident_terminal import bring as bring_from
    from opsbook.entrypoints.run_desk import answer

    late_into = dict(_pair(each) for each in late)
    with incident_terminal(shared, brings=False) as found:
        found.only_online("Nothing can be brought", "Try again once it is there.")
        brought = bring_from(found, file, late_into=late_into)
    model = {
        "incidents": [
            {"number": number, "was": was, "title": title}
            for number, was, title in (brought.incidents if brought is not None else ())
        ],
        "entries": brought.entries if brought is not None else 0,
        "late": list(brought.late) if brought is not None else [],
        "left": list(brought.left) if brought is not None else [],
    }  # fmt: skip
    answer(shared, model, iter((brought_line(brought) if brought is not None else "Nothing waits to be brought.",)))
    for sentence in (*brought.left, LATE_HINT) if brought is not None and brought.left else ():
        warn(sentence)


def _pair(text: str) -> tuple[int, int]:
    from opsbook.entrypoints.incident_notes import number_in
    from opsbook.ground.errors import Usage

    was, _, now = text.partition("=")
    numbers = (number_in(was), number_in(now))
    if numbers[0] is None or numbers[1] is None:
        raise Usage(f"'{text}' names no two incidents. Write such as 14=3: the notes for INC-14 are INC-3's.")
    return numbers[0], numbers[1]


def _some(named: dict[str, Any]) -> Any:
    from opsbook.entrypoints.incident_words import members_of
    from opsbook.ground.errors import Usage
    from opsbook.ledger.incident_events import Members

    members = members_of(**named)
    if members == Members():
        raise Usage("Name what is meant: --alert, --run, --page or --service.")
    return members


def _belongs(made: Incident) -> list[str]:
    from opsbook.entrypoints.shown.incident import done_line

    counts = [f"{len(ids)} {name if len(ids) != 1 else name[:-1]}" for name, ids in (
        ("alerts", made.alerts), ("runs", made.runs), ("pages", made.pages)) if ids]  # fmt: skip
    counts += [f"services: {', '.join(made.services)}"] if made.services else []
    return [done_line(made, f"has {', '.join(counts)}." if counts else "has nothing that belongs to it.")]

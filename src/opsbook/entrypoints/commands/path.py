"""`opsbook path`: what to read first for a service or a role, and how far somebody is with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.options import Shared, verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opsbook.usecases.reading import Progress

_MARKS = {"read": "x", "changed": "~", "unread": " "}


@verb(
    "path",
    examples=(
        "opsbook path                               every reading path that there is",
        "opsbook path api-service                   what to read first of a service",
        "opsbook path on-call-engineer --done 3     its third section is read",
        "opsbook path api-service --undo 3          it is not, after all",
    ),
)
@click.argument("name", metavar="SERVICE|ROLE", required=False, default="")
@click.option("--done", metavar="SECTION", help="This section is read: its number, anchor or title.")
@click.option("--undo", metavar="SECTION", help="This section is not read after all.")
@click.option("--person", metavar="NAME", help="Whose progress, where it is not your own.")
def command(shared: Shared, *, name: str, done: str | None, undo: str | None, person: str | None) -> None:
    """Show a reading path and how far you are along it.

    Without a name all paths are listed. A section that was changed since you read it is marked ~ and counts as unread.
    """
    from opsbook.entrypoints.incident_terminal import incident_terminal
    from opsbook.entrypoints.people import show as answer
    from opsbook.entrypoints.people import table, who_acts
    from opsbook.ground.errors import Refusal, Usage
    from opsbook.usecases.reading import Readings, progress, progress_model
    from opsbook.usecases.reading_paths import find_path, path_names, reading_path

    if not name and (done or undo):
        raise Usage("Name the service or the role whose section that is.")
    with incident_terminal(shared, brings=False) as found:
        book = found.book
        if not name:
            names = path_names(book)
            rows = [(each.kind, each.name, each.title) for each in names]
            told = [{"kind": e.kind, "name": e.name, "title": e.title, "about": e.about} for e in names]
            answer(shared, {"paths": told}, table(("KIND", "NAME", "TITLE"), rows))
            return
        path = reading_path(book, find_path(book, name), found.editing.library.page)
        me = who_acts(found.config, found.ledger, "own-account")
        who = (person or me).removeprefix("terminal:")
        # At the terminal without an account whoever is there can read the ledger's file anyway.
        is_theirs = me.startswith("terminal:") or who.lower() == me.lower()
        if not is_theirs and not found.is_admin():
            raise Refusal("How far somebody else is, is theirs to see, and an admin's.")
        readings = Readings(found.ledger, found.now)
        made = progress(path, readings.marks(who))
        for section, is_read in ((done, True), (undo, False)):
            if section:
                found.only_online("Progress cannot be kept")
                made = readings.mark(who, path, section, is_read=is_read)
    answer(shared, {"person": who, **progress_model(made)}, _lines(made))


def _lines(found: Progress) -> Iterator[str]:
    from opsbook.entrypoints.shown.terminal import printable

    path, part = found.path, ""
    yield click.style(printable(path.title), bold=True) + f"  {printable(path.about)}"
    left = f"about {found.minutes_left} of {path.minutes} minutes left"
    yield f"{found.read} of {len(found.steps)} sections read; {left}."
    for number, step in enumerate(found.steps, 1):
        each = step.section
        if each.part != part:
            part = each.part
            yield click.style(part, bold=True)
        where = click.style(printable(each.key), dim=True)
        changed = "  changed since you read it" if step.state == "changed" else ""
        yield f"  [{_MARKS[step.state]}] {number:>2}  {printable(each.title)}  {each.minutes} min  {where}{changed}"
    if path.drill:
        yield f"Then practise {printable(path.drill_title)}: opsbook run {printable(path.drill)} --dry-run"

"""`opsbook incident actions`: what was promised after all incidents, ticked off, opened again, proven."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.incident_terminal import incident_terminal, why_option
from opsbook.entrypoints.options import Shared, verb

if TYPE_CHECKING:
    from datetime import date

    from opsbook.usecases.action_marking import Listed

DOES = ("list", "done", "open", "prove")
STATES = ("left", "all", "open", "in progress", "done", "verified", "doubtful", "dropped", "unmarked")


@verb(
    "actions",
    examples=(
        "opsbook incident actions",
        "opsbook incident actions list --owner @ada --late",
        "opsbook incident actions done 3f9c2a --why 'merged in #12'",
        "opsbook incident actions open 14-2",
        "opsbook incident actions prove 3f9c2a",
    ),
)
@click.argument("do", type=click.Choice(DOES), default="list", metavar="[list|done|open|prove]")
@click.argument("key", required=False, metavar="[KEY]")
@click.option("--owner", default="", metavar="NAME", help="Whose; 'nobody' for those without an owner.")
@click.option("--late", is_flag=True, help="Only those whose day has passed.")
@click.option("--state", type=click.Choice(STATES), default="left", show_default=True, metavar="STATE",
              help=f"{', '.join(STATES)}.")  # fmt: skip
@why_option
def actions(shared: Shared, *, do: str, key: str | None, owner: str, late: bool, state: str, why: str) -> None:
    """What was promised after incidents, in the book's pages and in the ledger; tick it off by its KEY.

    A tick is a commit of the page that has the box. A proof that is an address is asked, one that is a procedure is
    proven by its last run; a command out of a report is never run: run it yourself, and say with --why what it printed.
    """
    from opsbook.entrypoints.people import who_acts
    from opsbook.entrypoints.run_desk import answer
    from opsbook.ground.errors import PageConflict, Refusal, Usage
    from opsbook.usecases.action_items import Wanted
    from opsbook.usecases.action_marking import listed_model

    if (do == "list") == (key is not None):
        raise Usage("Name the item by its KEY." if key is None else "'list' takes no KEY; --owner narrows it.")
    with incident_terminal(shared) as found:
        verbs, now = found.desk.actions, found.now()
        if key is None:
            listed = verbs.select(Wanted(owner, late, "" if state == "all" else state))
            model: dict[str, Any] = {"items": [listed_model(each, now) for each in listed]}
            lines = _lines(listed, now.date())
        else:
            found.only_online("Action items of the book are marked with the ledger at hand, and not")
            by = who_acts(found.config, found.ledger, "respond")
            key = _whole_key(verbs.select(), key)
            try:
                if do == "prove":
                    made = verbs.prove(key, by, why=why)
                else:
                    made = verbs.mark(key, by, found.author(by), is_done=do == "done", why=why)
            except PageConflict as wrong:
                raise Refusal(f"{wrong} Look at the page, and try again.") from wrong
            model, lines = listed_model(made, now), _lines([made], now.date())
    answer(shared, model, lines)


def _whole_key(listed: list[Listed], key: str) -> str:
    """The key that one begins with, where only one does."""
    begun = [each.item.key for each in listed if len(key) >= 4 and each.item.key.startswith(key)]
    return begun[0] if len(begun) == 1 else key


def _lines(listed: list[Listed], today: date) -> Iterator[str]:
    from opsbook.entrypoints.shown.terminal import printable

    if not listed:
        yield "Nothing is left to do."
    for each in listed:
        item = each.item
        due = f"due {item.due}{', LATE' if item.is_late(today) else ''}" if item.due else ""
        doubt = "its proof says otherwise" if each.is_doubtful else ""
        told = ", ".join(filter(None, (item.owner, due, doubt)))
        where = f"{item.path}:{item.line}" if item.path else f"INC-{item.incident}"
        yield f"{item.key[:6]:<6}  {each.state:<11}  {printable(item.text)}{f'  ({printable(told)})' if told else ''}"
        yield f"        {printable(where)}{f'  {printable(each.standing.evidence)}' if each.standing.evidence else ''}"

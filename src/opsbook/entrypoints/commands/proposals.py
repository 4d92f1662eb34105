"""`opsbook proposals`: pages that incidents suggest, to be reviewed: what each changes, and taking or declining it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb

if TYPE_CHECKING:
    from opsbook.ledger.proposal import Proposal

_PROPOSAL = click.argument("proposal", metavar="ID")


@verb("list", examples=("opsbook proposals list", "opsbook proposals list --all --incident 14 --format json"))
@click.option("--all", "is_all", is_flag=True, help="Also those that were accepted, declined or superseded.")
@click.option("--incident", type=int, metavar="N", help="Only those of this incident.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, metavar="N", help="How many.")
def list_(shared: Shared, *, is_all: bool, incident: int | None, limit: int) -> None:
    """List what is to be reviewed, the newest first."""
    from opsbook.entrypoints.incident_terminal import incident_terminal
    from opsbook.entrypoints.people import show as answer
    from opsbook.entrypoints.people import table

    with incident_terminal(shared) as found:
        select = found.desk.proposals.select
        proposals = select(is_open=None if is_all else True, incident=incident, limit=limit)
    rows = [
        (each.id, each.kind, each.state, f"INC-{each.incident}" if each.incident is not None else "", each.path)
        for each in proposals
    ]
    lines = table(("ID", "KIND", "STATE", "INCIDENT", "PAGE"), rows) if rows else iter(("Nothing is to be reviewed.",))
    answer(shared, {"proposals": [_model(each) for each in proposals]}, lines)


@verb("show", examples=("opsbook proposals show 261126", "opsbook proposals show 261126 --format json"))
@_PROPOSAL
def show(shared: Shared, proposal: str) -> None:
    """Show what one changes, and why.

    ID is its id, or the beginning of it that no other has.
    """
    from opsbook.book.differences import diff_lines
    from opsbook.book.typed_text import editable_text
    from opsbook.entrypoints.incident_terminal import incident_terminal
    from opsbook.entrypoints.people import show as answer
    from opsbook.entrypoints.shown.terminal import printable

    with incident_terminal(shared) as found:
        seen = found.desk.proposals.find(proposal)
        content, before = found.desk.proposals.content(seen), found.desk.proposals.made_from(seen)
    text = editable_text(content)
    diff = diff_lines(editable_text(before or b""), text)
    where = f"{seen.branch} at {(seen.commit or '')[:12]}" if seen.branch else "in the ledger"
    head = [f"{seen.id}  {seen.kind}, {seen.state}", seen.title, f"{seen.path} · {where}", seen.why, *seen.reasons]
    lines = [printable(line) for line in (*filter(None, head), "", *diff)]
    answer(shared, {**_model(seen), "content": text, "diff": diff}, iter(lines))


@verb("accept", examples=("opsbook proposals accept 261126",))
@_PROPOSAL
def accept(shared: Shared, *, proposal: str) -> None:
    """Take it: the page becomes a commit of the book, and the branch goes."""
    from opsbook.entrypoints.incident_terminal import incident_terminal
    from opsbook.entrypoints.people import show as answer
    from opsbook.entrypoints.people import who_acts
    from opsbook.ground.errors import PageConflict, Refusal

    with incident_terminal(shared) as found:
        by = who_acts(found.config, found.ledger, "edit-page")
        found.only_online("A page cannot be changed")
        try:
            done = found.desk.proposals.accept(proposal, by, found.author(by))
        except PageConflict as wrong:
            hint = f"Look at both at /proposals/{found.desk.proposals.find(proposal).id} in the browser."
            raise Refusal(f"{wrong} {hint}") from wrong
    commit = f" by commit {done.taken[:12]}" if done.taken else ""
    answer(shared, _model(done), iter((f"{done.path} says it now{commit}.",)))


@verb("decline", examples=("opsbook proposals decline 261126 --why 'it was a drill'",))
@_PROPOSAL
@click.option("--why", required=True, metavar="TEXT", help="The reason, which is kept.")
def decline(shared: Shared, *, proposal: str, why: str) -> None:
    """Do not take it: the page stays as it is."""
    from opsbook.entrypoints.incident_terminal import incident_terminal
    from opsbook.entrypoints.people import show as answer
    from opsbook.entrypoints.people import who_acts

    with incident_terminal(shared) as found:
        by = who_acts(found.config, found.ledger, "edit-page")
        found.only_online("It cannot be declined")
        done = found.desk.proposals.decline(proposal, by, why)
    answer(shared, _model(done), iter((f"The proposal {done.id} is declined.",)))


def _model(proposal: Proposal) -> dict[str, Any]:
    from msgspec import to_builtins

    shown: dict[str, Any] = to_builtins(proposal)
    for name in ("author", "accepting", "accepting_by", "is_branched", "is_tidy", "number"):
        del shown[name]
    return shown


command = VerbGroup(
    "proposals", (list_, show, accept, decline), about="Pages that incidents suggest: review, accept, decline."
)

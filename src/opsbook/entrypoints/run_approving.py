"""An approval at the command line: shows exactly what is approved, and records it for the account of a token."""

from __future__ import annotations

import click

from opsbook.entrypoints.options import Shared
from opsbook.entrypoints.run_desk import answer, approver, is_terminal, parts_of, run_named
from opsbook.entrypoints.shown.run import plan_lines
from opsbook.entrypoints.shown.terminal import terminal_width
from opsbook.ground.errors import Refusal
from opsbook.ledger.run import Run
from opsbook.usecases.run_answers import step_of
from opsbook.usecases.run_shown import run_model

SHORTEST_DIGEST = 12  # letters of a digest that name it


def approved(shared: Shared, name: str, number: str, *, digest: str | None, why: str) -> None:
    """Approves a step that waits for it. Raises Refusal where it waits for none, where the digest is another, and where
    nobody can be asked and none was given."""
    with parts_of(shared) as parts:
        who = approver(parts)
        run = run_named(parts, name)
        exact = _exact(run, number, digest)
        if digest is None:
            for line in plan_lines(run, terminal_width()):
                click.echo(line, err=True)
            click.echo(f"\ndigest {exact}", err=True)
            if not is_terminal(is_err=True):
                raise Refusal(f"Read what is approved, and say that you mean it: --digest {exact[:SHORTEST_DIGEST]}.")
            click.confirm(f"Approve this as {who.name}?", abort=True, err=True)
        after = parts.runs.approve(run.id, number, who, digest=exact, why=why)
    answer(shared, run_model(after), iter([f"{run.id}: step {number} is approved by {who.name}, digest {exact}"]))


def _exact(run: Run, number: str, digest: str | None) -> str:
    """The digest that the step asks for."""
    _, step = step_of(run, number)
    if step.asked is None or step.asked.question != "approval":
        raise Refusal(f"Step {number} of {run.id} waits for no approval; it is {step.state}.")
    exact = step.asked.digest
    if digest is not None and (len(digest) < SHORTEST_DIGEST or not exact.startswith(digest.lower())):
        raise Refusal(f"What waits for an approval has the digest {exact}, and not '{digest}'. Look at it again.")
    return exact

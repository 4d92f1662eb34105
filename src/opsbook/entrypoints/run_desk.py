"""What the verbs of runs on the command line share: the parts of runs, who acts, and which run is meant."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.options import Shared
from opsbook.entrypoints.people import actor_by_token, at_terminal

if TYPE_CHECKING:
    from opsbook.config import Config
    from opsbook.ledger.run import Run
    from opsbook.run_parts import RunParts
    from opsbook.usecases.runs import Starter

LAST = "last"  # the run that was started last, wherever a run is named


@contextmanager
def parts_of(shared: Shared, *, near: str | None = None) -> Iterator[RunParts]:
    """The parts of runs of the ledger that the options name; they are closed at the end."""
    from opsbook.run_parts import build_run_parts

    with build_run_parts(shared.config(near=near)) as parts:
        yield parts


def starter(parts: RunParts) -> Starter:
    """Who acts: the account whose token is in OPSBOOK_TOKEN, else the user of this machine, as all that they are known
    by. Raises Refusal for a token that is not good, or not for runs."""
    from opsbook.config import token
    from opsbook.usecases.runs import Starter
    from opsbook.wire import aliases_at

    user = at_terminal()
    known = (user.removeprefix("terminal:"), *aliases_at(parts.config.root))
    secret = token()
    if not secret:
        return Starter(user, known)
    account = by_token(parts, secret, "run")
    return Starter(account.name, (*account.aliases, user, *known))


def account_aliases(parts: RunParts) -> tuple[str, ...]:
    """The other names of the account whose token is in OPSBOOK_TOKEN; none where there is no token."""
    from opsbook.config import token

    secret = token()
    return by_token(parts, secret, "run").aliases if secret else ()


def approver(parts: RunParts) -> Starter:
    """Whoever approves, as their token proves; raises Refusal where there is none, or it is not for approvals."""
    from opsbook.config import token
    from opsbook.ground.errors import Refusal

    secret = token()
    if not secret:
        raise Refusal(
            "An approval needs to show who gives it: put a token of your account that is for 'approve' into"
            " OPSBOOK_TOKEN. 'opsbook token issue NAME --for approve' makes one."
        )
    return by_token(parts, secret, "approve")


def by_token(parts: RunParts, secret: str, act: str) -> Starter:
    """The account of a token; raises Refusal where it may not do that."""
    from opsbook.usecases.runs import Starter

    actor = actor_by_token(parts.config, parts.events, secret, act)
    return Starter(actor.name, (actor.email,) if actor.email else ())


def run_named(parts: RunParts, name: str) -> Run:
    """The run of that id, of the only one that begins so, or the last one; raises Usage where there is none."""
    if name != LAST:
        return parts.runs.find(name)
    briefs = parts.runs.briefs(limit=1)
    if not briefs:
        from opsbook.ground.errors import Usage

        raise Usage("Nothing was run yet. 'opsbook run PAGE#ANCHOR' runs a procedure.")
    return parts.runs.find(briefs[0].id)


def where_named(config: Config, page: str) -> str:
    """PAGE#ANCHOR relative to the root of the repository, where it names a file that is there."""
    path, hash_, anchor = page.partition("#")
    if os.path.exists(path):
        from opsbook.entrypoints.linting import below

        return below(config, path) + hash_ + anchor
    return page


def answer(shared: Shared, model: dict[str, Any], lines: Iterator[str]) -> None:
    """Prints an answer as JSON, or as these lines."""
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(model) + b"\n")
        sys.stdout.flush()
        return
    for line in lines:
        click.echo(line)


def is_terminal(*, is_err: bool = False) -> bool:
    """Whether there is a person who reads what is said and can answer it."""
    return sys.stdin.isatty() and (sys.stderr if is_err else sys.stdout).isatty()

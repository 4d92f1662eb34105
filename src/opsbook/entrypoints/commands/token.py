"""`opsbook token`: what programs sign in with. Decides nothing about them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb
from opsbook.entrypoints.people import accounts_of, at_terminal, show, table

if TYPE_CHECKING:
    from opsbook.ledger.account import Token


@verb(
    "issue",
    examples=(
        "opsbook token issue ci --for read,probe",
        "opsbook token issue ada --for edit-page --expires 90d --label laptop",
    ),
)
@click.argument("name", metavar="NAME")
@click.option("--for", "acts", required=True, metavar="ACT,…", help="What it may do: read, probe, edit-page, run, …")
@click.option("--expires", default="30d", show_default=True, metavar="TIME", help="For how long, or 'never'.")
@click.option("--label", default="", metavar="TEXT", help="What it is for, as the list shows it.")
def issue(shared: Shared, *, name: str, acts: str, expires: str, label: str) -> None:
    """Issue a token for an account and print it. It is shown this once, and may do no more than the account."""
    wanted = [act.strip() for act in acts.split(",") if act.strip()]
    lasting = _lasting(expires)
    with accounts_of(shared) as accounts:
        secret, token = accounts.issue_token(name, wanted, lasting, label=label, actor=at_terminal())
    show(shared, {"secret": secret, "token": _model(token)}, [secret])
    if shared.format == "text":
        until = f"until {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else "until it is revoked"
        click.echo(f"Keep it now: it is not shown again. It is good {until}, as token {token.id}.", err=True)


@verb("list", examples=("opsbook token list", "opsbook token list ci"))
@click.argument("name", metavar="[NAME]", required=False)
def list_(shared: Shared, name: str | None) -> None:
    """List the tokens that are neither expired nor revoked, of one account or of all."""
    with accounts_of(shared) as accounts:
        found = accounts.tokens(name)
    rows = [
        (
            t.id,
            t.account,
            ",".join(sorted(t.acts)),
            f"{t.expires_at:%Y-%m-%d %H:%M} UTC" if t.expires_at else "never",
            t.label,
        )
        for t in found
    ]
    lines = table(("TOKEN", "OF", "FOR", "EXPIRES", "LABEL"), rows) if rows else ["There are no tokens."]
    show(shared, {"tokens": [_model(token) for token in found]}, lines)


@verb("revoke", examples=("opsbook token revoke 1f3a9c0b7d5e2468",))
@click.argument("token", metavar="TOKEN")
def revoke(shared: Shared, token: str) -> None:
    """Revoke a token for good, by its id in the list."""
    with accounts_of(shared) as accounts:
        accounts.revoke_token(token, actor=at_terminal())
    show(shared, {"revoked": token}, [f"{token} is revoked"])


command = VerbGroup(
    "token",
    (issue, list_, revoke),
    about="What programs sign in with. Works beside a running server, which sees every change at once.",
    examples=("opsbook token issue ci --for read,probe --expires 30d", "opsbook token list"),
)


def _lasting(expires: str) -> timedelta | None:
    from opsbook.ground.durations import read_duration

    if expires == "never":
        return None
    length = read_duration(expires)
    if length is None:
        raise click.BadParameter(
            f"'{expires}' is no length of time, such as 30d or '6 months'.", param_hint="--expires"
        )
    return length


def _model(token: Token) -> dict[str, Any]:
    return {
        "id": token.id, "account": token.account, "for": sorted(token.acts), "label": token.label,
        "issued_at": token.issued_at, "issued_by": token.issued_by, "expires_at": token.expires_at,
    }  # fmt: skip

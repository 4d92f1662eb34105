"""`opsbook user`: the people who may sign in. Decides nothing about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb
from opsbook.entrypoints.people import accounts_of, asked_password, at_terminal, show, table

if TYPE_CHECKING:
    from opsbook.ledger.account import Account, Session

# As the verbs have them; kept here because the help must not import them. A test holds them to that.
ROLES = ("viewer", "responder", "operator", "admin")
_ROLE = click.Choice(ROLES)
_STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@verb(
    "add",
    examples=(
        "opsbook user add ada --role admin",
        "opsbook user add bo --password-stdin < secret.txt",
        "opsbook user add ci --no-password      for tokens alone",
    ),
)
@click.argument("name", metavar="NAME")
@click.option("--role", type=_ROLE, default="viewer", show_default=True, metavar="R", help="What it may do.")
@click.option("--email", default="", metavar="ADDRESS", help="Signs the commits of pages that are edited.")
@click.option("--no-password", is_flag=True, help="It cannot sign in with one: for links and tokens.")
@_STDIN
def add(shared: Shared, *, name: str, role: Any, email: str, no_password: bool, password_stdin: bool) -> None:
    """Add an account. The password is asked for twice, and never stands on the command line."""
    with accounts_of(shared) as accounts:
        from opsbook.usecases.credentials import account_name

        known = account_name(name)
        password = None if no_password else asked_password(password_stdin, known)
        account = accounts.add(known, role, password, email=email, actor=at_terminal())
    show(shared, {"user": _model(account)}, [f"added {account.name} as {account.role}"])


@verb("list", examples=("opsbook user list",))
def list_(shared: Shared) -> None:
    """List the accounts: what they may do, and how they sign in."""
    with accounts_of(shared) as accounts:
        people = accounts.people()
    empty = "There are no accounts yet: 'opsbook user add NAME --role admin' adds one."
    rows = [_row(account) for account in people]
    lines = table(("NAME", "ROLE", "SIGNS IN BY", "TOKENS", "EMAIL"), rows) if people else [empty]
    show(shared, {"users": [_model(account) for account in people]}, lines)


@verb("role", examples=("opsbook user role bo operator",))
@click.argument("name", metavar="NAME")
@click.argument("role", type=_ROLE, metavar="|".join(ROLES))
def role(shared: Shared, name: str, role: Any) -> None:
    """Change what an account may do, at once. The last admin stays one."""
    with accounts_of(shared) as accounts:
        accounts.change_role(name, role, actor=at_terminal())
        account = accounts.find(name)
    show(shared, {"user": _model(account)}, [f"{account.name} is {account.role}"])


@verb("password", examples=("opsbook user password bo", "opsbook user password bo --password-stdin < secret.txt"))
@click.argument("name", metavar="NAME")
@_STDIN
def password(shared: Shared, name: str, password_stdin: bool) -> None:
    """Set a password, and end all sessions of the account. It may try to sign in again at once."""
    with accounts_of(shared) as accounts:
        account = accounts.find(name)
        accounts.set_password(account.name, asked_password(password_stdin, account.name), actor=at_terminal())
        account = accounts.find(name)
    show(shared, {"user": _model(account)}, [f"{account.name} has a new password; its sessions are over"])


@verb("link", examples=("opsbook user link bo",))
@click.argument("name", metavar="NAME")
def link(shared: Shared, name: str) -> None:
    """Print an address that signs somebody in once.

    For whoever has no password or forgot it. It is good for ten minutes, unless a newer one takes its place, and needs
    the server to be running.
    """
    from opsbook.ground.errors import Refusal
    from opsbook.usecases.authority import known_role
    from opsbook.wire import served_at

    address = served_at(shared.config())
    if address is None:
        raise Refusal("No server runs on this ledger, so a link would lead nowhere. Start one with 'opsbook serve'.")
    with accounts_of(shared) as accounts:
        account = accounts.find(name)
        secret = accounts.issue_link(account.name, known_role(account.role), actor=at_terminal())
    where = f"{address}/sign-in?link={secret}"
    show(shared, {"link": where}, [where])


@verb("disable", examples=("opsbook user disable bo",))
@click.argument("name", metavar="NAME")
def disable(shared: Shared, name: str) -> None:
    """Let an account sign in no more.

    Its sessions end and its tokens are revoked. The last admin cannot be disabled.
    """
    with accounts_of(shared) as accounts:
        accounts.disable(name, actor=at_terminal())
        account = accounts.find(name)
    show(shared, {"user": _model(account)}, [f"{account.name} is disabled"])


@verb("enable", examples=("opsbook user enable bo",))
@click.argument("name", metavar="NAME")
def enable(shared: Shared, name: str) -> None:
    """Let a disabled account sign in again. Its old sessions and tokens stay ended."""
    with accounts_of(shared) as accounts:
        accounts.enable(name, actor=at_terminal())
        account = accounts.find(name)
    show(shared, {"user": _model(account)}, [f"{account.name} is enabled"])


@verb("sessions", examples=("opsbook user sessions bo",))
@click.argument("name", metavar="NAME")
def sessions(shared: Shared, name: str) -> None:
    """List where an account is signed in."""
    with accounts_of(shared) as accounts:
        found = accounts.sessions(name)
    rows = [(s.id, _time(s.begun_at), _time(s.expires_at), s.via, s.source, s.agent[:60]) for s in found]
    heads = ("SESSION", "SINCE", "UNTIL", "BY", "FROM", "BROWSER")
    lines = table(heads, rows) if rows else [f"{name} is signed in nowhere."]
    show(shared, {"sessions": [_session_model(session) for session in found]}, lines)


@verb("sign-out", examples=("opsbook user sign-out bo",))
@click.argument("name", metavar="NAME")
def sign_out(shared: Shared, name: str) -> None:
    """End all sessions of an account."""
    with accounts_of(shared) as accounts:
        ended = accounts.revoke_sessions(name, actor=at_terminal())
    show(shared, {"ended": ended}, [f"{ended} sessions ended" if ended != 1 else "1 session ended"])


command = VerbGroup(
    "user",
    (add, list_, role, password, link, disable, enable, sessions, sign_out),
    about="The people who may sign in. Works beside a running server, which sees every change at once.",
    examples=("opsbook user add ada --role admin", "opsbook user list", "opsbook user password bo"),
)


def _model(account: Account) -> dict[str, Any]:
    return {
        "name": account.name, "role": account.role, "email": account.email, "enabled": account.is_enabled,
        "added_at": account.added_at, "has_password": account.password_hash is not None,
        "provider": account.external[0] if account.external else None, "tokens": len(account.tokens),
    }  # fmt: skip


def _row(account: Account) -> tuple[str, ...]:
    ways = ["password"] if account.password_hash else []
    ways += [account.external[0]] if account.external else []
    how = ", ".join(ways) or "link" if account.is_enabled else "disabled"
    return account.name, account.role, how, str(len(account.tokens)), account.email


def _session_model(session: Session) -> dict[str, Any]:
    return {
        "id": session.id, "begun_at": session.begun_at, "expires_at": session.expires_at, "via": session.via,
        "source": session.source, "agent": session.agent,
    }  # fmt: skip


def _time(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

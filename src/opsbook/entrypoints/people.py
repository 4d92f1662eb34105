"""What the verbs about people share: the accounts, who asks, and how an answer is printed. Knows no verb."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import click

from opsbook.entrypoints.options import Shared

if TYPE_CHECKING:
    from opsbook.config import Config
    from opsbook.usecases.accounts import Accounts
    from opsbook.usecases.authority import Actor
    from opsbook.usecases.ledger_ports import EngineLedger
    from opsbook.usecases.serving_ports import Ledger


@contextmanager
def accounts_of(shared: Shared) -> Iterator[Accounts]:
    """The accounts of the ledger that the options name; it is closed at the end."""
    from opsbook.wire import build_accounts, build_ledger

    config = shared.config()
    ledger = build_ledger(config)
    try:
        yield build_accounts(config, ledger)
    finally:
        ledger.close()


def at_terminal() -> str:
    """Who asks on the command line, as events carry it. No account has a colon in its name, so it is none's."""
    import os
    import pwd

    try:
        return f"terminal:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:  # a container may run as a number that nobody named
        return f"terminal:{os.getuid()}"


def actor_by_token(config: Config, ledger: Ledger, secret: str, act: str) -> Actor:
    """The account of the token in OPSBOOK_TOKEN; raises Refusal where it is not good, or not for an act."""
    from opsbook.ground.errors import Refusal
    from opsbook.usecases.authority import decide
    from opsbook.wire import build_accounts

    actor = build_accounts(config, ledger).actor_for_token(secret)
    if actor is None:
        raise Refusal("The token in OPSBOOK_TOKEN is not good: it is nobody's, has expired or was revoked.")
    allowed = decide(actor, act, reads_are_open=False)
    if not allowed.is_allowed:
        raise Refusal(f"The token in OPSBOOK_TOKEN cannot be used for this: {allowed.why}")
    return actor


def who_acts(config: Config, ledger: EngineLedger, act: str) -> str:
    """Who acts on the command line: the account whose token is in OPSBOOK_TOKEN, else the user of this machine."""
    from opsbook.config import token

    secret = token()
    return actor_by_token(config, cast("Ledger", ledger), secret, act).name if secret else at_terminal()


def asked_password(is_from_stdin: bool, name: str) -> str:
    """The password that somebody types twice, or the first line of standard input. Raises Usage where neither is."""
    if is_from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        from opsbook.ground.errors import Usage

        raise Usage("There is no terminal to type a password on. Give it on standard input, with --password-stdin.")
    asked: str = click.prompt(f"Password for {name}", hide_input=True, confirmation_prompt="The same again", err=True)
    return asked


def show(shared: Shared, answer: dict[str, Any], lines: Iterable[str]) -> None:
    """Prints the answer as JSON, or as these lines."""
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        return
    for line in lines:
        click.echo(line)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows in columns below their heads."""
    from opsbook.entrypoints.shown.terminal import printable

    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *shown, strict=True)]
    for number, row in enumerate([list(heads), *shown]):
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        yield line if number else click.style(line, bold=True)

"""The command line: finds the verb, runs it, and turns each kind of wrong into its exit status.

Knows the verbs by name only; the module of a verb is imported when it is called, so that `--help` is quick.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from opsbook import __version__
from opsbook.entrypoints.options import Shared, help_option, shared_options, write_examples
from opsbook.entrypoints.verbs import EXAMPLES, VERBS, find

BROKEN_PIPE = 141  # what a shell shows for a program that SIGPIPE ended (128 + 13)
INTERRUPTED = 130  # the same for SIGINT (128 + 2)
# What a disk that is full or failing says, where the answer was to be written.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
BUG = 70  # EX_SOFTWARE of sysexits.h


class Opsbook(click.Group):
    """The group of all verbs, which imports a verb only to call it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all verbs."""
        return [name for verbs in VERBS.values() for name in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name, imported now."""
        entry = find(cmd_name)
        return None if entry is None else import_module(entry.module).command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a guess at a misspelt verb."""
        name = args[0]
        if not name.startswith("-") and find(name) is None and not ctx.resilient_parsing:
            from opsbook.ground.guesses import closest  # inside: only a mistake needs it

            near = closest(name, self.list_commands(ctx))
            guess = f" Did you mean '{near}'?" if near else ""
            raise click.UsageError(f"There is no verb '{name}'.{guess}", ctx)
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the verbs first: they are what is looked for."""
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the verbs by section, from the table alone."""
        for section, verbs in VERBS.items():
            with formatter.section(section):
                formatter.write_dl([(name, entry.about) for name, entry in verbs.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples and where to read on."""
        write_examples(formatter, EXAMPLES)
        formatter.write("\n'opsbook VERB --help' tells more about a verb.\n")

    def complete(self) -> None:
        """Answers a shell that asks for completions, and ends the program then; returns when none asks."""
        self._main_shell_completion({}, "opsbook")


def _begin(version: bool) -> None:
    ctx = click.get_current_context()
    ctx.ensure_object(Shared)
    if version:
        click.echo(f"opsbook {__version__}")
        ctx.exit()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        ctx.exit()


opsbook = Opsbook(
    "opsbook",
    callback=_begin,
    help="Your docs/operations folder, alive: plain Markdown pages, checked, found and made to work.",
    params=[
        *shared_options(),
        click.Option(["--version"], is_flag=True, help="Print the version and exit."),
        help_option(),
    ],
    add_help_option=False,
    context_settings={"max_content_width": 100},
    invoke_without_command=True,
    subcommand_metavar="VERB [ARGUMENTS]",
)


def run(arguments: Sequence[str]) -> int:
    """The exit status of these arguments; what is wrong is told on standard error."""
    try:
        opsbook.complete()
        status = _invoke(list(arguments))
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader went away (`| head`). The interpreter flushes again at exit, so give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        click.echo(err=True)  # closes the terminal's ^C
        return INTERRUPTED
    except Exception as wrong:
        return report(wrong)


def _invoke(arguments: list[str]) -> int:
    try:
        with opsbook.make_context("opsbook", arguments) as ctx:
            status: Any = opsbook.invoke(ctx)
            return int(status or 0)
    except click.exceptions.Exit as done:
        return done.exit_code


def report(wrong: Exception) -> int:
    """The exit status of the kind of wrong, after one message on standard error: what, and how to mend it."""
    if isinstance(wrong, click.UsageError):
        ctx = wrong.ctx
        click.echo(f"{ctx.command_path if ctx else 'opsbook'}: {wrong.format_message()}", err=True)
        if ctx is not None:
            click.echo(f"Try '{ctx.command_path} --help'.", err=True)
        return 2
    if isinstance(wrong, click.ClickException):
        click.echo(f"opsbook: {wrong.format_message()}", err=True)
        return 2 if isinstance(wrong, click.FileError) else wrong.exit_code
    from opsbook.ground.errors import Failure, Refusal, Usage, told_at_terminal  # inside: only a mistake needs them

    for kind, status in ((Usage, 2), (Refusal, 3), (Failure, 4)):
        if isinstance(wrong, kind):
            click.echo(f"opsbook: {told_at_terminal(wrong)}", err=True)
            return status
    if isinstance(wrong, OSError) and wrong.errno in _FULL:
        click.echo(f"opsbook: the answer cannot be written: {wrong.strerror}.", err=True)
        return 4
    return _report_bug(wrong)


def _report_bug(wrong: Exception) -> int:
    import traceback  # inside: only a bug needs it

    from opsbook.config import wants_debug

    if wants_debug():
        traceback.print_exception(wrong)
    place = traceback.extract_tb(wrong.__traceback__)[-1]
    click.echo(
        f"opsbook: this is a bug in Opsbook {__version__}: {type(wrong).__name__}: {wrong}"
        f" ({os.path.basename(place.filename)}:{place.lineno})."
        " OPSBOOK_DEBUG=1 shows the traceback.",
        err=True,
    )
    return BUG

"""What every verb of the command line shares: the options of both sides, and how a verb is declared.

Imports nothing but click, because `opsbook --help` must start in a few times the time of an empty Python.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from opsbook.config import Config

FORMATS = ("text", "json")


class Shared:
    """The options that may stand on either side of the verb; what is written nearest to the verb wins."""

    __slots__ = ("book", "db", "format")

    def __init__(self) -> None:
        self.book: str | None = None
        self.db: str | None = None
        self.format: str | None = None

    def config(self, *, near: str | None = None) -> Config:
        """The Config for these options; `near` is the page or folder that the caller named, if any.

        Raises Usage when no book is found or the configuration file is wrong.
        """
        from opsbook.config import load  # inside: help and usage errors do without the configuration

        return load(book=self.book, db=self.db, near=near)


def shared_options(formats: Sequence[str] | None = None) -> list[click.Parameter]:
    """The options for all verbs; `formats` narrows --format to what the verb can give."""
    shape = click.Choice(list(formats)) if formats else click.STRING
    metavar = None if formats else "text|json"
    return [
        click.Option(
            ["--book"], metavar="DIR", expose_value=False, callback=_remember,
            help="The folder of pages (else $OPSBOOK_BOOK, else the nearest docs/operations).",
        ),
        click.Option(
            ["--db"], metavar="URL", expose_value=False, callback=_remember,
            help="The ledger: sqlite:///FILE or postgresql://USER@HOST/NAME (else $OPSBOOK_DB).",
        ),
        click.Option(
            ["--format"], type=shape, metavar=metavar, expose_value=False, callback=_remember,
            help="How to print the answer; text when not given.",
        ),
    ]  # fmt: skip


def help_option() -> click.Option:
    """`--help` as click has it, without looking its one text up in translations, which took 1 ms of every start."""
    return click.Option(
        ["-h", "--help"], is_flag=True, is_eager=True, expose_value=False, callback=_show_help,
        help="Show this message and exit.",
    )  # fmt: skip


def _show_help(ctx: click.Context, _parameter: click.Parameter, is_asked: bool) -> None:
    if is_asked and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value is not None:
        setattr(ctx.ensure_object(Shared), str(parameter.name), value)


class ExistingPath(click.ParamType):  # type: ignore[type-arg]  # not generic before click 8.4
    """A path to something that is there, as it was typed. click's own looks its name up in translations."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The path; fails when nothing is there."""
        if not os.path.exists(value):
            self.fail(f"There is no file or folder '{value}'.", param, ctx)
        return str(value)


class Verb(click.Command):
    """A command that also takes the shared options, refuses a --format it cannot give, and shows examples."""

    def __init__(self, *args: Any, formats: Sequence[str] = FORMATS, examples: Sequence[str] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.add_help_option = False
        self.formats = tuple(formats)
        self.examples = tuple(examples)
        self.params.extend([*shared_options(self.formats), help_option()])

    def invoke(self, ctx: click.Context) -> Any:
        """What the verb's function returns: its exit status, or None for 0."""
        shared = ctx.ensure_object(Shared)
        shared.format = shared.format or "text"
        if shared.format not in self.formats:
            given = " or ".join(self.formats)
            refused = f"--format {shared.format} is not for '{ctx.info_name}', which gives {given}."
            raise click.UsageError(refused, ctx)
        from opsbook.config import wants_colour  # inside: help does without the configuration

        ctx.color = wants_colour()
        return super().invoke(ctx)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples below the options."""
        write_examples(formatter, self.examples)


class VerbGroup(click.Group):
    """A verb of several, such as `user add`; the shared options may stand before the second word too."""

    def __init__(self, name: str, verbs: Sequence[click.Command], *, about: str, examples: Sequence[str] = ()) -> None:
        super().__init__(
            name, commands=list(verbs), help=about, add_help_option=False, params=[*shared_options(), help_option()],
            invoke_without_command=True, subcommand_metavar="VERB [ARGUMENTS]", callback=_show_verbs,
        )  # fmt: skip
        self.examples = tuple(examples)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a guess at a misspelt verb."""
        if args[0] not in self.commands and not args[0].startswith("-") and not ctx.resilient_parsing:
            from opsbook.ground.guesses import closest  # inside: only a mistake needs it

            near = closest(args[0], self.commands)
            guess = f"Did you mean '{near}'?" if near else f"There are {', '.join(self.commands)}."
            raise click.UsageError(f"'{ctx.info_name}' has no verb '{args[0]}'. {guess}", ctx)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order in which they were given."""
        return list(self.commands)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the verbs first: they are what is looked for."""
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples below the options."""
        write_examples(formatter, self.examples)


def _show_verbs() -> None:
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        ctx.exit()


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """Writes the examples as they are typed, one a line."""
    if examples:
        with formatter.section("Examples"):
            for example in examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")


def verb(
    name: str, *, formats: Sequence[str] = FORMATS, examples: Sequence[str] = (), **more: Any
) -> Callable[[Callable[..., int | None]], Verb]:
    """Declares a verb: its function gets the Shared, then its own parameters, and returns its exit status.

    A decorator that changes a signature, because click has no other way to hand over what was typed.
    """

    def declare(function: Callable[..., int | None]) -> Verb:
        passing = click.pass_obj(function)
        return click.command(name, cls=Verb, formats=formats, examples=examples, **more)(passing)

    return declare

"""`opsbook new`: one page from the book's own template. Knows no template."""

from __future__ import annotations

import os
import sys

import click

from opsbook.entrypoints.options import Shared, verb

# As the verb has them; kept here because the help must not import the verb.
KINDS = ("runbook", "procedure", "incident", "post-mortem")


def _pairs(_ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for each in value:
        key, equals, text = each.partition("=")
        if not equals or not key.strip():
            raise click.BadParameter(f"'{each}' is not KEY=VALUE, such as severity=P1.")
        found[key.strip()] = text.strip()
    return found


@verb(
    "new",
    examples=(
        "opsbook new runbook checkout      runbooks/checkout.md",
        "opsbook new incident 'Checkout is slow' --set severity=P1",
        "opsbook new post-mortem 'Checkout is slow' --set owner=Ada",
        "opsbook new runbook checkout --set staging.environment=https://x.example.org",
    ),
)
@click.argument("kind", metavar="runbook|procedure|incident|post-mortem", type=click.Choice(KINDS))
@click.argument("name", metavar="NAME")
@click.option(
    "--set", "settings", multiple=True, callback=_pairs, metavar="KEY=VALUE",
    help="Fill the label KEY of the template; SECTION.KEY where it has it more than once.",
)  # fmt: skip
def command(shared: Shared, kind: str, name: str, settings: dict[str, str]) -> int:
    """Write one page from the book's own template, else from Opsbook's, and fill in what is known.

    Known are the name, today's date, the owner (by CODEOWNERS, else by git), and for an incident that it started now
    and is being investigated. A page that is there is never changed.
    """
    from datetime import UTC, datetime  # inside: help does without all of this

    from opsbook.entrypoints.commands.init import shown
    from opsbook.usecases.new import Asked, new
    from opsbook.wire import build_book, build_file_maker, build_seed, person_at

    config = shared.config()
    asked = Asked(kind, name, settings, datetime.now(UTC), config.severities)
    created = new(build_book(config), build_file_maker(config.book), build_seed(), asked, person=person_at(config.book))
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(created) + b"\n")
        return 0
    path = shown(os.path.join(config.root, created.path))
    click.echo(f"created {path}")
    click.echo(f"From {created.template}.", err=True)
    if created.slots_left:
        slots = "slot is" if created.slots_left == 1 else "slots are"
        click.echo(f"{created.slots_left} {slots} left to fill; 'opsbook lint {path}' shows them.", err=True)
    return 0

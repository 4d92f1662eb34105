"""`opsbook show`: one page or section, as text to read or as the model in JSON."""

from __future__ import annotations

import os
import sys

import click

from opsbook.entrypoints.options import Shared, verb


@verb(
    "show",
    examples=(
        "opsbook show runbooks/db.md                  what Opsbook reads from the page",
        "opsbook show db#restart-service              one section, by a short name",
        "opsbook show runbooks/db.md --format json    the whole model",
    ),
)
@click.argument("page", metavar="PAGE[#ANCHOR]")
def command(shared: Shared, page: str) -> int:
    """Show one page or one section of it.

    PAGE is a path from the repository or the book, or a file name alone where it is the only one.
    """
    from opsbook.entrypoints.shown.page import as_text
    from opsbook.entrypoints.shown.terminal import terminal_width
    from opsbook.usecases.show import show
    from opsbook.wire import build_book, lint_settings

    path, hash_, anchor = page.partition("#")
    config = shared.config(near=path if os.path.exists(path) and shared.book is None else None)
    if os.path.exists(path):
        from opsbook.entrypoints.linting import below

        page = below(config, path) + hash_ + anchor
    shown = show(build_book(config), page, lint_settings(config))
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(shown.model) + b"\n")
        return 0
    for line in as_text(shown, terminal_width()):
        click.echo(line)
    return 0

"""`opsbook init`: lays the folder and tells what became of each page. Knows no page."""

from __future__ import annotations

import os
import sys

import click

from opsbook.entrypoints.options import Shared, verb


@verb(
    "init",
    examples=(
        "opsbook init                  docs/operations of this repository",
        "opsbook init ops              the folder ops itself",
    ),
)
@click.argument("folder", metavar="[DIR]", required=False)
def command(shared: Shared, folder: str | None) -> int:
    """Write the folder of operations pages: runbooks, incidents, monitoring, procedures, with their templates.

    DIR is the folder itself; without it, it is docs/operations at the root of the repository. A page that is there
    is kept as it is.
    """
    from datetime import date  # inside: help does without all of this

    from opsbook.config import new_book, repository_root
    from opsbook.usecases.init import init
    from opsbook.wire import build_file_maker, build_seed

    book = new_book(folder or shared.book)
    laid = init(build_seed(), build_file_maker(book), date.today())
    root = repository_root(book)
    if shared.format == "json":
        import msgspec

        files = [
            {"path": os.path.relpath(os.path.join(book, each.path), root), "state": _state(each.is_created)}
            for each in laid
        ]
        sys.stdout.buffer.write(msgspec.json.encode({"book": os.path.relpath(book, root), "files": files}) + b"\n")
        return 0
    for each in laid:
        click.echo(f"{_state(each.is_created):<7} {shown(os.path.join(book, each.path))}")
    if any(each.is_created for each in laid):
        click.echo("Next: fill in the [slots]; 'opsbook lint' shows each of them.", err=True)
    return 0


def _state(is_created: bool) -> str:
    return "created" if is_created else "kept"


def shown(path: str) -> str:
    """A path as it is typed from here, or whole where it lies elsewhere."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative

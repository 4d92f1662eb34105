"""`opsbook init`: lays the folder and tells what became of each page. Knows no page."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.options import ExistingPath, Shared, verb

if TYPE_CHECKING:
    from opsbook.usecases.discovery import Discovery


@verb(
    "init",
    examples=(
        "opsbook init                  docs/operations of this repository",
        "opsbook init ops              the folder ops itself",
        "opsbook init --from .         with runbooks of what is deployed here",
    ),
)
@click.argument("folder", metavar="[DIR]", required=False)
@click.option(
    "--from", "origin", metavar="PATH", type=ExistingPath(),
    help="Also write a runbook for each service that the files below PATH deploy.",
)  # fmt: skip
def command(shared: Shared, folder: str | None, origin: str | None) -> int:
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
    found = _discovered(book, origin) if origin is not None else None
    written = _written(book, found) if found is not None else ()
    if shared.format == "json":
        import msgspec

        files = [
            {"path": os.path.relpath(os.path.join(book, each.path), root), "state": _state(each.is_created)}
            for each in laid
        ] + [{"path": path, "state": "created"} for path in written]
        sys.stdout.buffer.write(msgspec.json.encode({"book": os.path.relpath(book, root), "files": files}) + b"\n")
        return 0
    for each in laid:
        click.echo(f"{_state(each.is_created):<7} {shown(os.path.join(book, each.path))}")
    for path in written:
        click.echo(f"{_state(is_created=True):<7} {shown(os.path.join(root, path))}")
    for line in _told(found) if found is not None else ():
        click.echo(line, err=True)
    if any(each.is_created for each in laid):
        click.echo("Next: fill in the [slots]; 'opsbook lint' shows each of them.", err=True)
    return 0


def _discovered(book: str, origin: str) -> Discovery:
    """What is deployed below a path, against the book that was laid."""
    from opsbook.config import load
    from opsbook.entrypoints.discovering import Asked, discovered

    path = os.path.abspath(origin)
    # A new book has no setting that names its alert rules: those below the path are taken.
    return discovered(load(book=book), Asked((path,), rules=(path,)), is_told=sys.stderr.isatty())


def _written(book: str, found: Discovery) -> tuple[str, ...]:
    from opsbook.config import load
    from opsbook.entrypoints.discovering import write_new

    return write_new(load(book=book), found)


def _told(found: Discovery) -> Iterator[str]:
    from opsbook.entrypoints.shown.discovery import left_to_write

    return left_to_write(found)


def _state(is_created: bool) -> str:
    return "created" if is_created else "kept"


def shown(path: str) -> str:
    """A path as it is typed from here, or whole where it lies elsewhere."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative

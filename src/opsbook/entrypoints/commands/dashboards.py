"""`opsbook dashboards`: Grafana's dashboards in and out of the book's pages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.options import ExistingPath, Shared, VerbGroup, verb
from opsbook.entrypoints.people import show, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsbook.config import Config
    from opsbook.ground.errors import Finding


@verb(
    "import",
    examples=(
        "opsbook dashboards import grafana/              onto monitoring/dashboards.md",
        "opsbook dashboards import api.json --dry-run    show what would change",
    ),
)
@click.argument("paths", nargs=-1, metavar="[PATH]…", type=ExistingPath())
@click.option("--to", "page", metavar="PAGE", help="The page to write onto, below the repository's root.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
def import_(shared: Shared, paths: tuple[str, ...], page: str | None, *, dry_run: bool) -> int:
    """Write dashboards onto a page: a section each, with its panels and their expressions.

    PATH is JSON as Grafana exports it, a ConfigMap that holds such, or a folder; without one it is what opsbook.toml
    names (grafana.dashboards). Of a section that is there only the title and the table of panels are written.
    """
    from opsbook.usecases.dashboards import (
        BoardFiles,
        board_model,
        dashboards_import,
        finding_model,
        page_of,
    )  # fmt: skip
    from opsbook.wire import build_book

    config = shared.config()
    book = build_book(config)
    asked = BoardFiles(_paths(config, paths), page_of(book, page), config.grafana_url)
    found = dashboards_import(book, book, book, asked, is_dry=dry_run)
    done = "would change" if dry_run else "written"
    many = f"{len(found.boards)} dashboard{'s' if len(found.boards) != 1 else ''}"
    lines = [*found.diff.splitlines(), f"{many}: {found.page} {done if found.diff else 'is as it was'}."]
    _warn(found.findings)
    show(shared, {
        "page": found.page, "is_written": bool(found.diff) and not dry_run, "diff": found.diff,
        "dashboards": [board_model(board) for board in found.boards],
        "findings": [finding_model(each) for each in found.findings],
    }, lines)  # fmt: skip
    return 1 if found.findings else 0


@verb(
    "export",
    examples=(
        "opsbook dashboards export --to grafana/        every service with expressions",
        "opsbook dashboards export api --to grafana/    one service",
    ),
)
@click.argument("services", nargs=-1, metavar="[SERVICE]…")
@click.option("--to", "folder", required=True, metavar="DIR", help="The folder to write into.")
def export(shared: Shared, services: tuple[str, ...], folder: str) -> None:
    """Write a dashboard for each service, from the metrics and alerts that the pages tell.

    A panel per metric with its unit, the thresholds of alerts as lines, a link to the runbook. The same book gives the
    same files.
    """
    from datetime import date

    from opsbook.ground.errors import Failure
    from opsbook.usecases.dashboards import dashboards_export
    from opsbook.usecases.lint import Scope
    from opsbook.usecases.rules_check import read_watched
    from opsbook.wire import build_book, lint_settings

    config = shared.config()
    told = read_watched(build_book(config), Scope(date.today(), lint_settings(config)))
    made = dashboards_export(told.watched, told.outlines, services, config.public_url)
    try:
        os.makedirs(folder, exist_ok=True)
        for each in made:
            part = os.path.join(folder, f".{each.name}.{os.getpid()}.part")
            with open(part, "wb") as file:
                file.write(each.body)
            os.replace(part, os.path.join(folder, each.name))
    except OSError as wrong:
        raise Failure(f"'{folder}' cannot be written: {wrong.strerror}.") from wrong
    lines = [f"{each.service}: {os.path.join(folder, each.name)}" for each in made]
    show(shared, {"dashboards": [{"service": each.service, "file": each.name} for each in made]},
         lines or ["No page tells an expression of PromQL for any service, so nothing was written."])  # fmt: skip


@verb("list", examples=("opsbook dashboards list", "opsbook dashboards list grafana/ --format json"))
@click.argument("paths", nargs=-1, metavar="[PATH]…", type=ExistingPath())
def list_(shared: Shared, paths: tuple[str, ...]) -> int:
    """List the dashboards of files: title, uid, panels, and where each is."""
    from opsbook.usecases.dashboards import board_model, finding_model
    from opsbook.usecases.lint_watched import read_boards
    from opsbook.wire import build_book

    config = shared.config()
    boards, findings = read_boards(build_book(config).rule_files(_paths(config, paths)))
    _warn(findings)
    rows = [(each.title, each.uid, str(len(each.panels)), each.place) for each in boards]
    lines = table(("TITLE", "UID", "PANELS", "PLACE"), rows) if rows else ["There are none."]
    show(shared, {"dashboards": [board_model(board) for board in boards],
                  "findings": [finding_model(each) for each in findings]}, lines)  # fmt: skip
    return 1 if findings else 0


def _paths(config: Config, paths: tuple[str, ...]) -> tuple[str, ...]:
    from opsbook.ground.errors import Usage

    found = [os.path.abspath(path) for path in paths]
    found = found or [os.path.join(config.root, path) for path in config.dashboard_paths]
    if not found:
        raise Usage("Name a file or folder of dashboards, or set grafana.dashboards in opsbook.toml.")
    return tuple(found)


def _warn(findings: Sequence[Finding]) -> None:
    for each in findings:
        click.echo(f"{each.span}: {each.severity} [{each.rule}] {each.message}", err=True)


command = VerbGroup(
    "dashboards",
    (import_, export, list_),
    about="Grafana's dashboards: read them onto a page, write one for each service.",
    examples=("opsbook dashboards import grafana/ --dry-run", "opsbook dashboards export --to grafana/"),
)

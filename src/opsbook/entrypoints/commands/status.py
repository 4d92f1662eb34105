"""`opsbook status`: what everybody may see: show it, write it as files, announce planned work. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.commands import _status_maintenance
from opsbook.entrypoints.options import Shared, VerbGroup, verb
from opsbook.entrypoints.people import show as shown
from opsbook.entrypoints.people import table

if TYPE_CHECKING:
    from opsbook.config import Config
    from opsbook.usecases.public_reading import PublicReading


@verb("show", examples=("opsbook status show", "opsbook status show --format json"))
def show(shared: Shared) -> None:
    """Show what everybody may see now; as JSON in the shape of Statuspage's summary.json."""
    from opsbook.status_parts import links_of
    from opsbook.usecases.public_site.statuspage import FILES
    from opsbook.usecases.public_site.words import OVERALL, PHASES, STATES, percent

    with _opened(shared) as (config, reading):
        status = reading.status()
        model = FILES["api/v2/summary.json"](status, links_of(config, is_static=False))
    rows = [(each.name, STATES[each.state], percent(each.uptime) if each.uptime is not None else "–")
            for each in status.components]  # fmt: skip
    lines = [f"{status.title}: {OVERALL[status.state]}"]
    lines += [f"{PHASES[each.phase]}: {each.title} ({each.id})" for each in status.incidents]
    lines += [f"{each.phase}: {each.title} ({each.starts_at:%Y-%m-%d %H:%M} UTC)" for each in status.maintenances]
    empty = ["No component is listed: write the table of the section 'Status Page' on the policy page."]
    shown(shared, model, [*lines, *(table(("COMPONENT", "STATE", "90 DAYS"), rows) if rows else empty)])


@verb("export", examples=("opsbook status export public/status", "opsbook status export site --base-url https://status.example.com"))
@click.argument("folder", metavar="DIR")
@click.option("--base-url", default="", metavar="URL", help="Where the files are read, for feeds and JSON.")
def export(shared: Shared, folder: str, *, base_url: str) -> None:
    """Write the status page as plain files: pages, feeds, JSON, a badge. Each file is whole at any moment."""
    from opsbook.adapters.site_folder import FolderOfFiles
    from opsbook.status_parts import links_of
    from opsbook.usecases.status_export import written

    with _opened(shared) as (config, reading):
        files = written(reading.status(), links_of(config, base_url, is_static=True))
    changed = FolderOfFiles(folder).write(files)
    said = f"{len(files)} files are in '{folder}', {changed} of them others than before."
    shown(shared, {"folder": folder, "files": len(files), "changed": changed}, [said])


command = VerbGroup(
    "status",
    (show, export, _status_maintenance.group),
    about="What everybody may see: the public status page. Works beside a running server, and with none.",
    examples=("opsbook status export public/status", "opsbook status maintenance list"),
)


@contextmanager
def _opened(shared: Shared) -> Iterator[tuple[Config, PublicReading]]:
    from opsbook.status_parts import build_public_reading, build_status_book
    from opsbook.wire import build_ledger, build_samples

    config = shared.config()
    ledger = build_ledger(config)
    samples = build_samples(config)
    try:
        book = build_status_book(config)
        yield config, build_public_reading(ledger, lambda: book, samples)
    finally:
        samples.close()
        ledger.close()

"""`opsbook db`: backups of the ledger, putting one back, checking it, bringing it up to date. Knows no database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb
from opsbook.entrypoints.people import at_terminal, show
from opsbook.entrypoints.shown.progress import progress

if TYPE_CHECKING:
    from opsbook.config import Config
    from opsbook.usecases.ledger_check import Checked
    from opsbook.usecases.upkeep_ports import KeptLedger


@verb(
    "backup",
    examples=(
        "opsbook db backup /backups/opsbook-$(date +%F).db",
        "opsbook db backup latest.db --force --format json",
        "opsbook db backup moved.db --db postgresql://opsbook@db.example/opsbook",
    ),
)
@click.argument("file", metavar="FILE", type=click.Path())
@click.option("--force", "may_replace", is_flag=True, help="Replace FILE where it is there already.")
def backup(shared: Shared, *, file: str, may_replace: bool) -> None:
    """Copy the ledger as it is now into FILE, and check the copy.

    Works beside a running server. FILE is one SQLite file, also for a ledger on PostgreSQL. It has its name only when
    it is whole, synced and checked.
    """
    from opsbook.ground.errors import Refusal
    from opsbook.usecases.ledger_upkeep import back_up
    from opsbook.wire_upkeep import build_backup

    config = shared.config()
    copy = build_backup(config, file)
    if copy.exists() and not may_replace:
        raise Refusal(f"'{file}' is there already. Name another file, or replace it with --force.")
    with _ledger(config) as ledger, progress() as tell, copy.written() as empty:
        checked = back_up(ledger, empty, tell)
    size = copy.size_bytes()
    line = f"{file}: {_counted(checked)}, {size / 1e6:,.1f} MB, whole and checked."
    show(shared, {"file": os.path.abspath(file), "bytes": size, **_model(checked)}, [line])


@verb(
    "restore",
    examples=(
        "opsbook db restore /backups/opsbook-2026-11-23.db",
        "opsbook db restore /backups/opsbook-2026-11-23.db --force",
        "opsbook db restore moved.db --db postgresql://opsbook@db.example/opsbook",
    ),
)
@click.argument("file", metavar="FILE", type=click.Path())
@click.option("--force", "may_replace", is_flag=True, help="Replace what the ledger holds now.")
def restore(shared: Shared, *, file: str, may_replace: bool) -> None:
    """Put a backup in the place of the ledger, after checking it.

    Refused while a server runs, and where the ledger is not empty unless --force says so. Whatever happens meanwhile,
    the ledger is the old one or the new one, whole. FILE itself is only read.
    """
    from datetime import UTC, datetime

    from opsbook.ground.errors import Usage
    from opsbook.usecases.ledger_upkeep import restore as put_back
    from opsbook.wire import serving_lock
    from opsbook.wire_upkeep import build_backup, place_to_restore

    config = shared.config()
    copy = build_backup(config, file)
    if not copy.exists():
        raise Usage(f"There is no file '{file}'. Name a backup that 'opsbook db backup' made.")
    with _ledger(config, is_new_welcome=True) as ledger:
        _refuse_while_served(config, ledger)
        with (
            serving_lock(config, "restore"), progress() as tell, copy.opened(place_to_restore(config)) as whole,
        ):  # fmt: skip
            restored, replaced = put_back(
                ledger, whole, may_replace=may_replace, actor=at_terminal(), at=datetime.now(UTC), tell=tell
            )
    instead = f" {replaced:,} events that were there before are gone." if replaced else ""
    line = f"Restored from {file}: {_counted(restored)}, as they were recorded.{instead}"
    show(shared, {"file": os.path.abspath(file), "replaced": replaced, **_model(restored)}, [line])


@verb("check", examples=("opsbook db check", "opsbook db check --db sqlite:///backup.db --format json"))
def check(shared: Shared) -> int:
    """Check everything: the file or tables, the chain of all events, and that every list agrees with them.

    Exits 1 when something is not well, and says what.
    """
    from opsbook.usecases.ledger_check import check_all

    with _ledger(shared.config()) as ledger, progress() as tell:
        checked = check_all(ledger, tell)
    is_well = not checked.faults
    verdict = "all is well" if is_well else f"{len(checked.faults)} things are not well"
    lines = [*checked.faults, click.style(f"{_counted(checked)}: {verdict}.", fg="green" if is_well else "red")]
    show(shared, {"well": is_well, **_model(checked), "faults": checked.faults}, lines)
    return 0 if is_well else 1


@verb("migrate", examples=("opsbook db migrate", "opsbook db migrate --format json"))
def migrate(shared: Shared) -> None:
    """Bring the ledger up to date for this Opsbook, and make the rows of its lists again from the events.

    Every verb does the former by itself; this one says what it did. A ledger of a newer Opsbook is refused.
    """
    from opsbook.wire_upkeep import versions

    config = shared.config()
    before, now = versions(config)
    with _ledger(config) as ledger:
        views, events = ledger.remake_rows(), ledger.head()
    steps = f"has version {now} already" if before == now else f"was brought from version {before} to {now}"
    rows = f"the rows of {', '.join(views)} were made again from {events} events" if views else "it has no lists"
    show(shared, {"from": before, "to": now, "views": views, "events": events}, [f"The ledger {steps}; {rows}."])


command = VerbGroup(
    "db",
    (backup, restore, check, migrate),
    about="The database of the ledger: backups that are checked, putting one back, checks, migrations.",
    examples=("opsbook db backup /backups/opsbook.db", "opsbook db check"),
)


@contextmanager
def _ledger(config: Config, *, is_new_welcome: bool = False) -> Iterator[KeptLedger]:
    from opsbook.wire import build_ledger

    ledger = build_ledger(config, is_new_welcome=is_new_welcome)
    close: Callable[[], None] = ledger.close
    try:
        yield ledger
    finally:
        close()


def _refuse_while_served(config: Config, ledger: KeptLedger) -> None:
    """Raises Refusal where a server runs on the ledger, here or on another node."""
    from opsbook.ground.errors import Refusal
    from opsbook.wire import served_at
    from opsbook.wire_ledger import SERVERS

    here = served_at(config)
    running = [lease.owner for lease in ledger.held(SERVERS)] or ([here] if here else [])
    if running:
        raise Refusal(f"Opsbook serves this ledger at {', '.join(running)}. End it, restore, then start it again.")


def _counted(checked: Checked) -> str:
    events = "1 event" if checked.events == 1 else f"{checked.events:,} events"
    return f"{events} in {'1 stream' if checked.streams == 1 else f'{checked.streams:,} streams'}"


def _model(checked: Checked) -> dict[str, Any]:
    return {"events": checked.events, "streams": checked.streams, "head": checked.head}

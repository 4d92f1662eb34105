"""`opsbook status maintenance`: planned work that customers are told of. Keeps no alert quiet: a silence does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb
from opsbook.entrypoints.people import show, table, who_acts

if TYPE_CHECKING:
    from opsbook.config import Config
    from opsbook.ledger.maintenance import Maintenance
    from opsbook.usecases.ledger_ports import EngineLedger
    from opsbook.usecases.maintenance import Maintenances


@verb(
    "add",
    examples=(
        "opsbook status maintenance add 'Database upgrade' --start 'tomorrow 02:00' --for 1h --component Paying",
        "opsbook status maintenance add 'Database upgrade' --silence 8a0f4e2b",
    ),
)
@click.argument("title")
@click.option("--start", default="", metavar="TIME", help="From when on; now when not given.")
@click.option("--for", "length", default="", metavar="LENGTH", help="For how long: 30m, 2h, 1d.")
@click.option("--until", default="", metavar="TIME", help="Until when.")
@click.option("--zone", default="UTC", show_default=True, metavar="ZONE", help="The time zone of times.")
@click.option("--text", default="", metavar="TEXT", help="What it means for customers.")
@click.option("--component", "components", multiple=True, metavar="NAME", help="What it is about; may be repeated.")
@click.option("--silence", default="", metavar="ID", help="A silence whose times it has.")
@click.option("--change", "id", default="", metavar="ID", help="Change this one instead of adding one.")
def add(
    shared: Shared, title: str, *, start: str, length: str, until: str, zone: str, text: str,
    components: Sequence[str], silence: str, id: str,
) -> None:  # fmt: skip
    """Tell customers of planned work on the status page. Its title and text are read by everybody."""
    from opsbook.alert_parts import build_silences

    with _opened(shared) as (config, ledger, verbs):
        known = build_silences(ledger).find(silence) if silence else None
        starts_at = _instant(start, zone) if start else known.starts_at if known is not None else datetime.now(UTC)
        ends_at = known.ends_at if known is not None and not (length or until) else _end(until, length, zone, starts_at)
        made = verbs.announce(
            title, who_acts(config, ledger, "respond"), starts_at=starts_at, ends_at=ends_at, body=text,
            components=components, silence=known.id if known is not None else "", id=id,
        )  # fmt: skip
    show(shared, _model(made), [f"Customers read it on the status page: {made.title} ({made.id})"])


@verb("list", examples=("opsbook status maintenance list", "opsbook status maintenance list --over"))
@click.option("--over", is_flag=True, help="Those that are over, too.")
def list_(shared: Shared, *, over: bool) -> None:
    """List planned work, the first to begin first."""
    with _opened(shared) as (_, _ledger, verbs):
        found = verbs.all(("scheduled", "in_progress", *(("completed", "cancelled") if over else ())))
    models = [_model(each) for each in found]
    rows = [
        (each.id, str(model["state"]), f"{each.starts_at:%Y-%m-%d %H:%M}", f"{each.over_at:%Y-%m-%d %H:%M}", each.title,
         ", ".join(each.components))
        for each, model in zip(found, models, strict=True)
    ]  # fmt: skip
    heads = ("ID", "STATE", "FROM (UTC)", "UNTIL (UTC)", "TITLE", "COMPONENTS")
    show(shared, {"maintenances": models}, table(heads, rows) if rows else ["Nothing is planned."])


@verb("end", examples=("opsbook status maintenance end 261126-211401-x7kd",))
@click.argument("maintenance", metavar="ID")
def end(shared: Shared, maintenance: str) -> None:
    """End planned work now; before its beginning that calls it off, and it is shown no more."""
    with _opened(shared) as (config, ledger, verbs):
        made = verbs.end(maintenance, who_acts(config, ledger, "respond"))
    show(shared, _model(made), [f"{made.title} is {_model(made)['state']}"])


group = VerbGroup(
    "maintenance", (add, list_, end), about="Planned work that customers are told of.",
    examples=("opsbook status maintenance list",),
)  # fmt: skip


@contextmanager
def _opened(shared: Shared) -> Iterator[tuple[Config, EngineLedger, Maintenances]]:
    from opsbook.status_parts import build_maintenances, build_status_book
    from opsbook.wire import build_ledger

    config = shared.config()
    ledger = build_ledger(config)
    try:
        yield config, ledger, build_maintenances(ledger, lambda: build_status_book(config))
    finally:
        ledger.close()


def _instant(text: str, zone: str) -> datetime:
    from opsbook.entrypoints.duties import asked_instant

    return asked_instant(text, zone).at


def _end(until: str, length: str, zone: str, starts_at: datetime) -> datetime:
    from opsbook.ground.durations import read_duration
    from opsbook.ground.errors import Usage

    if bool(until) == bool(length):
        raise Usage("Tell --for or --until: customers want to know when it is over.")
    if until:
        return _instant(until, zone)
    found = read_duration(length)
    if not found:
        raise Usage(f"'{length}' is no length of time; write it as 30m, 2h or 1d.")
    return starts_at + found


def _model(made: Maintenance) -> dict[str, Any]:
    return {
        "id": made.id, "title": made.title, "body": made.body, "state": made.state(datetime.now(UTC)),
        "starts_at": made.starts_at, "ends_at": made.ends_at, "components": list(made.components), "by": made.by,
        "silence": made.silence or None, "announced_at": made.announced_at, "ended_at": made.ended_at,
    }  # fmt: skip

"""`opsbook heartbeat`: what is to call regularly, and whether it does. Calls nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb
from opsbook.entrypoints.people import at_terminal, show, table
from opsbook.entrypoints.senders import senders_of, told_time

if TYPE_CHECKING:
    from opsbook.usecases.heartbeats import Heartbeat


@verb(
    "put",
    examples=(
        "opsbook heartbeat put nightly-backup --every 1d --grace 2h --service database",
        "opsbook heartbeat put cron --every 5m --severity P2",
    ),
)
@click.argument("name", metavar="NAME")
@click.option("--every", required=True, metavar="TIME", help="How often it calls, such as 5m or '1 day'.")
@click.option("--grace", default="1m", show_default=True, metavar="TIME", help="How late it may be.")
@click.option("--severity", default="P1", show_default=True, metavar="P0…P3", help="How grave its silence is.")
@click.option("--service", default=None, metavar="NAME", help="Which service it belongs to.")
@click.option("--runbook", default="", metavar="URL", help="Where it says what to do.")
def put(
    shared: Shared, *, name: str, every: str, grace: str, severity: str, service: str | None, runbook: str
) -> None:
    """Wait for something that is to call: from its first call on, its silence is an alert."""
    every_s, grace_s = _seconds(every, "--every"), _seconds(grace, "--grace")
    with senders_of(shared) as senders:
        found = senders.heartbeats.put(
            name, at_terminal(), every_s=every_s, grace_s=grace_s, severity=severity, service=service, runbook=runbook
        )
    show(shared, _model(found), [f"'{name}' is {found.state}; it calls at /inlets/heartbeats/{name}"])


@verb("list", examples=("opsbook heartbeat list",))
def list_(shared: Shared) -> None:
    """List what is to call, and whether it does."""
    with senders_of(shared) as senders:
        found = senders.heartbeats.all()
    rows = [
        (each.name, each.state, f"{each.every_s:g} s", f"{each.grace_s:g} s", each.severity, told_time(each.last_at))
        for each in found
    ]
    heads = ("HEARTBEAT", "STATE", "EVERY", "GRACE", "SEVERITY", "LAST CALL")
    show(shared, {"heartbeats": [_model(each) for each in found]}, table(heads, rows) if rows else ["There are none."])


@verb("pause", examples=("opsbook heartbeat pause nightly-backup", "opsbook heartbeat pause nightly-backup --resume"))
@click.argument("name", metavar="NAME")
@click.option("--resume", is_flag=True, help="Wait for it again, as if it had just called.")
def pause(shared: Shared, name: str, *, resume: bool) -> None:
    """Wait for one no more, until it is resumed."""
    with senders_of(shared) as senders:
        found = senders.heartbeats.pause(name, at_terminal(), is_paused=not resume)
    show(shared, _model(found), [f"'{name}' is {found.state}"])


@verb("remove", examples=("opsbook heartbeat remove nightly-backup",))
@click.argument("name", metavar="NAME")
def remove(shared: Shared, name: str) -> None:
    """Forget one."""
    with senders_of(shared) as senders:
        senders.heartbeats.remove(name, at_terminal())
    show(shared, {"removed": name}, [f"'{name}' is removed"])


@verb("beat", examples=("opsbook heartbeat beat nightly-backup",))
@click.argument("name", metavar="NAME")
def beat(shared: Shared, name: str) -> None:
    """Call for one from here: for a job on the machine of the ledger."""
    with senders_of(shared) as senders:
        found = senders.heartbeats.beat(name)
    show(shared, _model(found), [f"'{name}' is {found.state}"])


command = VerbGroup(
    "heartbeat",
    (put, list_, pause, remove, beat),
    about="What is to call regularly; its silence is an alert. Works beside a running server.",
    examples=("opsbook heartbeat put nightly-backup --every 1d --grace 2h", "opsbook heartbeat list"),
)


def _seconds(text: str, option: str) -> float:
    from opsbook.ground.durations import read_duration

    length = read_duration(text)
    if length is None:
        raise click.BadParameter(f"'{text}' is no length of time, such as 5m or '1 day'.", param_hint=option)
    return length.total_seconds()


def _model(heartbeat: Heartbeat) -> dict[str, Any]:
    return {
        "name": heartbeat.name, "state": heartbeat.state, "every_s": heartbeat.every_s, "grace_s": heartbeat.grace_s,
        "severity": heartbeat.severity, "service": heartbeat.service, "runbook": heartbeat.runbook,
        "last_at": heartbeat.last_at,
    }  # fmt: skip

"""`opsbook inlet`: who sends alerts, with which token, how its JSON is read, and what was received. Reads no body."""

from __future__ import annotations

import sys
from typing import Any

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb
from opsbook.entrypoints.people import at_terminal, show, table
from opsbook.entrypoints.senders import body_model, inlet_model, mapping_of, senders_of, told_time

_OWN = "Take a token that the sender has already, such as a routing key, from standard input."


@verb(
    "add",
    examples=(
        "opsbook inlet add shop-alertmanager --kind alertmanager",
        "opsbook inlet add backups --kind generic --map 'summary=job'",
    ),
)
@click.argument("name", metavar="NAME")
@click.option("--kind", required=True, metavar="KIND", help="What it speaks: alertmanager, grafana, generic, …")
@click.option("--group", default="", metavar="NAME", help="Which inlets tell of the same alerts; else its own name.")
@click.option("--map", "pairs", multiple=True, metavar="FIELD=EXPRESSION", help="Where a field stands (JMESPath).")
@click.option("--token-stdin", is_flag=True, help=_OWN)
def add(shared: Shared, *, name: str, kind: str, group: str, pairs: tuple[str, ...], token_stdin: bool) -> None:
    """Add an inlet and print its token. It is shown this once."""
    mapping, own = mapping_of(pairs), _from_stdin(token_stdin)
    with senders_of(shared) as senders:
        inlet, token = senders.inlets.add(name, kind, at_terminal(), group=group, mapping=mapping, token=own)
    _tell_token(shared, token, {"inlet": inlet_model(inlet)}, is_own=bool(own))


@verb("list", examples=("opsbook inlet list",))
def list_(shared: Shared) -> None:
    """List the inlets, and when each sent something last."""
    with senders_of(shared) as senders:
        found = senders.inlets.all()
    rows = [
        (each.name, each.kind, each.group, str(len(each.tokens)), "paused" if each.is_paused else "open",
         str(each.received), told_time(each.last_seen_at))
        for each in found
    ]  # fmt: skip
    heads = ("INLET", "KIND", "GROUP", "TOKENS", "STATE", "RECEIVED", "LAST SEEN")
    lines = table(heads, rows) if rows else ["There are no inlets. On this machine itself none is needed."]
    show(shared, {"inlets": [inlet_model(each) for each in found]}, lines)


@verb("show", examples=("opsbook inlet show backups",))
@click.argument("name", metavar="NAME")
def show_(shared: Shared, name: str) -> None:
    """Show an inlet: its tokens by their ids, and its mapping."""
    with senders_of(shared) as senders:
        inlet = senders.inlets.find(name)
    state = "paused" if inlet.is_paused else "open"
    lines = [
        f"{inlet.name}: {inlet.kind}, group {inlet.group}, {state}",
        f"received {inlet.received}, last {told_time(inlet.last_seen_at)}",
        *(f"token {token}" for token in inlet.tokens),
        *(f"{field} = {expression}" for field, expression in inlet.mapping.items()),
    ]
    show(shared, inlet_model(inlet), lines)


@verb("token", examples=("opsbook inlet token backups",))
@click.argument("name", metavar="NAME")
@click.option("--token-stdin", is_flag=True, help=_OWN)
def token(shared: Shared, name: str, *, token_stdin: bool) -> None:
    """Give an inlet a second token, to replace the first: both count until one is revoked."""
    own = _from_stdin(token_stdin)
    with senders_of(shared) as senders:
        secret = senders.inlets.rotate(name, at_terminal(), token=own)
        inlet = senders.inlets.find(name)
    _tell_token(shared, secret, {"inlet": inlet_model(inlet)}, is_own=bool(own))


@verb("revoke", examples=("opsbook inlet revoke backups 1f3a9c0b7d5e2468",))
@click.argument("name", metavar="NAME")
@click.argument("token_id", metavar="TOKEN")
def revoke(shared: Shared, name: str, token_id: str) -> None:
    """Revoke a token of an inlet for good, by its id."""
    with senders_of(shared) as senders:
        inlet = senders.inlets.revoke(name, token_id, at_terminal())
    show(shared, inlet_model(inlet), [f"{token_id} is revoked; '{name}' has {_count(len(inlet.tokens), 'token')}"])


@verb("pause", examples=("opsbook inlet pause backups", "opsbook inlet pause backups --resume"))
@click.argument("name", metavar="NAME")
@click.option("--resume", is_flag=True, help="Hear it again.")
def pause(shared: Shared, name: str, *, resume: bool) -> None:
    """Keep what an inlet sends and lead it nowhere, until it is resumed."""
    with senders_of(shared) as senders:
        inlet = senders.inlets.pause(name, at_terminal(), is_paused=not resume)
    show(shared, inlet_model(inlet), [f"'{name}' is {'paused' if inlet.is_paused else 'open'}"])


@verb("mapping", examples=("opsbook inlet mapping backups 'summary=job.name' 'status=job.result'",
                           "opsbook inlet mapping backups --clear"))  # fmt: skip
@click.argument("name", metavar="NAME")
@click.argument("pairs", nargs=-1, metavar="[FIELD=EXPRESSION]…")
@click.option("--clear", is_flag=True, help="Read its JSON without a mapping.")
def mapping(shared: Shared, name: str, pairs: tuple[str, ...], *, clear: bool) -> None:
    """Show or replace how the JSON of a generic inlet is read."""
    with senders_of(shared) as senders:
        if pairs or clear:
            senders.inlets.remap(name, at_terminal(), {} if clear else mapping_of(pairs))
        inlet = senders.inlets.find(name)
    lines = [f"{field} = {expression}" for field, expression in inlet.mapping.items()]
    show(shared, inlet_model(inlet), lines or ["There is no mapping: common shapes are read by themselves."])


@verb("remove", examples=("opsbook inlet remove backups",))
@click.argument("name", metavar="NAME")
def remove(shared: Shared, name: str) -> None:
    """Remove an inlet; its tokens count no more, and its alerts stay."""
    with senders_of(shared) as senders:
        senders.inlets.remove(name, at_terminal())
    show(shared, {"removed": name}, [f"'{name}' is removed"])


@verb("raw", examples=("opsbook inlet raw --slips", "opsbook inlet raw 261126-180930-yrwu"))
@click.argument("body", metavar="[ID]", required=False)
@click.option("--inlet", default="", metavar="NAME", help="Of this inlet alone.")
@click.option("--slips", is_flag=True, help="Those alone that could not be read whole.")
@click.option("--limit", type=click.IntRange(1, 5000), default=50, show_default=True, metavar="N", help="At the most.")
def raw(shared: Shared, body: str | None, *, inlet: str, slips: bool, limit: int) -> None:
    """List what was received, the last first; or show one as it came, with what could not be read of it."""
    with senders_of(shared) as senders:
        if body is not None:
            _show_one(shared, senders.bodies.find(body))
            return
        found = senders.bodies.latest(inlet=inlet, slips_only=slips, limit=limit)
    rows = [
        (each.id, told_time(each.at), each.source.name, each.format, str(each.signals), str(len(each.slips)),
         f"{each.size} B" if each.size is not None else "gone")
        for each in found
    ]  # fmt: skip
    lines = table(("ID", "RECEIVED", "INLET", "FORMAT", "ALERTS", "SLIPS", "SIZE"), rows) if rows else ["Nothing."]
    show(shared, {"bodies": [body_model(each) for each in found]}, lines)


@verb("replay", examples=("opsbook inlet replay 261126-180930-yrwu",))
@click.argument("body", metavar="ID")
def replay(shared: Shared, body: str) -> None:
    """Receive a body again, as its inlet reads it now: after a change of its mapping, for one."""
    with senders_of(shared) as senders:
        receipt = senders.bodies.replay(body)
    told = f"Received again as {receipt.batch or 'nothing new'}: {_count(receipt.signals, 'alert')}"
    answer = {"batch": receipt.batch, "signals": receipt.signals, "slips": receipt.slips}
    show(shared, answer, [f"{told}, {_count(receipt.slips, 'slip')}"])


command = VerbGroup(
    "inlet",
    (add, list_, show_, token, revoke, pause, mapping, remove, raw, replay),
    about="Who sends alerts, and what was received. Works beside a running server, which sees a change in a second.",
    examples=("opsbook inlet add shop --kind alertmanager", "opsbook inlet list", "opsbook inlet raw --slips"),
)


def _from_stdin(is_wanted: bool) -> str:
    return sys.stdin.readline().strip() if is_wanted else ""


def _tell_token(shared: Shared, token: str, more: dict[str, Any], *, is_own: bool) -> None:
    if is_own:
        show(shared, more, ["The token counts from now on."])
        return
    show(shared, {"token": token, **more}, [token])
    if shared.format == "text":
        click.echo("Keep it now: it is not shown again.", err=True)


def _show_one(shared: Shared, body: Any) -> None:
    if shared.format == "json":
        text = body.raw.decode("utf-8", "replace") if body.raw is not None else None
        show(shared, {**body_model(body), "raw": text}, [])
        return
    held = ", led nowhere: the inlet was paused" if body.is_held else ""
    click.echo(f"{body.id} of {body.source.name}, {told_time(body.at)}, read as {body.format}{held}", err=True)
    for slip in body.slips:
        click.echo(f"{slip.where}: {slip.why}", err=True)
    if body.raw is not None:
        sys.stdout.buffer.write(body.raw.rstrip(b"\n") + b"\n")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

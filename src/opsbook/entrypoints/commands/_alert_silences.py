"""`opsbook alerts silence`: which alerts wake nobody for now, from when to when, and why. Suppresses nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb
from opsbook.entrypoints.people import who_acts

if TYPE_CHECKING:
    from opsbook.config import Config
    from opsbook.ledger.silence import Silence
    from opsbook.usecases.ledger_ports import EngineLedger
    from opsbook.usecases.silences import Silences

STATES = ("active", "pending", "expired")
_FOR = "2h"
_ID = click.argument("silence", metavar="ID")


@verb(
    "add",
    examples=(
        "opsbook alerts silence add ApiDown job=api --for 2h --comment 'Upgrading the API'",
        "opsbook alerts silence add 'severity=~\"warning|info\"' --until 'Monday 09:00' --comment 'Mended on Monday'",
        "opsbook alerts silence add job=backup --start 02:00 --for 1h --every FREQ=DAILY --comment 'Nightly backup'",
    ),
)
@click.argument("matchers", nargs=-1, required=True, metavar="MATCHER…")
@click.option("--for", "length", metavar="LENGTH", help="For how long: 30m, 2h, 1d; 2h when no end is told.")
@click.option("--until", metavar="TIME", help="Until when: 'Monday 09:00', 'tomorrow 08:00', 'working hours'.")
@click.option("--start", default="now", metavar="TIME", help="From when on; now when not given.")
@click.option("--comment", required=True, metavar="TEXT", help="The reason, which everybody sees.")
@click.option("--every", "rule", default="", metavar="RRULE", help="Again and again: FREQ=WEEKLY;BYDAY=SA,SU.")
@click.option("--zone", default="", metavar="ZONE", help="The time zone of times, such as Europe/Berlin; else UTC.")
@click.option("--maintenance", is_flag=True, help="It is planned.")
@click.option("--remind", metavar="LENGTH", help="Remind me so long before its end.")
@click.option("--change", "id", default="", metavar="ID", help="Change this silence instead of adding one.")
def add(shared: Shared, *, matchers: Sequence[str], length: str | None, until: str | None, start: str, comment: str,
        rule: str, zone: str, maintenance: bool, remind: str | None, id: str) -> None:  # fmt: skip
    """Let alerts that match all of these wake nobody for a while.

    They are recorded all the same. A MATCHER is NAME=VALUE, !=, =~ or !~ as Alertmanager has them; a word alone is the
    name of the alert.
    """
    from opsbook.ledger.matchers import matchers_of

    texts = [text if any(sign in text for sign in "=~{!") else f'alertname="{text}"' for text in matchers]
    wanted = matchers_of(texts)
    zone = zone or "UTC"
    with _opened(shared) as (config, ledger, verbs):
        before = verbs.find(id) if id else None
        starts_at = before.starts_at if before is not None and start == "now" else _instant(start, zone)
        ends_at = _end(until, length, zone, starts_at)
        remind_at = ends_at - (_length(remind) if remind else timedelta())
        made = verbs.add(
            wanted, starts_at=starts_at, ends_at=ends_at, by=who_acts(config, ledger, "respond"), comment=comment,
            rule=rule, time_zone=zone, kind="maintenance" if maintenance else "silence",
            remind_at=remind_at if remind else None, id=before.id if before is not None else "", maker=_maker(config),
        )  # fmt: skip
        _answer(shared, ledger, [made], is_one=True)


@verb("list", examples=("opsbook alerts silence list", "opsbook alerts silence list --expired --match job=api"))
@click.option("--expired", is_flag=True, help="Those that are over too.")
@click.option("--match", "matchers", multiple=True, metavar="MATCHER", help="Only those whose matchers say this.")
def list_(shared: Shared, *, expired: bool, matchers: Sequence[str]) -> None:
    """List silences, the last changed first."""
    from opsbook.ledger.matchers import matchers_of

    wanted = matchers_of(matchers)
    with _opened(shared) as (_, ledger, verbs):
        _answer(shared, ledger, verbs.select(matchers=wanted, states=STATES if expired else STATES[:2]))


@verb("show", examples=("opsbook alerts silence show 8a0f4e2b",))
@_ID
def show(shared: Shared, silence: str) -> None:
    """Show one silence; the beginning of its id is enough."""
    with _opened(shared) as (_, ledger, verbs):
        _answer(shared, ledger, [verbs.find(silence)], is_one=True)


@verb("expire", examples=("opsbook alerts silence expire 8a0f4e2b",))
@click.argument("silences", nargs=-1, required=True, metavar="ID…")
def expire(shared: Shared, silences: Sequence[str]) -> None:
    """End silences now. What they held wakes people again."""
    with _opened(shared) as (config, ledger, verbs):
        by = who_acts(config, ledger, "respond")
        _answer(shared, ledger, [verbs.expire(each, by) for each in silences])


@verb("again", examples=("opsbook alerts silence again 8a0f4e2b",))
@_ID
def again(shared: Shared, silence: str) -> None:
    """Add one again that was expired by mistake."""
    with _opened(shared) as (config, ledger, verbs):
        _answer(shared, ledger, [verbs.again(silence, who_acts(config, ledger, "respond"))], is_one=True)


class SilenceGroup(VerbGroup):
    """The verbs; `silence --add MATCHER` is `silence add MATCHER`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does."""
        if any(arg == "--add" or arg.startswith("--add=") for arg in args):
            args = ["add", *(arg.removeprefix("--add=") for arg in args if arg != "--add")]
        return super().parse_args(ctx, args)


group = SilenceGroup(
    "silence", [add, list_, show, expire, again], about="Silences: alerts that wake nobody for a while.",
    examples=("opsbook alerts silence add ApiDown --for 2h --comment 'Upgrading it'",),
)  # fmt: skip


@contextmanager
def _opened(shared: Shared) -> Iterator[tuple[Config, EngineLedger, Silences]]:
    from opsbook.alert_parts import build_silences
    from opsbook.wire import build_ledger

    config = shared.config()
    ledger = build_ledger(config)
    try:
        yield config, ledger, build_silences(ledger)
    finally:
        ledger.close()


def _maker(config: Config) -> str:
    """Who is reminded of it: as git knows them, by which the book may know them too; else whoever acts."""
    from opsbook.config import token
    from opsbook.wire import person_at

    return "" if token() else person_at(config.root) or ""


def _instant(text: str, zone: str) -> datetime:
    from opsbook.entrypoints.duties import asked_instant

    return asked_instant(text, zone).at


def _length(text: str) -> timedelta:
    from opsbook.ground.durations import read_duration
    from opsbook.ground.errors import Usage

    found = read_duration(text)
    if found is None or not found:
        raise Usage(f"'{text}' is no length of time; write it as 30m, 2h or 1d.")
    return found


def _end(until: str | None, length: str | None, zone: str, starts_at: datetime) -> datetime:
    from opsbook.ground.errors import Usage
    from opsbook.usecases.silence_shown import next_working_hours

    if until and length:
        raise Usage("Tell --for or --until, not both.")
    if until:
        return next_working_hours(until, datetime.now(UTC), zone) or _instant(until, zone)
    return starts_at + _length(length or _FOR)


def _answer(shared: Shared, ledger: EngineLedger, silences: Sequence[Silence], *, is_one: bool = False) -> None:
    from opsbook.entrypoints.people import table
    from opsbook.entrypoints.run_desk import answer
    from opsbook.usecases.alert_board import Board
    from opsbook.usecases.silence_shown import matched, silence_model

    now = datetime.now(UTC)
    counts = matched(silences, (alert.labels for alert in Board(ledger).look().alerts)) if silences else {}
    models = [silence_model(each, now, counts[each.id]) for each in silences]
    rows = [
        (model["id"][:8], model["state"], _stretch(model), model["match"], str(model["matched"]), each.created_by,
         each.comment)
        for model, each in zip(models, silences, strict=True)
    ]  # fmt: skip
    heads = ("ID", "STATE", "HOLDS (UTC)", "MATCHERS", "ALERTS", "BY", "COMMENT")
    empty = "There is no silence. 'opsbook alerts silence add MATCHER --for 2h --comment TEXT' adds one."
    answer(shared, models[0] if is_one else {"silences": models}, table(heads, rows) if rows else iter((empty,)))


def _stretch(model: dict[str, object]) -> str:
    begin, end = (str(model[name] or model[other])[:16].replace("T", " ") for name, other in
                  (("begin", "starts_at"), ("end", "ends_at")))  # fmt: skip
    end = str(model["expired_at"])[:16].replace("T", " ") if model["expired_at"] else end
    shown = end[11:] if end[:10] == begin[:10] else end
    return f"{begin} to {shown}" + (f", {model['rule']}" if model["rule"] else "")

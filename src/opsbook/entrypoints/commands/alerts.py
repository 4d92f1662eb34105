"""`opsbook alerts`: what fires, what became of it, and what people do with it. Works with no server. Routes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.commands._alert_silences import group as silence
from opsbook.entrypoints.options import Shared, VerbGroup, verb

if TYPE_CHECKING:
    from opsbook.config import Config
    from opsbook.ledger.alert import Alert
    from opsbook.ledger.matchers import Matcher
    from opsbook.ledger.page import Page
    from opsbook.usecases.alerts import Alerts
    from opsbook.usecases.ledger_ports import EngineLedger

VIA = "command line"
LONGEST_KEY = 300  # letters of a group's key that is offered to be typed
STATUSES = ("firing", "acknowledged", "suppressed", "stale", "resolved")
_NAMES = click.argument("alerts", nargs=-1, required=True, metavar="ALERT…")
_WHY = click.option("--why", default="", metavar="TEXT", help="The reason, which everybody sees.")
_ALL = click.option("--all", "is_all", is_flag=True, help="All open alerts of a name, where several have it.")


@verb(
    "list",
    examples=(
        "opsbook alerts list",
        "opsbook alerts list 'severity=~\"critical|page\"' service=api --status firing",
        "opsbook alerts list --groups",
        "opsbook alerts list --all --limit 50 --format json",
    ),
)
@click.argument("matchers", nargs=-1, metavar="[MATCHER…]")
@click.option("--status", multiple=True, type=click.Choice(STATUSES), metavar="STATUS", help=f"{', '.join(STATUSES)}.")
@click.option("--groups", is_flag=True, help="By the groups in which they wake people.")
@click.option("--all", "is_all", is_flag=True, help="Also what ended long ago, the last that began first.")
@click.option("--limit", type=click.IntRange(1, 100_000), metavar="N", help="How many at the most.")
def list_(shared: Shared, *, matchers: Sequence[str], status: Sequence[str], groups: bool, is_all: bool,
          limit: int | None) -> None:  # fmt: skip
    """List alerts: what is open, and what ended within a day.

    A MATCHER is NAME=VALUE, !=, =~ or !~ as Alertmanager has them; a word alone is the name of the alert.
    """
    from datetime import UTC, datetime
    from itertools import islice

    from opsbook.entrypoints.run_desk import answer
    from opsbook.entrypoints.shown.alerts import group_lines, list_lines, sender_lines
    from opsbook.entrypoints.shown.terminal import terminal_width
    from opsbook.usecases.alert_shown import alert_model

    wanted = _matchers(matchers)
    with opened(shared) as (_, _, verbs):
        if is_all:
            found = verbs.select(matchers=wanted, status=status, is_open=None, limit=limit or 1000)
        else:
            found = list(islice(verbs.listed(matchers=wanted, status=status), limit))
    now, width = datetime.now(UTC), terminal_width()
    lines = group_lines(found, now, width) if groups else list_lines(found, now, width)
    if not found and not matchers and not status:
        lines = sender_lines(_address(shared))
    answer(shared, {"alerts": [alert_model(each) for each in found]}, lines)


@verb("show", examples=("opsbook alerts show ApiDown", "opsbook alerts show 261126-0310 --format json"))
@click.argument("alert", metavar="ALERT")
def show(shared: Shared, alert: str) -> None:
    """Show one alert: its state, the first steps of its section, who was paged, and what happened.

    ALERT is its id, the beginning of it that no other has, its name, or its fingerprint.
    """
    from datetime import UTC, datetime

    from opsbook.entrypoints.run_desk import answer
    from opsbook.entrypoints.shown.alerts import alert_lines
    from opsbook.entrypoints.shown.terminal import terminal_width
    from opsbook.usecases.alert_shown import alert_whole, delivery_models

    with opened(shared) as (config, ledger, verbs):
        found = verbs.find(alert)
        events, noise = verbs.events(found), verbs.noise(found)
        steps, page = _steps(config, found), _page(ledger, found)
    model = {**alert_whole(found, events, noise, steps), "deliveries": delivery_models(page)}
    answer(shared, model, alert_lines(found, events, noise, steps=steps, page=page, now=datetime.now(UTC),
                                      width=terminal_width()))  # fmt: skip


@verb("ack", examples=("opsbook alerts ack ApiDown", "opsbook alerts ack 261126-031005-k3w7 --for 2h --why 'On it.'"))
@_NAMES
@click.option("--for", "length", metavar="LENGTH", help="For how long: 30m, 2h; as configured when not told.")
@_ALL
@_WHY
def acknowledge(shared: Shared, *, alerts: Sequence[str], is_all: bool, length: str | None, why: str) -> None:
    """Take care of alerts, and of the pages for them: people are not woken any more for a while.

    ALERT is an alert, the id of a page, or the key of a group, which mean all of theirs that are open. A name that
    several open alerts have is refused without --all.
    """
    for_s = _seconds(length) if length else None
    _done(shared, lambda verbs, by: verbs.acknowledge(alerts, by, via=VIA, why=why, for_s=for_s,
                                                       all_of_name=is_all), "acknowledged", "ack")  # fmt: skip


@verb("unack", examples=("opsbook alerts unack ApiDown --why 'I have to leave.'",))
@_NAMES
@_ALL
@_WHY
def unacknowledge(shared: Shared, *, alerts: Sequence[str], is_all: bool, why: str) -> None:
    """Take an acknowledgement back: people are woken again."""
    _done(shared, lambda verbs, by: verbs.unacknowledge(alerts, by, why, all_of_name=is_all),
          "acknowledged by nobody", "unack")  # fmt: skip


@verb("resolve", examples=("opsbook alerts resolve ApiDown --why 'It was a drill.'",))
@_NAMES
@_ALL
@_WHY
def resolve(shared: Shared, *, alerts: Sequence[str], is_all: bool, why: str) -> None:
    """Say that alerts are over. Where a sender says otherwise later, they open again."""
    _done(shared, lambda verbs, by: verbs.resolve(alerts, by, why, all_of_name=is_all), "over", "resolve")


@verb("reopen", examples=("opsbook alerts reopen 261126-031005-k3w7",))
@_NAMES
@_WHY
def reopen(shared: Shared, *, alerts: Sequence[str], why: str) -> None:
    """Take back that alerts are over, where a person had said so."""
    _done(shared, lambda verbs, by: verbs.reopen(alerts, by, why), "open again")


@verb("note", examples=("opsbook alerts note ApiDown 'The disk of web-1 is full.'",))
@click.argument("alert", metavar="ALERT")
@_ALL
@click.argument("text", nargs=-1, required=True, metavar="TEXT")
def note(shared: Shared, *, alert: str, is_all: bool, text: Sequence[str]) -> None:
    """Write something to an alert; it is kept with it."""
    _done(shared, lambda verbs, by: verbs.note(alert, by, " ".join(text), all_of_name=is_all), "noted", "note")


command = VerbGroup(
    "alerts", (list_, show, acknowledge, unacknowledge, resolve, reopen, note, silence),
    about="Alerts: what fires, where it leads, who takes care of it.",
    examples=("opsbook alerts list", "opsbook alerts show ApiDown", "opsbook alerts ack ApiDown"),
)  # fmt: skip


@contextmanager
def opened(shared: Shared) -> Iterator[tuple[Config, EngineLedger, Alerts]]:
    """The verbs of alerts over the ledger that the options name; it is closed at the end."""
    from opsbook.alert_parts import build_alerts
    from opsbook.wire import build_ledger

    config = shared.config()
    ledger = build_ledger(config)
    try:
        yield config, ledger, build_alerts(config, ledger)
    finally:
        ledger.close()


def _address(shared: Shared) -> str:
    """Where senders reach a server of this ledger: where one answers now, else where one would."""
    from opsbook.wire import served_at

    config = shared.config()
    return served_at(config) or config.public_url.rstrip("/") or "http://127.0.0.1:8000"


def _done(shared: Shared, act: Callable[[Alerts, str], list[Alert]], said: str, word: str = "") -> None:
    """Does it, and tells it; `word` is the verb's own, for what may be typed where a name means several."""
    from shlex import quote

    from opsbook.entrypoints.people import who_acts
    from opsbook.entrypoints.run_desk import answer
    from opsbook.entrypoints.shown.alerts import done_lines
    from opsbook.usecases.alert_finding import SeveralMeant
    from opsbook.usecases.alert_shown import alert_model

    with opened(shared) as (config, ledger, verbs):
        try:
            changed = act(verbs, who_acts(config, ledger, "respond"))
        except SeveralMeant as wrong:
            groups = [group for group, _ in wrong.groups[:3] if len(group) <= LONGEST_KEY]
            quoted = [quote(each) for each in (wrong.name, *groups)]
            ways = [f"  opsbook alerts {word} {each}" for each in (f"{quoted[0]} --all", *quoted[1:])]
            wrong.at_terminal = "\n".join(("", *ways)) if word else ""
            raise
    answer(shared, {"alerts": [alert_model(each) for each in changed]}, done_lines(changed, said))


def _steps(config: Config, alert: Alert) -> tuple[str, ...]:
    """The first steps of the section, as its page is now."""
    from opsbook.usecases.first_steps import PagesOf, first_steps
    from opsbook.wire import build_book

    return first_steps(PagesOf(build_book(config)), alert.place) if alert.place is not None else ()


def _page(ledger: EngineLedger, alert: Alert) -> Page | None:
    """The page that the alert belongs to."""
    from opsbook.ledger.page import PAGE_VIEW, page_of, stream_of

    kept = ledger.row(PAGE_VIEW.name, stream_of(alert.page)) if alert.page else None
    return page_of(kept) if kept is not None else None


def _matchers(texts: Sequence[str]) -> tuple[Matcher, ...]:
    from opsbook.ledger.matchers import matchers_of

    return matchers_of([text if any(sign in text for sign in "=~{!") else f'alertname="{text}"' for text in texts])


def _seconds(text: str) -> float:
    from opsbook.ground.durations import read_duration
    from opsbook.ground.errors import Usage

    found = read_duration(text)
    if not found:
        raise Usage(f"'{text}' is no length of time; write it as 30m, 2h or 1d.")
    return found.total_seconds()

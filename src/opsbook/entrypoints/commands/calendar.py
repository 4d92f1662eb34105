"""`opsbook calendar`: duty as iCalendar, and secret addresses of it for programs that cannot sign in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.options import Shared, VerbGroup, verb
from opsbook.entrypoints.people import at_terminal, show, table

if TYPE_CHECKING:
    from opsbook.usecases.duty_calendar import About
    from opsbook.usecases.shared_calendars import SharedCalendars


def _whose(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name whose calendar is meant."""
    for kind in ("schedule", "service", "team", "person"):
        function = click.option(f"--{kind}", metavar="NAME", help=f"The calendar of this {kind}.")(function)
    return function


@verb("show", examples=("opsbook calendar show --person ada > ada.ics", "opsbook calendar show"))
@_whose
def show_(shared: Shared, **named: str | None) -> None:
    """Print a calendar as iCalendar, from 30 days ago to a year ahead; without a name that of all schedules."""
    sys.stdout.buffer.write(_content(shared, _about(named)))


@verb("share", examples=("opsbook calendar share --person ada", "opsbook calendar share --schedule 'Primary On-Call'"))
@_whose
def share(shared: Shared, **named: str | None) -> None:
    """Make a secret address at which a calendar can be subscribed to without signing in.

    Whoever knows it can read the calendar, until it is revoked. It is told this once.
    """
    from opsbook.usecases.shared_calendars import shared_model
    from opsbook.wire import served_at

    about = _about(named)
    _content(shared, about)  # raises for a name that the book does not know
    with _calendars(shared) as calendars:
        secret, made = calendars.share(about, at_terminal())
    config = shared.config()
    base = served_at(config) or config.public_url.rstrip("/")
    address = f"{base}/calendars/{secret}.ics"
    lines = [address, f"Revoke it with 'opsbook calendar revoke {made.id}'."]
    if not base:
        lines.append("No server runs now: put its address in front.")
    show(shared, shared_model(made, address), lines)


@verb("list", examples=("opsbook calendar list",))
def list_(shared: Shared) -> None:
    """List the calendars that have a secret address, and who made it."""
    from opsbook.usecases.shared_calendars import shared_model

    with _calendars(shared) as calendars:
        found = calendars.select()
    rows = [(each.id, f"{each.about.kind} {each.about.name}".strip(), each.by, f"{each.at:%Y-%m-%d}") for each in found]
    lines = table(("ID", "OF", "BY", "SINCE"), rows) if rows else ["No calendar has an address that needs no sign-in."]
    show(shared, {"calendars": [shared_model(each) for each in found]}, lines)


@verb("revoke", examples=("opsbook calendar revoke 3fa9c1d07b",))
@click.argument("calendar", metavar="ID")
def revoke(shared: Shared, calendar: str) -> None:
    """End a secret address at once."""
    from opsbook.usecases.shared_calendars import shared_model

    with _calendars(shared) as calendars:
        ended = calendars.revoke(calendar, at_terminal(), may_all=True)
    show(shared, shared_model(ended), [f"the address {ended.id} leads nowhere any more"])


def _about(named: dict[str, str | None]) -> About:
    from opsbook.ground.errors import Usage
    from opsbook.usecases.duty_calendar import KINDS, About

    given = [About(kind, name) for kind in KINDS if (name := named.get(kind))]
    if len(given) > 1:
        raise Usage("Name one: a person, a team, a service or a schedule.")
    return given[0] if given else About()


def _content(shared: Shared, about: About) -> bytes:
    from datetime import UTC, datetime

    from opsbook.usecases.duty_calendar import duty_calendar
    from opsbook.wire_duties import build_duty_book

    config = shared.config()
    book = build_duty_book(config, with_services=about.kind == "service")
    return duty_calendar(book, about, datetime.now(UTC), catch_all=config.catch_all)


@contextmanager
def _calendars(shared: Shared) -> Iterator[SharedCalendars]:
    from opsbook.alert_parts import build_calendars
    from opsbook.wire import build_ledger

    ledger = build_ledger(shared.config())
    try:
        yield build_calendars(ledger)
    finally:
        ledger.close()


command = VerbGroup(
    "calendar", (show_, share, list_, revoke), about="Duty as iCalendar, and secret addresses to subscribe to it."
)

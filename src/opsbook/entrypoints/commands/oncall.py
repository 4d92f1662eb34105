"""`opsbook oncall`: who is on call, for a service, by a schedule, in a team, now or at any other time."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from opsbook.entrypoints.options import Shared, verb
from opsbook.ground.errors import Failure


@verb(
    "oncall",
    examples=(
        "opsbook oncall                       all schedules, now",
        "opsbook oncall --service api         whom its pages reach first",
        "opsbook oncall --at 'tomorrow 03:10 Europe/Berlin'",
    ),
)
@click.option("--service", metavar="S", help="Whom urgent pages of this service reach first.")
@click.option("--schedule", metavar="NAME", help="By this schedule alone.")
@click.option("--team", metavar="NAME", help="Those of this team.")
@click.option("--at", "when", default="now", metavar="TIME", help="When; 'tomorrow 03:10', with a zone or without.")
def command(shared: Shared, *, service: str | None, schedule: str | None, team: str | None, when: str) -> int:
    """Who is on call, until when and by what, and who is next.

    A time without a zone is one of the zone that all schedules share, else of UTC. Exits 1 when nobody is on call.
    """
    from opsbook.alert_parts import build_ways
    from opsbook.entrypoints.duties import asked_instant
    from opsbook.usecases.on_duty import duty_model, on_duty, shared_zone, with_reach
    from opsbook.wire_duties import build_duty_book, people_reached

    config = shared.config()
    book = build_duty_book(config, with_services=service is not None)
    zone = shared_zone(book)
    instant = asked_instant(when, zone)
    answer = on_duty(
        book, instant.at, service=service, schedule=schedule, team=team, catch_all=config.catch_all
    )
    with suppress(Failure), people_reached(config, book) as addresses:  # who it is needs no ledger
        answer = with_reach(answer, addresses, build_ways(config).why_not_by)
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(duty_model(answer)) + b"\n")
    else:
        from opsbook.entrypoints.shown.duties import duties_as_text
        from opsbook.entrypoints.shown.terminal import terminal_width

        for line in duties_as_text(answer, instant, zone, terminal_width()):
            click.echo(line)
    return 0 if answer.people else 1

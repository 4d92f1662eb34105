"""`opsbook page plan`: who would be paged for a service and a severity, when, by what, and why. Pages nobody."""

from __future__ import annotations

import sys

import click

from opsbook.entrypoints.options import Shared, verb


@verb(
    "plan",
    examples=(
        "opsbook page plan --service api --severity P1",
        "opsbook page plan --severity P2 --at '2027-03-29 03:10'",
    ),
)
@click.option("--service", metavar="S", help="The service that is in trouble; none: alerts without a service.")
@click.option("--severity", default="P1", show_default=True, metavar="P0|P1|P2|P3",
              help="How grave it is; also a word that means one.")  # fmt: skip
@click.option("--at", "when", default="now", metavar="TIME", help="When it begins; 'tomorrow 03:10'.")
def plan(shared: Shared, *, service: str | None, severity: str, when: str) -> int:
    """Who would be paged, when, by what, and why, as the book is now.

    A time without a zone is one of the zone that all schedules share, else of UTC. Exits 1 when nobody is paged.
    """
    from opsbook.alert_parts import build_ways
    from opsbook.entrypoints.duties import asked_instant, asked_severity
    from opsbook.usecases.matching import severity_words
    from opsbook.usecases.on_duty import shared_zone
    from opsbook.usecases.page_plan import page_plan, plan_model
    from opsbook.wire_duties import build_duty_book, people_reached

    config = shared.config()
    book = build_duty_book(config)
    grave = asked_severity(severity, severity_words(book, config.severities))
    zone = shared_zone(book)
    instant = asked_instant(when, zone)
    with people_reached(config, book) as addresses:
        found = page_plan(
            book, service, grave, instant.at, addresses=addresses, commit=book.commit, catch_all=config.catch_all,
            quiet=config.quiet_severities, why_not=build_ways(config).why_not_by,
        )  # fmt: skip
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(plan_model(found)) + b"\n")
    else:
        from opsbook.entrypoints.shown.duties import plan_as_text
        from opsbook.entrypoints.shown.terminal import terminal_width

        for line in plan_as_text(found, instant, zone, terminal_width()):
            click.echo(line)
    return 0 if any(step.person for step in found.steps) else 1

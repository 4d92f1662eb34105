"""The verbs of `opsbook incident` that only look: the list, one of them, figures, what is like one. Change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.incident_terminal import incident_terminal, number_argument, offline_option, utc_option
from opsbook.entrypoints.options import Shared, verb

if TYPE_CHECKING:
    from opsbook.entrypoints.incident_terminal import IncidentTerminal
    from opsbook.usecases.incident_cases import Case
    from opsbook.usecases.incidents import Record

STATUSES = ("Investigating", "Mitigating", "Resolved")


@verb(
    "list",
    examples=(
        "opsbook incident list",
        "opsbook incident list --live --format json",
        "opsbook incident list checkout --severity P1 --since '2026-01-01'",
    ),
)
@click.argument("words", nargs=-1, metavar="[WORD…]")
@click.option("--live", "is_live", is_flag=True, help="Only those that are not over.")
@click.option("--status", multiple=True, metavar="STATUS", type=click.Choice(STATUSES, case_sensitive=False),
              help=f"{', '.join(STATUSES)}.")  # fmt: skip
@click.option("--severity", multiple=True, metavar="P0|P1|P2|P3", help="So grave; repeatable.")
@click.option("--service", default="", metavar="S", help="That touch this service.")
@click.option("--since", metavar="TIME", help="That began then or later.")
@click.option("--until", metavar="TIME", help="That began before then.")
@click.option("--no-drills", is_flag=True, help="Without practice.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, metavar="N", help="How many.")
@offline_option
def list_(shared: Shared, *, words: Sequence[str], is_live: bool, status: Sequence[str], severity: Sequence[str],
          service: str, since: str | None, until: str | None, no_drills: bool, limit: int,
          offline: bool) -> None:  # fmt: skip
    """List incidents: what is live first, then the last declared, then the reports that people wrote by hand.

    With --since or --until those of the ledger alone: reports seldom tell the minute.
    """
    from opsbook.entrypoints.incident_words import moment_of, severity_of
    from opsbook.entrypoints.run_desk import answer
    from opsbook.entrypoints.shown.clock import Clock
    from opsbook.entrypoints.shown.incident import incident_list_lines
    from opsbook.entrypoints.shown.terminal import terminal_width
    from opsbook.usecases.incident_list import Wanted, listed
    from opsbook.usecases.incidents import incidents

    with incident_terminal(shared, offline=offline) as found:
        now = found.now()
        rows = listed(found.desk, incidents(found.book, now.date()), Wanted(
            is_live=True if is_live else None, statuses=tuple(status), words=" ".join(words), service=service,
            severities=tuple(severity_of(each, found.config.severities) for each in severity),
            with_drills=not no_drills, since=moment_of(since), until=moment_of(until), limit=limit,
        ))[:limit]  # fmt: skip
    is_filtered = bool(words or is_live or status or severity or service or since or until or no_drills)
    model = {"incidents": [each.model for each in rows], "is_offline": found.is_offline}
    answer(shared, model, incident_list_lines(rows, Clock(now), terminal_width(), is_filtered=is_filtered))


@verb(
    "show",
    examples=(
        "opsbook incident show 14",
        "opsbook incident show INC-14 --format json",
        "opsbook incident show 2026-03-11-disk-full",
    ),
)
@number_argument
@utc_option
@offline_option
def show(shared: Shared, *, incident: str, utc: bool, offline: bool) -> None:
    """Show one incident: what it is, who is at it, what is due next, what happened last.

    N is its number, INC-14, or its id, wherever an incident is named; here also the file name of a report.
    """
    from opsbook.entrypoints.run_desk import answer
    from opsbook.entrypoints.shown.clock import Clock
    from opsbook.entrypoints.shown.incident import incident_lines
    from opsbook.entrypoints.shown.past_incidents import report_lines
    from opsbook.entrypoints.shown.terminal import terminal_width
    from opsbook.ground.errors import Usage
    from opsbook.usecases.bringing import also_called
    from opsbook.usecases.incident_shown import incident_model
    from opsbook.usecases.incidents import record_model

    with incident_terminal(shared, offline=offline) as found:
        now = found.now()
        try:
            shown = found.desk.incidents.find(incident)
        except Usage:
            record = _report(found, incident)
            if record is None:
                raise
            model = {**record_model(record), "number": None, "is_offline": found.is_offline}
            answer(shared, model, report_lines(record, terminal_width()))
            return
        entries = list(found.desk.timelines.entries(shown))
        learned = [] if found.is_offline else [each.path for each in found.desk.reports.unproposed(shown)]
        others, dues = also_called(found.ledger, shown), found.desk.incidents.due(shown)
    if others:
        named = ", ".join(f"INC-{number}" for number in others)
        click.echo(f"{named} was called {shown.name} too, until it was brought into this ledger.", err=True)
    lines = incident_lines(shown, entries, Clock(now, is_utc=utc), terminal_width(), dues=dues, learned=learned)
    answer(shared, {**incident_model(shown, entries, dues), "is_offline": found.is_offline}, lines)


def _report(found: IncidentTerminal, named: str) -> Record | None:
    """The report of that file name, where it names no number."""
    from opsbook.usecases.incident_finding import number_in
    from opsbook.usecases.incidents import find_report, incidents

    if number_in(named) is not None or not named.strip():
        return None
    path, _ = find_report(found.book, named)
    return next((each for each in incidents(found.book, found.now().date()).records if each.path == path), None)


@verb(
    "figures",
    formats=("text", "json", "csv"),
    examples=(
        "opsbook incident figures",
        "opsbook incident figures --since 2026-01-01 --service shop",
        "opsbook incident figures --format csv > incidents.csv",
    ),
)
@click.option("--since", metavar="TIME", help="From when on; 90 days before the end when not given.")
@click.option("--until", metavar="TIME", help="Until when; now when not given.")
@click.option("--service", default="", metavar="S", help="Of those that touch this service.")
@click.option("--severity", default="", metavar="P0|P1|P2|P3", help="Of those that are so grave.")
@click.option("--zone", default="UTC", show_default=True, metavar="ZONE", help="By whose clock hours are counted.")
@offline_option
def figures(shared: Shared, *, since: str | None, until: str | None, service: str, severity: str, zone: str,
            offline: bool) -> None:  # fmt: skip
    """Tell how often, how grave, how long, and what helped. No figure is by person, and no drill counts.

    With --format csv what the figures are made of, a row an incident.
    """
    from opsbook.entrypoints.figured import figures_csv, figures_model, figures_of, stretch, zone_asked
    from opsbook.entrypoints.incident_words import moment_of, severity_of
    from opsbook.entrypoints.run_desk import answer
    from opsbook.entrypoints.shown.past_incidents import figure_lines

    clock = zone_asked(zone)
    with incident_terminal(shared, offline=offline) as found:
        level = severity_of(severity, found.config.severities) if severity else ""
        begin, end = stretch(moment_of(since), moment_of(until), found.now())
        if shared.format == "csv":
            click.echo(figures_csv(found.desk, begin, end, service=service, severity=level), nl=False)
            return
        made = figures_of(
            found.desk, found.book, begin, end, now=found.now(), time_zone=clock, service=service, severity=level
        )
    answer(shared, figures_model(made), figure_lines(made))


@verb("similar", examples=("opsbook incident similar 14", "opsbook incident similar 2026-03-11-disk-full"))
@number_argument
@offline_option
def similar(shared: Shared, *, incident: str, offline: bool) -> None:
    """Tell which past incidents are most like one, and what ended those. N may be the file name of a report, too."""
    from opsbook.entrypoints.figured import similar_to
    from opsbook.entrypoints.run_desk import answer
    from opsbook.entrypoints.shown.past_incidents import similar_lines
    from opsbook.entrypoints.shown.terminal import terminal_width

    with incident_terminal(shared, offline=offline) as found:
        alike, model = similar_to(found.desk.likeness, _case(found, incident))
    answer(shared, model, similar_lines(alike, terminal_width()))


def _case(found: IncidentTerminal, named: str) -> Case:
    from opsbook.ground.errors import Usage

    try:
        return found.desk.cases.of(found.desk.incidents.find(named))
    except Usage:
        record = _report(found, named)
        case = next((each for each in found.desk.cases.all() if record is not None and each.path == record.path), None)
        if case is None:
            raise
        return case

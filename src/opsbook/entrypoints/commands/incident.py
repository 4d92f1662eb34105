"""`opsbook incident`: the life of an incident, from its declaration to what was learned. Works with no server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from opsbook.entrypoints.commands import _incident_actions as actions
from opsbook.entrypoints.commands import _incident_known as known
from opsbook.entrypoints.commands import _incident_learn as learn
from opsbook.entrypoints.commands import _incident_members as members
from opsbook.entrypoints.commands import _incident_tell as tell
from opsbook.entrypoints.commands import _incident_work as work
from opsbook.entrypoints.incident_terminal import (
    at_option,
    changed,
    number_argument,
    offline_option,
    warn,
    why_option,
)
from opsbook.entrypoints.incident_words import impact_options, member_options
from opsbook.entrypoints.options import Shared, VerbGroup, verb

if TYPE_CHECKING:
    from opsbook.entrypoints.incident_terminal import IncidentTerminal
    from opsbook.ledger.incident import Incident
    from opsbook.usecases.incident_due import Due


@verb(
    "open",
    examples=(
        "opsbook incident open 'Checkout fails' --users 40% --function checkout",
        "opsbook incident open 'Orders are lost' --severity P0 --why 'money is lost'",
        "opsbook incident open 'Slow pages' --service api --alert ApiSlow --triage",
        "opsbook incident open 'Orders fail' --service shop --call Primary",
        "opsbook incident open 'The database is gone' --drill",
    ),
)
@click.argument("title", nargs=-1, required=True, metavar="TITLE")
@click.option("--severity", metavar="P0|P1|P2|P3", help="How grave it is; else what the impact comes to.")
@why_option
@impact_options
@member_options
@click.option("--started", metavar="TIME", help="Since when, such as '02:40' or '10 min ago'.")
@click.option("--summary", default="", metavar="TEXT", help="What is known, in a sentence or two.")
@click.option("--war-room", default="", metavar="URL", help="Where people meet; else as the policy page says.")
@click.option("--drill", "is_drill", is_flag=True, help="Practice: told as such everywhere, in no figure.")
@click.option("--triage", "is_triage", is_flag=True, help="Nobody is sure yet that it is one.")
@click.option("--call", "whom", metavar="NAME", help="Call this person, team or schedule in at once.")
@offline_option
def open_(shared: Shared, *, title: Sequence[str], severity: str | None, why: str, started: str | None, summary: str,
          war_room: str, is_drill: bool, is_triage: bool, whom: str | None, offline: bool,
          **told: Any) -> None:  # fmt: skip
    """Declare an incident.

    Without --severity it is as grave as the matrix of the policy page says of the impact. With both, the severity
    counts, and --why says why it is another.
    """
    from opsbook.book.impact import Impact
    from opsbook.entrypoints.incident_words import impact_of, members_of, moment_of, severity_of
    from opsbook.usecases.incident_acts import Declaration

    named = members_of(**{name: told.pop(name) for name in ("services", "alerts", "runs", "pages")})
    impact, began = impact_of(**told) or Impact(), moment_of(started)

    dues: list[Due] = []

    def act(found: IncidentTerminal, by: str) -> Incident:
        verbs = found.desk.incidents
        for words in verbs.unknown_services(named.services):
            warn(words)
        made = verbs.declare(
            Declaration(
                " ".join(title), severity=severity_of(severity, found.config.severities), severity_why=why,
                impact=impact, members=named, summary=summary, started_at=began, is_drill=is_drill,
                is_triage=is_triage, war_room=war_room,
            ), by,
        )  # fmt: skip
        if whom:
            made = _called(found, made, by, whom)
        dues.extend(each for each in found.desk.incidents.due(made) if each.at is None)
        return made

    def said(made: Incident) -> list[str]:
        from datetime import UTC, datetime

        from opsbook.entrypoints.shown.clock import Clock
        from opsbook.entrypoints.shown.incident import done_line, due_line

        kind = "a drill" if made.is_drill else "to be looked at" if made.state == "triage" else "declared"
        lines = [done_line(made, f"is {kind}, {made.severity}: {made.severity_why or 'nobody said why'}")]
        if not made.pages and made.state != "triage":
            lines.append(f"  Nobody was woken for it.  opsbook incident call {made.number} NAME --why 'what for'")
        lines += [f"  {due_line(each, Clock(datetime.now(UTC)))}" for each in dues]
        return lines

    changed(shared, offline, act, said)


def _called(found: IncidentTerminal, made: Incident, by: str, whom: str) -> Incident:
    """The incident with somebody called in; where they cannot be it is declared all the same, which is told."""
    from opsbook.ground.errors import Refusal, Usage

    try:
        found.only_online("Nobody can be called", "Telephone them.")
        called = found.desk.incidents.call(made.number, by, whom, "it was declared")
    except (Refusal, Usage) as wrong:
        warn(f"{whom} is NOT called: {wrong}")
        return made
    if unsent := found.unsent():
        warn(f"{whom} is NOT called yet. Telephone them. {unsent}")
    return called


@verb("ack", examples=("opsbook incident ack 14",))
@number_argument
@why_option
@offline_option
def acknowledge(shared: Shared, *, incident: str, why: str, offline: bool) -> None:
    """Take care of it: you are its commander where nobody is, and nobody else is woken for it."""
    from opsbook.entrypoints.shown.incident import done_line

    changed(
        shared, offline,
        lambda found, by: found.desk.incidents.acknowledge(incident, by, via="command line", why=why),
        lambda made: [done_line(made, f"is taken care of{_led(made)}.")],
    )  # fmt: skip


def _led(made: Incident) -> str:
    leads = made.holders("commander")
    return f"; {', '.join(leads)} leads" if leads else ""


@verb(
    "severity",
    examples=(
        "opsbook incident severity 14 --users 80% --data lost",
        "opsbook incident severity 14 P0 --why 'the regulator calls'",
    ),
)
@number_argument
@click.argument("severity", required=False, metavar="[P0|P1|P2|P3]")
@why_option
@impact_options
@offline_option
def rate(shared: Shared, *, incident: str, severity: str | None, why: str, offline: bool, **told: Any) -> None:
    """Say how grave it is: by its impact, or against the matrix with a reason."""
    from opsbook.entrypoints.incident_words import impact_of, severity_of
    from opsbook.entrypoints.shown.incident import done_line
    from opsbook.ground.errors import Usage

    if severity is None and impact_of(**told) is None:
        raise Usage("Say what the impact is (--users 40%, --function NAME, …), or how grave it is (P0 to P3).")

    def act(found: IncidentTerminal, by: str) -> Incident:
        now = found.desk.incidents.find(incident)
        return found.desk.incidents.rate(
            incident, by, severity=severity_of(severity, found.config.severities),
            impact=impact_of(now.impact, **told), why=why,
        )  # fmt: skip

    def said(made: Incident) -> list[str]:
        stays = made.is_overridden and made.rated and made.rated != made.severity
        lines = [done_line(made, f"is {made.severity}: {made.severity_why}")]
        return [*lines, f"By the matrix it would be {made.rated}; it stays, as a person chose."] if stays else lines

    changed(shared, offline, act, said)


@verb(
    "status",
    examples=(
        "opsbook incident status 14 mitigating --why 'the primary is restarted'",
        "opsbook incident status 14 identified --at '02:40'",
    ),
)
@number_argument
@click.argument("state", metavar="STATE")
@why_option
@at_option
@offline_option
def status(shared: Shared, *, incident: str, state: str, why: str, when: str | None, offline: bool) -> None:
    """Say how far it is: investigating, identified, mitigating, monitoring, resolved, closed; or dismissed.

    Investigating, Mitigating and Resolved are what everybody is told; the finer ones stand behind them.
    """
    from opsbook.entrypoints.incident_words import happened_of, told_at
    from opsbook.entrypoints.shown.incident import done_line

    def act(found: IncidentTerminal, by: str) -> Incident:
        verbs = found.desk.incidents
        at = happened_of(verbs.find(incident), when)
        return verbs.move(incident, by, state, why=why, happened_at=at)

    def said(made: Incident) -> list[str]:
        at = told_at(made.state_since) if when else ""
        return [done_line(made, f"is {made.state}{at}; people are told {made.status}.")]

    changed(shared, offline, act, said)


command = VerbGroup(
    "incident",
    (open_, known.list_, known.show, acknowledge, work.note, rate, status, work.role, tell.update, learn.resolve,
     learn.post_mortem, work.call, work.task, members.attach, members.detach, members.merge, members.split,
     members.duplicate, learn.reopen, work.timeline, work.pin, work.correct, work.edit, work.action, actions.actions,
     learn.report, members.bring, known.figures, known.similar),
    about="Incidents: declared, led, told, resolved, learned from.",
    examples=(
        "opsbook incident open 'Checkout fails' --users 40%",
        "opsbook incident show 14",
        "opsbook incident note 14 'The primary is full.'",
    ),
)  # fmt: skip

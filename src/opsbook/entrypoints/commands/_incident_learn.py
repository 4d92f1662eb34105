"""The verbs of `opsbook incident` at its end: resolving it, its report, its post-mortem, and opening it again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.incident_terminal import (
    at_option,
    changed,
    incident_terminal,
    number_argument,
    offline_option,
    warn,
    why_option,
)
from opsbook.entrypoints.options import Shared, verb

if TYPE_CHECKING:
    from opsbook.entrypoints.incident_terminal import IncidentTerminal
    from opsbook.ledger.incident import Incident
    from opsbook.usecases.proposals import Proposal

STATES = ("in-review", "reviewed", "waived")
_ASKED = (
    ("resolution", "What helped?"),
    ("root_cause", "What was the cause?"),
)


@verb(
    "resolve",
    examples=("opsbook incident resolve 14", "opsbook incident resolve 14 --at '03:10' --why 'failed over'"),
)
@number_argument
@why_option
@at_option
@click.option("--root-cause", metavar="TEXT", help="What the cause was.")
@click.option("--no-report", is_flag=True, help="Do not write its report now.")
@offline_option
def resolve(shared: Shared, *, incident: str, why: str, when: str | None, root_cause: str | None, no_report: bool,
            offline: bool) -> None:  # fmt: skip
    """Say that it is over; its report is written, for somebody to review.

    At a terminal you are asked for what is not known yet; Enter leaves it open.
    """
    from opsbook.entrypoints.incident_words import happened_of, told_at
    from opsbook.entrypoints.run_desk import answer
    from opsbook.entrypoints.shown.clock import Clock
    from opsbook.entrypoints.shown.incident import done_line, due_line

    with incident_terminal(shared, offline=offline) as found:
        verbs, by = found.desk.incidents, found.who()
        seen = verbs.find(incident)
        at = happened_of(seen, when)
        if seen.is_live:
            _confirm(shared, seen, verbs.still_wrong(incident))
        told = {"root_cause": root_cause} if root_cause else {}
        told |= _asked(shared, seen, told, why)
        made = verbs.move(incident, by, "resolved", why=why or told.get("resolution", ""), happened_at=at)
        if why and not made.resolution:
            told.setdefault("resolution", why)
        for field, value in told.items():
            made = verbs.edit(incident, by, field, value)
        report = None if no_report else _report(found, made, by)
        made = verbs.find(incident)
        for words in verbs.still_wrong(incident):
            warn(words)
        model = found.model(made) if shared.format == "json" else {}
        now, dues = found.now(), found.desk.incidents.due(made)
    lines = [done_line(made, f"is over{told_at(at)}{f': {why}' if why else '.'}"), *_proposed(report)]
    lines += [f"  {due_line(each, Clock(now))}" for each in dues]
    answer(shared, model, iter(lines))


def _confirm(shared: Shared, seen: Incident, wrong: list[str]) -> None:
    """Asks somebody at a terminal whether it is over although something still says otherwise."""
    from opsbook.ground.errors import Refusal

    if not wrong or shared.format == "json" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    for words in wrong:
        warn(words)
    if not click.confirm(f"Resolve {seen.name} all the same?", err=True):
        raise Refusal(f"{seen.name} goes on; nothing was changed.")


@verb("reopen", examples=("opsbook incident reopen 14 --why 'it fails again'",))
@number_argument
@why_option
@offline_option
def reopen(shared: Shared, *, incident: str, why: str, offline: bool) -> None:
    """Say that it is not over after all."""
    from opsbook.entrypoints.shown.incident import done_line
    from opsbook.usecases.untold import untold

    changed(
        shared, offline, lambda found, by: found.desk.incidents.move(incident, by, "investigating", why=why),
        lambda made: [
            done_line(made, f"is {made.state} again."),
            *(f"  {each.words}  opsbook incident update {made.number} --audience {each.audience}"
              for each in untold(made)),
        ],
    )  # fmt: skip


@verb("report", examples=("opsbook incident report 14",))
@number_argument
@offline_option
def report(shared: Shared, *, incident: str, offline: bool) -> None:
    """Write its report in the words of the book's template, as a proposal for somebody to review."""
    _write(shared, incident, "report", offline)


@verb(
    "post-mortem",
    examples=(
        "opsbook incident post-mortem 14",
        "opsbook incident post-mortem 14 --state reviewed --why 'read by all on call'",
        "opsbook incident post-mortem 14 --state waived --why 'a drill of the vendor'",
    ),
)
@number_argument
@click.option("--state", type=click.Choice(STATES), metavar="STATE", help=f"How far it is: {', '.join(STATES)}.")
@why_option
@offline_option
def post_mortem(shared: Shared, *, incident: str, state: str | None, why: str, offline: bool) -> None:
    """Write its post-mortem from the book's template, or say how far it is.

    It is proposed on a branch, with the timeline in it; nothing that is checked out changes.
    """
    from opsbook.entrypoints.shown.incident import done_line

    if state is None:
        _write(shared, incident, "post-mortem", offline)
        return

    def act(found: IncidentTerminal, by: str) -> Incident:
        if state == "waived":
            return found.desk.incidents.waive(incident, by, why)
        from opsbook.usecases.post_mortems import move_post_mortem

        seen = found.desk.incidents.find(incident)
        move_post_mortem(found.ledger, seen, by, state.replace("-", " "), why=why, now=found.now(),
                         page=found.desk.reports.page_says(seen))  # fmt: skip
        return found.desk.incidents.find(incident)

    changed(shared, offline, act, lambda made: [done_line(made, f"has a post-mortem that is {state}.")])


def _write(shared: Shared, incident: str, what: str, offline: bool) -> None:
    from opsbook.entrypoints.run_desk import answer

    with incident_terminal(shared, offline=offline) as found:
        found.only_online(f"A {what} cannot be written", "Once it is there, it takes one command.")
        seen, by = found.desk.incidents.find(incident), found.who()
        reports = found.desk.reports
        made = (reports.report if what == "report" else reports.post_mortem)(seen, by, found.author(by))
        model = found.model(found.desk.incidents.find(incident)) if shared.format == "json" else {}
    shown = {"proposal": made.id, "path": made.path, "branch": made.branch, "commit": made.commit, "state": made.state}
    answer(shared, {**model, "proposed": shown}, iter(_proposed(made)))


def _report(found: IncidentTerminal, made: Incident, by: str) -> Proposal | None:
    """The report, proposed. Where that does not work, the incident is over all the same."""
    from opsbook.ground.errors import Failure, Refusal, Usage

    again = f"'opsbook incident report {made.number}' writes it."
    if found.is_offline:
        warn(f"Its report is not written while the ledger is away. Once it is there, {again}")
        return None
    try:
        return found.desk.reports.report(made, by, found.author(by))
    except (Refusal, Usage, Failure) as wrong:
        warn(f"Its report is not written: {wrong} Once that is mended, {again}")
        return None


def _proposed(proposal: Proposal | None) -> list[str]:
    """Where a proposal is, and how it is reviewed."""
    if proposal is None:
        return []
    at = f" on the branch {proposal.branch}" if proposal.branch is not None else ""
    commit = f", commit {proposal.commit[:12]}" if proposal.commit else ""
    return [
        f"Proposed: {proposal.path}{at}{commit}.",
        f"Review it: opsbook proposals show {proposal.id}",
        f"Take it:   opsbook proposals accept {proposal.id}",
    ]


def _asked(shared: Shared, seen: Incident, told: dict[str, str], why: str) -> dict[str, str]:
    """What somebody at a terminal says of what is not known yet."""
    if shared.format == "json" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return {}
    answers: dict[str, str] = {}
    if seen.started_at is None:
        answers |= _time_asked("started_at", "Since when were people hindered? (such as 02:40; Enter: not known)")
    for field, question in _ASKED:
        if getattr(seen, field) or field in told or (field == "resolution" and why):
            continue
        said = click.prompt(f"{question} (Enter: later)", default="", show_default=False, err=True).strip()
        if said:
            answers[field] = said
    return answers


def _time_asked(field: str, question: str) -> dict[str, str]:
    from opsbook.entrypoints.incident_words import moment_of
    from opsbook.ground.errors import Usage

    while True:
        said = click.prompt(question, default="", show_default=False, err=True).strip()
        if not said:
            return {}
        try:
            at = moment_of(said)
        except Usage as wrong:
            click.echo(str(wrong), err=True)
            continue
        return {field: at.isoformat()} if at is not None else {}

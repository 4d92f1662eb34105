"""An incident as text: lists, one with what is known of it on one screen, its timeline. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import click

from opsbook.book.impact import Impact
from opsbook.entrypoints.shown.clock import Clock
from opsbook.entrypoints.shown.terminal import columns, printable, wrapped
from opsbook.ground.durations import read_date
from opsbook.ledger.incident import Incident
from opsbook.usecases.incident_due import Due
from opsbook.usecases.incident_list import Listed
from opsbook.usecases.incident_shown import report_of, roles_model
from opsbook.usecases.incident_timeline import TimelineEntry

INK = {"P0": "red", "P1": "red", "P2": "yellow", "P3": "blue"}
NOTHING = "There is no incident."
_HANGING = 4
_LABEL = 11
_LATE = "LATE by "
_LAST = 8  # entries on the screen of an incident
_LONGEST = 400  # letters of an entry there; its timeline has all of them


def incident_list_lines(
    rows: Sequence[Listed], clock: Clock, width: int | None, *, is_filtered: bool = False
) -> Iterator[str]:
    """Incidents, one a line: name, severity, status, since when, title, who leads; a report has its page."""
    if not rows:
        yield "No incident is like that. Leave an option out." if is_filtered else NOTHING
        if not is_filtered:
            yield "Declare one:  opsbook incident open 'Checkout fails' --users 40% --service shop"
            yield "Practise one: opsbook incident open 'Checkout fails' --drill"
        return
    names = max(len(each.incident.name) if each.incident is not None else 1 for each in rows)
    for row in rows:
        each = row.incident
        if each is None:
            yield from _report_line(row, names, clock, width)
            continue
        since = each.started_at or each.declared_at
        head = f"{each.name:<{names}}  {_severity(each)}  {each.status:<13}  {clock.ago(since):>6}  "
        leads = ", ".join(each.holders("commander"))
        services = f" ({', '.join(each.services)})" if each.services else ""
        more = f"{services}{f'  {leads}' if leads else ''}{'  DRILL' if each.is_drill else ''}"
        line = f"{head}{click.style(printable(each.title), bold=each.is_live)}{printable(more)}"
        yield from wrapped(line if each.is_live else click.style(line, dim=True), width, _HANGING)


def _report_line(row: Listed, names: int, clock: Clock, width: int | None) -> Iterator[str]:
    record = row.record
    assert record is not None  # a row is of one or the other
    report = record.report
    severity = click.style(report.severity, fg=INK.get(report.severity)) if report.severity else "--"
    day = read_date(report.order[:10])
    began = datetime(day.year, day.month, day.day, tzinfo=UTC) if day is not None else None
    since = clock.ago(began) if began is not None else "-"
    services = f" ({', '.join(report.services)})" if report.services else ""
    head = f"{'-':<{names}}  {severity}  {printable(report.status[:13]) or report.state:<13}  {since:>6}  "
    line = f"{head}{click.style(printable(report.title), bold=row.is_open)}{printable(services)}  {record.path}"
    yield from wrapped(line if row.is_open else click.style(line, dim=True), width, _HANGING)


def incident_lines(
    incident: Incident, entries: Sequence[TimelineEntry], clock: Clock, width: int | None, *,
    dues: Sequence[Due] = (), learned: Sequence[str] = (),
) -> Iterator[str]:  # fmt: skip
    """One incident on one screen: what it is, who is at it, what is due next, what happened last. `learned` are the
    pages to which a patch can be proposed."""
    yield from wrapped(_head(incident, clock), width, _HANGING)
    if incident.is_drill:
        yield click.style("  DRILL: this is practice. It counts in no figure.", fg="magenta", bold=True)
    if incident.summary:
        yield from wrapped(f"  {printable(incident.summary)}", width, 2)
    yield ""
    for label, value in _rows(incident, clock):
        told = printable(value)
        told = click.style(told, fg="red", bold=True) if told.startswith(_LATE) else told
        yield from wrapped(f"  {label:<{_LABEL}} {told}", width, _LABEL + 3)
    yield from _tasks(incident, width)
    yield from _next(dues, clock, width)
    if learned:
        told = f"  Its runs showed what {', '.join(learned)} can say better.  opsbook incident patch {incident.number}"
        yield ""
        yield from wrapped(printable(told), width, 4)
    yield from _last(incident, entries, clock, width)


def timeline_lines(
    incident: Incident, entries: Iterable[TimelineEntry], clock: Clock, width: int | None, *, with_keys: bool = False
) -> Iterator[str]:
    """Entries in the order in which they are given; `with_keys` has what each is named by in front."""
    is_empty = True
    for entry in entries:
        is_empty = False
        yield from _entry(incident, entry, clock, width, with_keys=with_keys)
    if is_empty:
        yield "Nothing of it is recorded that is like that."


def done_line(incident: Incident, said: str) -> str:
    """What was done with it, in one line."""
    return printable(f"{incident.name} {said}")


def short_key(incident: Incident, key: str) -> str:
    """What an entry is named by on the command line: a number alone for the incident's own."""
    return key.removeprefix(f"incident/{incident.id}:")


def long_key(incident: Incident, typed: str) -> str:
    """The key of an entry as it was typed."""
    return f"incident/{incident.id}:{typed.lstrip('#')}" if typed.lstrip("#").isdigit() else typed


def impact_words(impact: Impact) -> str:
    """What is declared of the impact, in a few words."""
    told = [f"{impact.users_pct:g} % of users"] if impact.users_pct is not None else []
    told += [f"functions: {', '.join(impact.functions)}"] if impact.functions else []
    told += [f"data: {impact.data}"] if impact.data else []
    told += [f"security: {'yes' if impact.is_security else 'no'}"] if impact.is_security is not None else []
    told += [f"workaround: {impact.workaround}"] if impact.workaround else []
    told += [f"regions: {', '.join(impact.regions)}"] if impact.regions else []
    return " · ".join([*told, *filter(None, (impact.users, impact.business))])


def _head(incident: Incident, clock: Clock) -> str:
    name = click.style(incident.name, bold=True)
    finer = f" ({incident.state})" if incident.state != incident.status.lower() else ""
    since = incident.started_at or incident.declared_at
    over = incident.resolved_at
    lasted = f"for {clock.ago(since)}" if over is None else f"after {Clock(over).ago(since)}, {clock.ago(over)} ago"
    title = click.style(printable(incident.title), bold=True)
    return f"{name}  {_severity(incident)}  {incident.status}{finer} {lasted}  {title}"


def _rows(incident: Incident, clock: Clock) -> Iterator[tuple[str, str]]:
    yield "severity", incident.severity_why or f"{incident.severity}; nobody said why"
    began = incident.started_at
    declared = f"declared {clock.at(incident.declared_at)} by {incident.declared_by}"
    yield "since", f"{clock.at(began)}, {declared}" if began is not None else f"not known; {declared}"
    if incident.resolved_at is not None:
        yield "until", clock.at(incident.resolved_at)
    yield "services", ", ".join(incident.services) or "-"
    yield "impact", impact_words(incident.impact) or "not declared"
    roles = [f"{role} {', '.join(people)}" for role, people in roles_model(incident).items()]
    yield "roles", " · ".join(roles) or "nobody has one"
    if incident.is_live:
        yield "update", _due(incident, clock)
    for label, ids in (("alerts", incident.alerts), ("runs", incident.runs), ("pages", incident.pages)):
        if ids:
            yield label, f"{len(ids)}: {', '.join(ids[:5])}{' …' if len(ids) > 5 else ''}"
    if incident.war_room:
        yield "war room", incident.war_room
    for relation in incident.relations:
        yield "related", f"{relation.how} INC-{relation.other}{f': {relation.why}' if relation.why else ''}"
    if incident.former_numbers:
        yield "formerly", ", ".join(f"INC-{number}" for number in incident.former_numbers)
    yield from _learned(incident)


def _learned(incident: Incident) -> Iterator[tuple[str, str]]:
    report = report_of(incident)
    if report:
        yield "report", report
    if incident.post_mortem is not None:
        due = f", due {incident.post_mortem.due}" if incident.post_mortem.due else ""
        yield "post-mortem", f"{incident.post_mortem.state}{due}"
    for label, text in (("cause", incident.root_cause), ("resolution", incident.resolution)):
        if text:
            yield label, text
    for action in incident.actions:
        told = ", ".join(filter(None, (action.owner, f"due {action.due}" if action.due else "")))
        yield "action", f"[{action.id}] {action.text}{f' ({told})' if told else ''}: {action.state}"


def _due(incident: Incident, clock: Clock) -> str:
    due = incident.update_due_at
    sent = sum(1 for update in incident.updates if update.state == "published")
    told = f"{sent} sent" if sent else "none sent yet"
    if due is None:
        return f"{told}; none is due"
    if due < clock.now:
        return f"{_LATE}{clock.ago(due)} ({clock.at(due)}); {told}"
    return f"due in {Clock(due).ago(clock.now)} ({clock.at(due)}); {told}"


def _tasks(incident: Incident, width: int | None) -> Iterator[str]:
    still = [task for task in incident.tasks if task.state == "open"]
    if not still:
        return
    done = sum(1 for task in incident.tasks if task.state == "done")
    yield ""
    yield click.style(f"  Open tasks ({done} done)", bold=True)
    for task in still:
        who = ", ".join(filter(None, (task.role, task.owner)))
        yield from wrapped(f"    [{task.id}] {printable(task.text)}{f'  ({printable(who)})' if who else ''}", width, 8)


def _next(dues: Sequence[Due], clock: Clock, width: int | None) -> Iterator[str]:
    if not dues:
        return
    yield ""
    yield click.style("  Next", bold=True)
    for each in dues:
        yield from wrapped(f"    {due_line(each, clock, is_coloured=True)}", width, 6)


def due_line(due: Due, clock: Clock, *, is_coloured: bool = False) -> str:
    """What is to be done, and what to type for it."""
    words = printable(f"{due.words} {clock.at(due.at)}." if due.at is not None else due.words)
    words = click.style(words, fg="red", bold=True) if is_coloured and due.tone == "bad" else words
    return f"{words}  opsbook incident {due.typed}" if due.typed else words


def _last(
    incident: Incident, entries: Sequence[TimelineEntry], clock: Clock, width: int | None
) -> Iterator[str]:
    pinned = [entry for entry in entries if entry.is_pinned]
    others = [entry for entry in entries if not entry.is_pinned]
    last = others[-_LAST:]
    if not entries:
        return
    if pinned:
        yield ""
        yield click.style("  Pinned", bold=True)
        for entry in pinned:
            yield from _entry(incident, entry, clock, width)
    yield ""
    left = len(others) - len(last)
    yield click.style("  What happened last", bold=True) + (f"  ({left} before)" if left > 0 else "")
    for entry in last:
        yield from _entry(incident, entry, clock, width)


def _entry(
    incident: Incident, entry: TimelineEntry, clock: Clock, width: int | None, *, with_keys: bool = False
) -> Iterator[str]:
    key = f"{short_key(incident, entry.key):>4}  " if with_keys else ""
    at = clock.short(entry.at)
    text = printable(entry.text.replace("\n", " "))
    text = text if with_keys or len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    text = click.style(text, dim=True, strikethrough=True) + " (struck out)" if entry.is_struck else text
    files = "".join(f" [{printable(file.name)}]" for file in entry.files)
    said = " (corrected)" if entry.said and not entry.is_struck else ""
    late = f"  recorded {clock.short(entry.recorded_at)}" if (entry.recorded_at - entry.at).total_seconds() > 60 else ""
    line = f"    {key}{at}  {entry.kind:<8}  {text}{files}{said}  {click.style(printable(entry.actor), dim=True)}{late}"
    yield from wrapped(line, width, 4 + columns(key) + columns(at) + 12)


def _severity(incident: Incident) -> str:
    return click.style(incident.severity, fg=INK.get(incident.severity), bold=incident.severity == "P0")


def task_lines(incident: Incident) -> Iterator[str]:
    """The tasks of an incident, those that are open first."""
    if not incident.tasks:
        yield done_line(incident, "has no task.")
    for task in sorted(incident.tasks, key=lambda each: each.state != "open"):
        who = ", ".join(filter(None, (task.role, task.owner)))
        line = f"[{task.id}] {task.state:<7}  {printable(task.text)}{f'  ({printable(who)})' if who else ''}"
        yield line if task.state == "open" else click.style(line, dim=True)


def action_lines(incident: Incident) -> Iterator[str]:
    """What was promised for afterwards."""
    if not incident.actions:
        yield done_line(incident, "has no action item.")
    for action in incident.actions:
        told = ", ".join(filter(None, (action.owner, f"due {action.due}" if action.due else "", action.kind)))
        yield f"[{action.id}] {action.state:<11}  {printable(action.text)}{f'  ({printable(told)})' if told else ''}"

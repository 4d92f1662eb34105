"""Who leads an incident and what is to be done: acknowledged, roles with their hand-over, tasks, people called in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from opsbook.book.incident_roles import COMMANDER, UNIQUE, known_role
from opsbook.ground.errors import Conflict, Refusal, Usage
from opsbook.ledger import incident_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import Incident, Task, stream_of
from opsbook.ledger.page import stream_of as page_stream
from opsbook.usecases.incident_changing import TRIES, Desk, check_by, handle_of, line, write
from opsbook.usecases.incident_declaring import role_tasks, takes_command
from opsbook.usecases.incident_paging import acknowledging
from opsbook.usecases.ledger_ports import Write
from opsbook.usecases.pages import Pages

TASK_STATES = ("open", "done", "dropped")
MOST_TASKS = 500


def acknowledge(desk: Desk, pages: Pages, named: str | int, by: str, *, via: str, why: str) -> Incident:
    """Somebody takes care of it, and of its open pages."""
    why = line(why, "A reason", is_needed=False)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        check_live(incident)
        person = handle_of(desk.directory, by)
        drafts: list[Draft] = []
        if incident.acknowledged_at is None:
            drafts.append(events.acknowledged(person, via, why))
        if not incident.holders(COMMANDER) and takes_command(desk.policy):
            drafts.append(events.role_given(COMMANDER, person, why="Whoever acknowledges it leads it."))
            drafts += role_tasks(desk.policy, incident.severity, COMMANDER, incident.tasks)
        writes = acknowledging(desk.ledger, pages, incident.pages, by=by, via=via, why=why or f"{incident.name}", at=at)
        if writes and not drafts:
            drafts.append(events.acknowledged(person, via, why))
        return [*write(incident, *drafts), *writes]

    return desk.change(named, by, decide)


def assign(desk: Desk, named: str | int, by: str, role: str, *, person: str, why: str) -> Incident:
    """Gives somebody a role; what only one has is handed over."""
    why = line(why, "A reason", is_needed=False)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        key, who = _role(desk, role), handle_of(desk.directory, person)
        holders = incident.holders(key)
        if who in holders:
            return []
        before = holders[0] if holders and key in UNIQUE else ""
        if before and who == handle_of(desk.directory, by) and not why:
            raise Usage(f"{before} is {key} of {incident.name}. Say why you take it from them; they see it.")
        told = " ".join(filter(None, (why, _warning(incident, key, who))))
        new = role_tasks(desk.policy, incident.severity, key, incident.tasks) if incident.is_live else ()
        return write(incident, events.role_given(key, who, before, told), *new)

    return desk.change(named, by, decide)


def release(desk: Desk, named: str | int, by: str, role: str, *, person: str, why: str) -> Incident:
    """Takes a role from somebody."""
    why = line(why, "A reason", is_needed=False)

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        key, who = _role(desk, role), handle_of(desk.directory, person)
        if who not in incident.holders(key):
            there = ", ".join(incident.holders(key)) or "nobody"
            raise Refusal(f"{who} is not {key} of {incident.name}; {there} is.")
        return write(incident, events.role_released(key, who, why))

    return desk.change(named, by, decide)


def _role(desk: Desk, role: str) -> str:
    key, near = known_role(role, tuple(each.name for each in desk.policy.policy.roles))
    if not key:
        told = f" Did you mean '{near}'?" if near else ""
        raise Usage(f"No page knows the role '{role[:80]}'.{told}")
    return key


def _warning(incident: Incident, key: str, person: str) -> str:
    """What speaks against it: who commands should do nothing else, so that somebody keeps the whole in view."""
    other = {COMMANDER: ("expert", "operator"), "expert": (COMMANDER,), "operator": (COMMANDER,)}.get(key, ())
    also = next((each for each in other if person in incident.holders(each)), "")
    return f"Mind: {person} is {also} too; who commands had better do nothing else." if also else ""


# -- tasks -----------------------------------------------------------------------------------------------------------


def add_task(desk: Desk, named: str | int, by: str, text: str, *, role: str, owner: str) -> Incident:
    """One more thing to do."""
    text = line(text, "A task")

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        if len(incident.tasks) >= MOST_TASKS:
            raise Refusal(f"{incident.name} has {MOST_TASKS} tasks; drop some of them first.")
        key = _role(desk, role) if role else ""
        who = handle_of(desk.directory, owner) if owner else ""
        number = max((each.id for each in incident.tasks), default=0) + 1
        return write(incident, events.task_set(number, text, "open", role=key, owner=who))

    return desk.change(named, by, decide)


def set_task(desk: Desk, named: str | int, by: str, task: int, *, state: str, owner: str, why: str) -> Incident:
    """A task is done, open again, dropped, or somebody's."""
    why = line(why, "A reason", is_needed=False)
    if state not in TASK_STATES:
        raise Usage(f"'{state[:80]}' is no state of a task. There are {', '.join(TASK_STATES)}.")

    def decide(incident: Incident, at: datetime) -> Sequence[Write]:
        found = _task(incident, task)
        who = handle_of(desk.directory, owner) if owner else found.owner
        if (state, who) == (found.state, found.owner):
            return []
        made = events.task_set(task, found.text, state, role=found.role, owner=who, origin=found.origin, why=why)
        return write(incident, made)

    return desk.change(named, by, decide)


def _task(incident: Incident, task: int) -> Task:
    found = next((each for each in incident.tasks if each.id == task), None)
    if found is None:
        there = f"1 to {len(incident.tasks)}" if incident.tasks else "none"
        raise Usage(f"{incident.name} has no task {task}; there are {there}.")
    return found


# -- people called in ------------------------------------------------------------------------------------------------


def call(desk: Desk, pages: Pages, named: str | int, by: str, *, person: str, why: str) -> Incident:
    """Pages somebody to join. The page and the entry are recorded at once."""
    why = line(why, "What somebody is called in for")
    check_by(by)
    for tried in range(1, TRIES + 1):
        incident, at = desk.find(named), desk.now()
        check_live(incident)
        who = handle_of(desk.directory, person)
        subject = f"{incident.name} ({incident.severity}): {incident.title} – {why}"
        service = incident.services[0] if incident.services else None
        id, waking = pages.waking(
            person, subject, by, severity=incident.severity, service=service, incident=incident.number,
            is_drill=incident.is_drill,
        )  # fmt: skip
        members = events.Members(pages=(id,))
        drafts = (events.called(who, id, why), events.attached(members, f"{by} called {who} in."))
        try:
            desk.ledger.record([waking, Write(stream_of(incident.id), drafts, incident.version)], actor=by, at=at)
        except Conflict:
            if tried == TRIES:
                raise
            continue
        assert waking.stream == page_stream(id)
        desk.nudge()
        return desk.read(incident.id)
    raise AssertionError("the loop ends by itself")


def check_live(incident: Incident) -> None:
    """Raises Refusal where it is over."""
    if not incident.is_live:
        raise Refusal(f"{incident.name} is {incident.state}, so nobody leads it any more. Reopen it first.")

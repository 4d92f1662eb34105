"""What goes on in another incident where one ends in it: open tasks, drafts of updates, action items. Moves no members.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from opsbook.ledger import incident_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import Incident, Task
from opsbook.ledger.incident_values import Promise, StatusUpdate

_GOES_ON = frozenset({"open", "in progress"})
_UNSENT = frozenset({"draft", "approved"})


class Handed(NamedTuple):
    """What is recorded of the one that ends, and of the one in which it goes on."""

    left: list[Draft]
    gained: list[Draft]


def handing(incident: Incident, other: Incident) -> Handed:
    """All of an incident that is not done, in the other; what that has in the same words is not given twice."""
    left: list[Draft] = []
    gained: list[Draft] = []
    away, here = f"It goes on in {other.name}.", f"It comes from {incident.name}."
    known, last = {each.text for each in other.tasks}, _last(other.tasks)
    for task in (each for each in incident.tasks if each.state == "open"):
        left.append(_task(replace(task, state="dropped"), away))
        if task.text not in known:
            last += 1
            gained.append(_task(replace(task, id=last), here))
    promised, last = {each.text for each in other.actions}, _last(other.actions)
    for action in (each for each in incident.actions if each.state in _GOES_ON):
        left.append(_action(replace(action, state="dropped"), away))
        if action.text not in promised:
            last += 1
            gained.append(_action(replace(action, id=last), here))
    # One that was approved is a draft again: it tells of another incident now. One that corrects another stays with it.
    unsent = [each for each in incident.updates if each.state in _UNSENT and not each.corrects]
    for number, update in enumerate(unsent, _last(other.updates) + 1):
        left.append(events.update_withdrawn(update.id, away))
        gained.append(_update(update, number))
    return Handed(left, gained)


def _last(numbered: tuple[Task, ...] | tuple[Promise, ...] | tuple[StatusUpdate, ...]) -> int:
    return max((each.id for each in numbered), default=0)


def _task(task: Task, why: str) -> Draft:
    return events.task_set(
        task.id, task.text, task.state, role=task.role, owner=task.owner, origin=task.origin, why=why
    )


def _action(action: Promise, why: str) -> Draft:
    return events.action_set(
        action.id, action.text, action.state, owner=action.owner, due=action.due, kind=action.kind,
        proof=action.proof, why=why,
    )  # fmt: skip


def _update(update: StatusUpdate, number: int) -> Draft:
    return events.update_drafted(
        number, audience=update.audience, body=update.body, channels=update.channels, template=update.template,
        components=update.components, next_due=update.next_due,
    )  # fmt: skip

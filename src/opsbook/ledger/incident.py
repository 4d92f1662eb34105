"""An incident as a fold over its events; and the view of all of them.

The timeline is not kept here: entries are events, and `usecases/incident_timeline` reads them. So an entry costs the
fold next to nothing, and the view's rows stay small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from opsbook.book.impact import Impact
from opsbook.ground.digests import digest_of
from opsbook.ledger import incident_events as kinds
from opsbook.ledger.event import Event
from opsbook.ledger.incident_times import bounded
from opsbook.ledger.incident_values import EDITABLE as EDITABLE
from opsbook.ledger.incident_values import LIVE as LIVE
from opsbook.ledger.incident_values import STATUS as STATUS
from opsbook.ledger.incident_values import TIME_OF, PostMortemDue, Promise, Relation, RoleHeld, StatusUpdate, Writing
from opsbook.ledger.incident_values import Incident as Incident
from opsbook.ledger.incident_values import Task as Task
from opsbook.ledger.view import Kept, Row, View

_WAS_BETTER = frozenset({"monitoring", "resolved", "closed", "dismissed", "merged"})


def stream_of(incident: str) -> str:
    """The stream of an incident, by its id."""
    return kinds.INCIDENTS + incident


def claim_of(number: int) -> str:
    """The stream whose first event claims a number."""
    return f"{kinds.NUMBERS}{number}"


def key_of(key: str) -> str:
    """The stream whose first event says which incident was declared under a key."""
    return kinds.KEYS + digest_of(key.encode())


def folded(events: Iterable[Event], before: Incident | None = None) -> Incident | None:
    """The incident after these events, None before its first."""
    incident = before
    for event in events:
        incident = after(incident, event)
    return incident


def after(incident: Incident | None, event: Event) -> Incident | None:
    """The incident after one more event; an event that is not known changes only its version."""
    if event.kind == kinds.DECLARED:
        return _declared(event)
    if incident is None:
        return None
    fold = _FOLDS.get(event.kind)
    if fold is None:
        return replace(incident, version=event.number, entries=incident.entries + (event.kind == kinds.NOTED))
    return replace(fold(incident, event, event.facts), version=event.number, changed_at=event.at)


def incident_of(kept: Kept) -> Incident:
    """The incident that a row of the view holds."""
    return msgspec.convert(kept.row.document, Incident)


def happened(event: Event) -> datetime:
    """When something happened, which may be before it was recorded."""
    told = event.facts.get("happened_at")
    return bounded(datetime.fromisoformat(told)) if told else event.at


def _declared(event: Event) -> Incident:
    facts = event.facts
    at = happened(event)
    taken = {name: facts[name] for name in (
        "number", "title", "state", "severity", "severity_why", "rated", "impact", "services", "alerts", "pages",
        "runs", "origin", "summary", "started_at", "detected_at", "is_drill", "policy", "commit",
    )}  # fmt: skip
    is_overridden = bool(facts["rated"]) and facts["rated"] != facts["severity"]
    known = {"id": event.stream.removeprefix(kinds.INCIDENTS), "declared_at": at, "changed_at": event.at,
             "state_since": at, "declared_by": event.actor, "is_overridden": is_overridden,
             "version": event.number}  # fmt: skip
    made = msgspec.convert({**taken, **known}, Incident)
    return replace(made, started_at=_bounded(made.started_at), detected_at=_bounded(made.detected_at))


def _moved(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    state, at = facts["state"], happened(event)
    times: dict[str, Any] = {}
    if state == "identified":
        times = {"identified_at": incident.identified_at or at}
    elif state == "monitoring":
        times = {"mitigated_at": at}
    elif state in ("resolved", "dismissed", "merged"):
        times = {"resolved_at": at, "mitigated_at": incident.mitigated_at or at, "update_due_at": None}
    elif state == "closed":
        times = {"closed_at": at, "resolved_at": incident.resolved_at or at}
    if incident.state in _WAS_BETTER and state in LIVE and state != "monitoring":
        times = {"mitigated_at": None, "resolved_at": None, "closed_at": None,
                 "regressions": incident.regressions + (incident.state not in ("dismissed", "merged"))}  # fmt: skip
    edited_by = {**incident.edited_by, "state": (event.actor, event.number)}
    return replace(incident, state=state, state_since=at, edited_by=edited_by, **times)


def _rated(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    impact = msgspec.convert(facts["impact"], Impact) if "impact" in facts else incident.impact
    changed = ["severity", "impact"] if "impact" in facts else ["severity"]
    return replace(
        incident, severity=facts["severity"], severity_why=facts["why"], rated=facts["by_matrix"] or incident.rated,
        is_overridden=facts["is_override"], impact=impact,
        edited_by={**incident.edited_by, **dict.fromkeys(changed, (event.actor, event.number))},
    )  # fmt: skip


def _edited(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    field = facts["field"]
    if field not in EDITABLE:
        return incident
    document = {**msgspec.structs.asdict(incident), field: facts["value"]}
    made = msgspec.convert(document, Incident, from_attributes=True)
    if isinstance(told := getattr(made, field), datetime):
        made = replace(made, **{field: bounded(told)})
    if TIME_OF.get(incident.state) == field and getattr(made, field) is not None:
        made = replace(made, state_since=getattr(made, field))
    return replace(made, edited_by={**incident.edited_by, field: (event.actor, event.number)})


def _acknowledged(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    if incident.acknowledged_at is not None:
        return incident
    return replace(incident, acknowledged_at=happened(event), acknowledged_by=facts["by"])


def _role_given(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    left = facts["instead_of"]
    named, at = (facts["role"], left), happened(event)
    kept = tuple(
        replace(held, until=at) if (held.role, held.person) == named and held.until is None else held
        for held in incident.roles
    )
    return replace(incident, roles=(*kept, RoleHeld(facts["role"], facts["person"], at)))


def _role_released(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    named = (facts["role"], facts["person"])
    roles = tuple(
        replace(held, until=happened(event)) if (held.role, held.person) == named and held.until is None else held
        for held in incident.roles
    )
    return replace(incident, roles=roles)


def _task_set(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    told = {name: facts[name] for name in ("text", "state", "role", "owner", "origin")}
    made = Task(facts["task"], changed_by=event.actor, changed_at=happened(event), **told)
    return replace(incident, tasks=_with(incident.tasks, made))


def _attached(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    return replace(incident, **{
        name: tuple(dict.fromkeys((*getattr(incident, name), *facts[name])))
        for name in ("alerts", "pages", "runs", "services")
    })  # fmt: skip


def _detached(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    return replace(incident, **{
        name: tuple(each for each in getattr(incident, name) if each not in facts[name])
        for name in ("alerts", "pages", "runs", "services")
    })  # fmt: skip


def _called(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    pages = tuple(dict.fromkeys((*incident.pages, facts["page"])))
    return replace(incident, called=(*incident.called, (facts["person"], facts["page"])), pages=pages)


def _pinned(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    others = tuple(each for each in incident.pins if each != facts["entry"])
    return replace(incident, pins=(*others, facts["entry"]) if facts["is_pinned"] else others)


def _related(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    return replace(incident, relations=(*incident.relations, Relation(facts["how"], facts["other"], facts["why"])))


def _renumbered(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    return replace(
        incident, number=facts["number"], former_numbers=(*incident.former_numbers, incident.number)
    )


def _update_drafted(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    told = {name: facts[name] for name in ("audience", "body", "channels", "template", "components", "next_due",
                                           "corrects")}  # fmt: skip
    known = {"id": facts["update"], "state": "draft", "author": event.actor, "drafted_at": happened(event)}
    made = msgspec.convert({**told, **known}, StatusUpdate)
    return replace(incident, updates=_with(incident.updates, replace(made, next_due=_bounded(made.next_due))))


def _update_approved(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    return _update(incident, facts["update"], state="approved", approved_by=facts["by"])


def _update_published(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    made = _update(
        incident, facts["update"], state="published", published_at=event.at, deliveries=tuple(facts["deliveries"]),
        during=incident.state,
    )
    update = next((each for each in made.updates if each.id == facts["update"]), None)
    return _update(made, update.corrects, state="corrected") if update is not None and update.corrects else made


def _update_withdrawn(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    return _update(incident, facts["update"], state="withdrawn", why=facts["why"])


def _update_due(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    return replace(incident, update_due_at=bounded(datetime.fromisoformat(facts["at"])) if facts["at"] else None)


def _update_missed(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    return replace(incident, updates_missed=incident.updates_missed + 1)


def _update(incident: Incident, number: int, **changes: Any) -> Incident:
    return replace(incident, updates=tuple(
        replace(each, **changes) if each.id == number else each for each in incident.updates
    ))  # fmt: skip


def _action_set(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    told = {name: facts[name] for name in ("text", "state", "owner", "due", "kind", "proof")}
    return replace(incident, actions=_with(incident.actions, Promise(facts["action"], by=event.actor, **told)))


def _written(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    made = Writing(facts["what"], facts["path"], facts["proposal"], happened(event))
    return replace(incident, writings=(*incident.writings, made))


def _reviewed(incident: Incident, event: Event, facts: dict[str, Any]) -> Incident:
    return replace(
        incident, post_mortem=PostMortemDue(facts["state"], facts["owner"], facts["due"], facts["why"])
    )


def _bounded(at: datetime | None) -> datetime | None:
    return bounded(at) if at is not None else None


def _with(kept: tuple[Any, ...], made: Any) -> tuple[Any, ...]:
    """These with one more, in the place of the one of its id where there is one."""
    if any(each.id == made.id for each in kept):
        return tuple(made if each.id == made.id else each for each in kept)
    return (*kept, made)


_FOLDS: dict[str, Callable[[Incident, Event, dict[str, Any]], Incident]] = {
    kinds.MOVED: _moved,
    kinds.RATED: _rated,
    kinds.EDITED: _edited,
    kinds.ACKNOWLEDGED: _acknowledged,
    kinds.ROLE_GIVEN: _role_given,
    kinds.ROLE_RELEASED: _role_released,
    kinds.TASK_SET: _task_set,
    kinds.ATTACHED: _attached,
    kinds.DETACHED: _detached,
    kinds.CALLED: _called,
    kinds.PINNED: _pinned,
    kinds.RELATED: _related,
    kinds.RENUMBERED: _renumbered,
    kinds.UPDATE_DRAFTED: _update_drafted,
    kinds.UPDATE_APPROVED: _update_approved,
    kinds.UPDATE_PUBLISHED: _update_published,
    kinds.UPDATE_WITHDRAWN: _update_withdrawn,
    kinds.UPDATE_DUE: _update_due,
    kinds.UPDATE_MISSED: _update_missed,
    kinds.ACTION_SET: _action_set,
    kinds.WRITTEN: _written,
    kinds.REVIEWED: _reviewed,
}


def _row(row: Row | None, event: Event) -> Row | None:
    incident = after(row.document if row is not None else None, event)
    return Row(incident.is_live, str(incident.number), incident) if incident is not None else None


INCIDENT_VIEW = View("incidents", 3, kinds.INCIDENTS, _row, Incident)

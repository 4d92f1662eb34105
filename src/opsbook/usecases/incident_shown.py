"""An incident as JSON, for every door alike, as the contract has it. Times are RFC 3339 in UTC. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from opsbook.book.impact import Impact
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import Promise, StatusUpdate, Task
from opsbook.usecases.incident_due import Due
from opsbook.usecases.incident_timeline import TimelineEntry


def incident_brief(incident: Incident) -> dict[str, Any]:
    """The incident in a list."""
    return {
        "id": incident.id, "number": incident.number, "name": incident.name, "title": incident.title,
        "severity": incident.severity, "severity_why": incident.severity_why, "status": incident.status,
        "state": incident.state, "is_live": incident.is_live, "is_drill": incident.is_drill,
        "started_at": _time(incident.started_at or incident.declared_at),
        "declared_at": _time(incident.declared_at), "resolved_at": _time(incident.resolved_at),
        "changed_at": _time(incident.changed_at), "services": list(incident.services),
        "roles": roles_model(incident), "update_due_at": _time(incident.update_due_at),
        "open_tasks": sum(1 for task in incident.tasks if task.state == "open"),
        "report": report_of(incident), "version": incident.version,
    }  # fmt: skip


def incident_model(
    incident: Incident, entries: Iterable[TimelineEntry], dues: Iterable[Due] = ()
) -> dict[str, Any]:
    """The incident as a whole, with its timeline in the order in which things happened; `dues` are what is due next.

    `roles` has, by role, who has it now; `roles_held` everybody who had one. `alerts`, `pages` and `runs` are ids.
    `started_at` is never null: it is when the incident was declared as long as nobody knows better
    (`is_start_known`)."""
    post_mortem = incident.post_mortem
    return {
        **incident_brief(incident),
        "summary": incident.summary, "origin": incident.origin, "declared_by": incident.declared_by,
        "rated": incident.rated or None, "is_overridden": incident.is_overridden,
        "is_start_known": incident.started_at is not None, "detected_at": _time(incident.detected_at),
        "acknowledged_at": _time(incident.acknowledged_at), "acknowledged_by": incident.acknowledged_by or None,
        "identified_at": _time(incident.identified_at), "mitigated_at": _time(incident.mitigated_at),
        "closed_at": _time(incident.closed_at), "regressions": incident.regressions,
        "impact": impact_model(incident.impact),
        "roles_held": [
            {"role": held.role, "person": held.person, "since": _time(held.since), "until": _time(held.until)}
            for held in incident.roles
        ],
        "alerts": list(incident.alerts), "pages": list(incident.pages), "runs": list(incident.runs),
        "called": [{"person": person, "page": page} for person, page in incident.called],
        "tasks": [task_model(task) for task in incident.tasks],
        "next": [
            {"text": each.words, "whose": each.whose, "tone": each.tone, "at": _time(each.at),
             "typed": f"opsbook incident {each.typed}" if each.typed else None} for each in dues
        ],
        "timeline": [entry_model(entry) for entry in entries],
        "updates": [update_model(update) for update in incident.updates],
        "updates_missed": incident.updates_missed,
        "action_items": [action_model(action) for action in incident.actions],
        "post_mortem": None if post_mortem is None else {
            "state": post_mortem.state, "owner": post_mortem.owner or None, "due": post_mortem.due or None,
            "why": post_mortem.why or None, "path": _written(incident, "post-mortem"),
        },
        "writings": [
            {"what": each.what, "path": each.path, "proposal": each.proposal, "at": _time(each.at)}
            for each in incident.writings
        ],
        "relations": [{"how": each.how, "number": each.other, "why": each.why or None} for each in incident.relations],
        "former_numbers": list(incident.former_numbers), "war_room": incident.war_room or None,
        "cause": incident.cause or None, "root_cause": incident.root_cause or None,
        "resolution": incident.resolution or None, "lessons": incident.lessons or None,
        "factors": list(incident.factors), "went_well": list(incident.went_well),
        "went_badly": list(incident.went_badly), "lucky": list(incident.lucky), "tags": list(incident.tags),
        "policy": incident.policy or None, "commit": incident.commit,
    }  # fmt: skip


def impact_model(impact: Impact) -> dict[str, Any]:
    """What is declared of the impact; null is what nobody has said yet."""
    return {
        "users_pct": impact.users_pct, "functions": list(impact.functions), "data": impact.data or None,
        "security": impact.is_security, "workaround": impact.workaround or None, "regions": list(impact.regions),
        "users": impact.users, "business": impact.business,
    }  # fmt: skip


def roles_model(incident: Incident) -> dict[str, list[str]]:
    """By role who has it now; roles that nobody has are left out."""
    held: dict[str, list[str]] = {}
    for each in incident.roles:
        if each.until is None:
            held.setdefault(each.role, []).append(each.person)
    return held


def entry_model(entry: TimelineEntry) -> dict[str, Any]:
    """An entry of the timeline; `said` is what it said before it was corrected, the oldest first."""
    return {
        "at": _time(entry.at), "recorded_at": _time(entry.recorded_at), "kind": entry.kind, "actor": entry.actor,
        "text": entry.text, "key": entry.key, "link": entry.link or None, "is_pinned": entry.is_pinned,
        "is_struck": entry.is_struck,
        "files": [
            {"name": file.name, "media_type": file.media_type, "size_bytes": file.size_bytes, "digest": file.digest}
            for file in entry.files
        ],
        "said": [{"text": text, "why": why, "by": by} for text, why, by in entry.said],
    }  # fmt: skip


def task_model(task: Task) -> dict[str, Any]:
    """A task."""
    return {
        "task": task.id, "text": task.text, "state": task.state, "role": task.role or None,
        "owner": task.owner or None, "origin": task.origin or None, "changed_by": task.changed_by or None,
        "changed_at": _time(task.changed_at),
    }  # fmt: skip


def update_model(update: StatusUpdate) -> dict[str, Any]:
    """A status update."""
    return {
        "update": update.id, "audience": update.audience, "state": update.state, "body": update.body,
        "author": update.author, "drafted_at": _time(update.drafted_at), "approved_by": update.approved_by or None,
        "published_at": _time(update.published_at), "next_due": _time(update.next_due),
        "channels": list(update.channels), "components": update.components, "template": update.template or None,
        "corrects": update.corrects or None, "why": update.why or None,
    }  # fmt: skip


def action_model(action: Promise) -> dict[str, Any]:
    """An action item that was promised in the incident."""
    return {
        "action": action.id, "text": action.text, "state": action.state, "owner": action.owner or None,
        "due": action.due or None, "kind": action.kind or None, "proof": action.proof or None, "by": action.by or None,
    }  # fmt: skip


def report_of(incident: Incident) -> str | None:
    """The path of the page that is the incident's report, once it is written."""
    return _written(incident, "report")


def _written(incident: Incident, what: str) -> str | None:
    return next((each.path for each in reversed(incident.writings) if each.what == what), None)


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at is not None else None

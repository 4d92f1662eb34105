"""The public status as JSON in the shape of Atlassian Statuspage's public API (v2), so that what reads that reads this.

Field names and enumerations are theirs (https://developer.statuspage.io and any page's `/api`). What they have no word
for: a component whose state is not known is `degraded_performance`, which says neither that all is well nor that it is
down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from opsbook.usecases.public_incidents import public_id
from opsbook.usecases.public_site.words import Links, clean, incident_file, plain, stamp
from opsbook.usecases.public_status import (
    IMPACT,
    Affected,
    ComponentState,
    PublicComponent,
    PublicIncident,
    PublicMaintenance,
    PublicStatus,
    PublicUpdate,
)

STATUSES: dict[ComponentState, str] = {
    "operational": "operational", "degraded": "degraded_performance", "partial_outage": "partial_outage",
    "major_outage": "major_outage", "maintenance": "under_maintenance", "unknown": "degraded_performance",
}  # fmt: skip
_DESCRIPTIONS: dict[ComponentState, str] = {
    "operational": "All Systems Operational", "degraded": "Partially Degraded Service",
    "partial_outage": "Partial System Outage", "major_outage": "Major Service Outage",
    "maintenance": "Service Under Maintenance", "unknown": "Partially Degraded Service",
}  # fmt: skip
MOST = 50  # incidents in one answer, as theirs

Model = dict[str, Any]


def _page(status: PublicStatus, links: Links) -> Model:
    return {
        "id": public_id("page", status.title), "name": clean(status.title), "url": links.whole(),
        "time_zone": "Etc/UTC", "updated_at": stamp(status.at),
    }  # fmt: skip


def _overall(status: PublicStatus) -> Model:
    indicator = "minor" if status.state == "unknown" else IMPACT[status.state]
    return {"indicator": indicator, "description": _DESCRIPTIONS[status.state]}


def _components(status: PublicStatus) -> list[Model]:
    """The components in the order of the page, each group before its members."""
    made: list[Model] = []
    groups = list(dict.fromkeys(each.group for each in status.components if each.group))
    position = 0
    for name in ["", *groups]:
        members = [each for each in status.components if each.group == name]
        group_id = public_id("group", name) if name else None
        if name:
            position += 1
            made.append(_group(status, name, members, position))
        for member in members:
            position += 1
            made.append(_component(status, member, position=position, group_id=group_id))
    return made


def _group(status: PublicStatus, name: str, members: Sequence[PublicComponent], position: int) -> Model:
    worst = max((STATUSES[each.state] for each in members), key=list(_ORDER).index)
    blank = PublicComponent(public_id("group", name), name, "", "", "operational")
    return {
        **_component(status, blank, position=position, group_id=None), "status": worst, "group": True,
        "components": [each.id for each in members],
    }  # fmt: skip


_ORDER = ("operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage")


def _component(status: PublicStatus, component: PublicComponent, *, position: int, group_id: str | None) -> Model:
    since = stamp(component.since or status.changed_at or status.at)
    return {
        "id": component.id, "name": clean(component.name), "status": STATUSES[component.state], "created_at": since,
        "updated_at": since, "position": position, "description": clean(component.description) or None,
        "showcase": bool(component.days), "start_date": None, "group_id": group_id,
        "page_id": public_id("page", status.title), "group": False, "only_show_if_degraded": False,
    }  # fmt: skip


def _named(status: PublicStatus, ids: Sequence[str]) -> list[Model]:
    return [each for each in _components(status) if each["id"] in ids]


def _incident(status: PublicStatus, incident: PublicIncident, links: Links) -> Model:
    return {
        "id": incident.id, "name": clean(incident.title), "status": incident.phase, "impact": incident.impact,
        "created_at": stamp(incident.began), "started_at": stamp(incident.began),
        "updated_at": stamp(incident.changed_at), "monitoring_at": _maybe(incident.monitoring_at),
        "resolved_at": _maybe(incident.resolved_at), "shortlink": links.whole(incident_file(incident.id)),
        "page_id": public_id("page", status.title),
        "incident_updates": [_update(incident.id, each) for each in incident.updates],
        "components": _named(status, incident.components),
    }  # fmt: skip


def _update(incident: str, update: PublicUpdate) -> Model:
    return {
        "id": update.id, "incident_id": incident, "status": update.phase, "body": plain(update.body),
        "created_at": stamp(update.at), "display_at": stamp(update.at), "updated_at": stamp(update.changed_at),
        "affected_components": [_affected(each) for each in update.affected] or None,
        "deliver_notifications": True, "custom_tweet": None, "tweet_id": None,
    }  # fmt: skip


def _affected(affected: Affected) -> Model:
    return {
        "code": affected.id, "name": clean(affected.name), "old_status": STATUSES[affected.before],
        "new_status": STATUSES[affected.after],
    }  # fmt: skip


def _maintenance(status: PublicStatus, planned: PublicMaintenance, links: Links) -> Model:
    update = {
        "id": public_id("update", planned.id), "incident_id": planned.id, "status": planned.phase,
        "body": plain(planned.body), "created_at": stamp(planned.announced_at),
        "display_at": stamp(planned.announced_at), "updated_at": stamp(planned.changed_at),
        "affected_components": None, "deliver_notifications": True, "custom_tweet": None, "tweet_id": None,
    }  # fmt: skip
    return {
        "id": planned.id, "name": clean(planned.title), "status": planned.phase, "impact": "maintenance",
        "created_at": stamp(planned.announced_at), "started_at": stamp(planned.starts_at),
        "updated_at": stamp(planned.changed_at), "monitoring_at": None,
        "resolved_at": stamp(planned.ends_at) if planned.phase == "completed" else None,
        "shortlink": links.whole() + f"#m-{planned.id}", "page_id": public_id("page", status.title),
        "incident_updates": [update], "components": _named(status, planned.components),
        "scheduled_for": stamp(planned.starts_at), "scheduled_until": stamp(planned.ends_at),
    }  # fmt: skip


def _maybe(at: datetime | None) -> str | None:
    return stamp(at) if at is not None else None


def _summary(status: PublicStatus, links: Links) -> Model:
    return {
        "page": _page(status, links), "components": _components(status),
        "incidents": [_incident(status, each, links) for each in status.incidents],
        "scheduled_maintenances": [_maintenance(status, each, links) for each in status.maintenances],
        "status": _overall(status),
    }  # fmt: skip


def _incidents(status: PublicStatus, links: Links) -> Model:
    shown = status.all_incidents[:MOST]
    return {"page": _page(status, links), "incidents": [_incident(status, each, links) for each in shown]}


def _unresolved(status: PublicStatus, links: Links) -> Model:
    return {"page": _page(status, links), "incidents": [_incident(status, each, links) for each in status.incidents]}


def _planned(*phases: str) -> Callable[[PublicStatus, Links], Model]:
    def made(status: PublicStatus, links: Links) -> Model:
        shown = [each for each in status.all_maintenances if each.phase in phases][:MOST]
        listed = [_maintenance(status, each, links) for each in shown]
        return {"page": _page(status, links), "scheduled_maintenances": listed}

    return made


FILES: dict[str, Callable[[PublicStatus, Links], Model]] = {
    "api/v2/summary.json": _summary,
    "api/v2/status.json": lambda status, links: {"page": _page(status, links), "status": _overall(status)},
    "api/v2/components.json": lambda status, links: {"page": _page(status, links), "components": _components(status)},
    "api/v2/incidents.json": _incidents,
    "api/v2/incidents/unresolved.json": _unresolved,
    "api/v2/scheduled-maintenances.json": _planned("scheduled", "in_progress", "completed"),
    "api/v2/scheduled-maintenances/upcoming.json": _planned("scheduled"),
    "api/v2/scheduled-maintenances/active.json": _planned("in_progress"),
}


def json_file(name: str, status: PublicStatus, links: Links) -> bytes:
    """The bytes of one of FILES."""
    return msgspec.json.encode(FILES[name](status, links)) + b"\n"

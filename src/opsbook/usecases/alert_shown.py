"""An alert as JSON, for every door alike, as the contract has it. Times are RFC 3339 in UTC. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from opsbook.ledger.alert import Alert
from opsbook.ledger.alert_events import Place
from opsbook.ledger.event import Event, shown_facts
from opsbook.ledger.page import Notification, Page
from opsbook.usecases.alert_story import story
from opsbook.usecases.alerts import Noise


def alert_model(alert: Alert) -> dict[str, Any]:
    """The alert in a list."""
    return {
        "id": alert.id, "status": alert.status, "name": alert.name, "labels": alert.labels,
        "annotations": alert.annotations, "fingerprint": alert.fingerprint, "source": alert.source,
        "starts_at": _time(alert.starts_at), "ends_at": _time(alert.ends_at), "severity": alert.severity,
        "severity_why": alert.severity_why, "service": alert.service, "section": place_model(alert.place),
        "incident": alert.incident, "group": alert.group, "page": alert.page or None,
        "acknowledged_by": alert.acknowledged_by or None, "acknowledged_until": _time(alert.acknowledged_until),
        "suppressed_by": list(alert.suppressed_by), "ended_how": alert.ended_how or None,
        "ended_by": alert.ended_by or None, "why": alert.why, "why_not_paged": alert.why_not_paged or None,
        "episodes": alert.episodes, "first_at": _time(alert.first_at), "changed_at": _time(alert.changed_at),
        "generator": alert.generator or None, "is_drill": alert.is_drill, "position": alert.position,
    }  # fmt: skip


def place_model(place: Place | None) -> dict[str, Any] | None:
    """The section that an alert leads to."""
    if place is None:
        return None
    return {
        "path": place.path, "anchor": place.anchor, "title": place.title, "commit": place.commit, "why": place.why,
        "kind": place.kind, "score": place.score,
    }  # fmt: skip


def alert_whole(alert: Alert, events: Iterable[Event], noise: Noise, steps: Sequence[str]) -> dict[str, Any]:
    """The alert with what happened to it, its notes, how it behaved before, and the first steps of its section."""
    recorded = list(events)
    return {
        **alert_model(alert),
        "links": [{"title": title, "href": href} for title, href in alert.links],
        "notes": [{"at": _time(note.at), "by": note.by, "text": note.text} for note in alert.notes],
        "first_steps": list(steps),
        "history": [
            {"at": _time(told.at), "actor": told.actor, "text": told.words, "why": told.why or None}
            for told in story(recorded)
        ],
        "events": [
            {"number": event.number, "at": _time(event.at), "actor": event.actor, "kind": event.kind,
             "facts": shown_facts(event)}
            for event in recorded
        ],
        "noise": {"fired": noise.fired, "answered": noise.answered, "by_itself": noise.by_itself},
        "episodes_before": [
            {"id": each.id, "status": each.status, "starts_at": _time(each.starts_at), "ends_at": _time(each.ends_at),
             "ended_how": each.ended_how or None}
            for each in noise.episodes if each.id != alert.id
        ],
    }  # fmt: skip


def delivery_models(page: Page | None) -> list[dict[str, Any]]:
    """What became of each message of a page, in the order in which they were owed."""
    return [_delivery(page, each) for each in page.notifications] if page is not None else []


def _delivery(page: Page, notification: Notification) -> dict[str, Any]:
    owed = notification.owed
    return {
        "id": f"{page.id}.{owed.id}", "subject": page.subject, "person": owed.person, "channel": owed.kind,
        "level": owed.level, "state": notification.state, "why": notification.settled_why or owed.why,
        "owed_at": _time(notification.owed_at),
        "attempts": [
            {"at": _time(attempt.at), "state": attempt.state, "reason": attempt.reason or None,
             "latency_ms": attempt.latency_ms}
            for attempt in notification.attempts
        ],
    }  # fmt: skip


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at is not None else None

"""A message for machines: the JSON that webhooks are sent. Fields are added, and never change their meaning."""

from __future__ import annotations

from typing import Any

from opsbook.usecases.wording.told import AlertTold, SectionTold, Told

VERSION = 1


def facts_of(told: Told) -> dict[str, Any]:
    """What is told of one page, as plain JSON values. `thread` is alike in all messages of a page, `key` of an attempt
    alone."""
    return {
        "version": VERSION, "key": told.key, "thread": f"page/{told.page}", "purpose": told.purpose,
        "sent_at": told.sent_at.isoformat(), "page": told.page, "severity": told.severity,
        "service": told.service or None, "subject": told.subject, "title": told.title, "person": told.person,
        "why": told.why, "level": told.level, "loop": told.loop, "attempt": told.attempt,
        "is_drill": told.is_drill, "is_duplicate": told.is_duplicate, "since": told.since.isoformat(),
        "alerts": [_alert(alert) for alert in told.alerts], "alert_count": told.count, "ended_count": told.gone,
        "common_labels": dict(told.common), "differing_labels": {name: list(each) for name, each in told.differing},
        "section": _section(told.section) if told.section is not None else None, "health": list(told.health),
        "recent": list(told.recent), "on_call": list(told.on_call), "code": told.code or None,
        "incident": told.incident, "incident_url": told.incident_url or None,
        "acknowledge_url": told.ack_url or None, "page_url": told.page_url or None,
    }  # fmt: skip


def _alert(alert: AlertTold) -> dict[str, Any]:
    return {
        "id": alert.id, "name": alert.name, "summary": alert.summary or None, "labels": dict(alert.labels),
        "starts_at": alert.starts_at.isoformat(), "url": alert.url,
    }  # fmt: skip


def _section(section: SectionTold) -> dict[str, Any]:
    return {
        "path": section.path, "anchor": section.anchor, "title": section.title, "commit": section.commit,
        "why": section.why, "score": section.score, "url": section.url, "steps": list(section.steps),
    }  # fmt: skip

"""Pages and notifications as plain values, as the contract has them; the command line and the API tell the same."""

from __future__ import annotations

from typing import Any

import msgspec

from opsbook.book.plan_words import length_words
from opsbook.ledger.page import Notification, Page
from opsbook.ledger.page_events import OwedNotification
from opsbook.ledger.path_test import PathTest
from opsbook.usecases.pages import Delivered


def notification_model(found: Delivered) -> dict[str, Any]:
    """A notification as the contract has it, with what it is of."""
    page, each = found.page, found.notification
    owed = each.owed
    return {
        "id": f"{page.id}.{owed.id}", "subject": page.subject, "person": owed.person, "channel": owed.kind,
        "level": owed.level, "state": each.state, "why": owed.why, "owed_at": each.owed_at.isoformat(),
        "attempts": [
            {"at": attempt.at.isoformat(), "state": attempt.state, "reason": attempt.reason or None,
             "latency_ms": attempt.latency_ms, "is_duplicate": attempt.is_duplicate}
            for attempt in each.attempts
        ],
        "page": page.id, "contact": owed.contact, "purpose": owed.purpose, "due": owed.due.isoformat(),
        "settled_why": each.settled_why or None, "waits_for": waits_for(page, each) or None,
    }  # fmt: skip


def waits_for(page: Page, of: Notification) -> str:
    """When a message is sent whose turn comes later, and why not before; empty where it waits for no turn."""
    owed = of.owed
    if of.state != "waiting" or of.attempts or owed.due <= of.owed_at:
        return ""
    day = "" if owed.due.date() == of.owed_at.date() else f" on {owed.due:%Y-%m-%d}"
    told = f"It is sent at {owed.due:%H:%M:%S} UTC{day} unless somebody answers before"
    beside = [each.owed for each in page.notifications if _is_beside(each.owed, owed)]
    before = min(beside, key=lambda each: each.due)
    if before.due == owed.due:
        return f"{told}."
    return f"{told}: {owed.kind} comes {length_words(owed.due - before.due)} after {before.kind}."


def _is_beside(one: OwedNotification, other: OwedNotification) -> bool:
    """Whether two messages are to the same person, by the same turn of the same level."""
    return (one.person, one.level, one.loop, one.purpose) == (other.person, other.level, other.loop, other.purpose)


def page_brief(page: Page) -> dict[str, Any]:
    """A page in a list."""
    return {
        "id": page.id, "state": page.state, "subject": page.subject, "severity": page.severity,
        "service": page.service, "group": page.group, "opened_at": page.opened_at.isoformat(),
        "ended_at": page.ended_at.isoformat() if page.ended_at else None, "ended_how": page.ended_how or None,
        "why": page.why or None, "alerts": list(page.alerts), "is_drill": page.is_drill,
        "asked_by": page.asked_by or None, "incident": page.incident,
        "acknowledged_by": [each.by for each in page.acknowledged],
        "acknowledged_until": page.acknowledged_until.isoformat() if page.acknowledged_until else None,
        "needs": page.needs,
    }  # fmt: skip


def page_model(page: Page) -> dict[str, Any]:
    """A page with all that was done for it."""
    return {
        **page_brief(page), "gone": list(page.gone), "level": page.level, "loop": page.loop,
        "policy": msgspec.to_builtins(page.policy), "section": msgspec.to_builtins(page.place),
        "levels": [
            {"level": each.level, "loop": each.loop, "at": each.at.isoformat(), "why": each.why}
            for each in (*page.past_levels, *page.reached)
        ],
        "acknowledged": [
            {"by": each.by, "via": each.via, "at": each.at.isoformat(), "why": each.why}
            for each in (*page.past_answers, *page.acknowledged)
        ],
        "notifications": [notification_model(Delivered(page, each)) for each in page.notifications],
    }  # fmt: skip


def path_test_model(test: PathTest) -> dict[str, Any]:
    """The last test of the path."""
    return {
        "id": test.id or None, "sent_at": test.sent_at.isoformat() if test.sent_at else None,
        "ended_at": test.ended_at.isoformat() if test.ended_at else None, "is_ok": test.is_ok,
        "why": test.why or None, "page": test.page or None, "took_s": test.took_s,
    }  # fmt: skip



"""Which pages hold people, schedules and escalation. Reads none of it, and imports next to nothing."""

from __future__ import annotations

from opsbook.book.page import Page, stem

_ROSTER_STEMS = frozenset({
    "on-call", "oncall", "people", "schedule", "schedules", "rota", "rotation", "rotation-schedule", "escalation",
    "escalation-paths", "escalation-policy", "contacts", "team", "teams",
})  # fmt: skip


def is_roster_page(page: Page) -> bool:
    """Whether people and schedules are read from a page: policies, and pages named for them."""
    return page.kind == "policy" or (page.kind != "template" and stem(page.path).lower() in _ROSTER_STEMS)

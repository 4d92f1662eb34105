"""What is to be typed next in an incident, what cannot wait first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from opsbook.book.impact import Impact
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import PostMortemDue, RoleHeld, Writing
from opsbook.usecases.incident_due import due, roles_of

NOW = datetime(2026, 3, 26, 3, tzinfo=UTC)
NEW = Incident("i-1", 14, "Checkout fails", "investigating", "P1", NOW, NOW, impact=Impact(users_pct=40))
LED = replace(NEW, acknowledged_at=NOW, roles=(RoleHeld("commander", "ada", NOW),))
OVER = replace(LED, state="resolved", resolved_at=NOW, started_at=NOW, root_cause="Disk.")
WRITTEN = replace(OVER, writings=(Writing("report", "a.md", "p", NOW),))


def typed(incident: Incident) -> list[str]:
    """What is to be typed, in order."""
    return [each.typed for each in due(incident, roles_of(incident, ()), (), NOW)]


def test_somebody_takes_care_first():
    assert typed(NEW)[0] == "ack 14"


def test_an_update_that_is_late_goes_before_all():
    assert typed(replace(NEW, update_due_at=NOW - timedelta(minutes=1)))[:2] == ["update 14", "ack 14"]


def test_an_update_that_is_due_later_waits_behind_what_presses():
    assert typed(replace(NEW, update_due_at=NOW + timedelta(minutes=20)))[:2] == ["ack 14", "update 14"]


def test_an_incident_that_nobody_leads_needs_a_commander():
    assert typed(replace(NEW, acknowledged_at=NOW))[0] == "role 14 commander NAME"


def test_the_impact_is_asked_for_until_it_is_declared():
    assert any(each.startswith("severity 14 --users") for each in typed(replace(LED, impact=Impact())))


def test_triage_asks_for_one_thing():
    assert typed(replace(NEW, state="triage", impact=Impact())) == ["status 14 investigating"]


def test_a_grave_one_that_is_over_wants_its_post_mortem():
    assert typed(WRITTEN) == ["post-mortem 14"]


def test_a_drill_wants_none():
    assert typed(replace(WRITTEN, is_drill=True)) == ["status 14 closed"]


def test_what_is_reviewed_can_be_closed():
    assert typed(replace(WRITTEN, post_mortem=PostMortemDue("reviewed"))) == ["status 14 closed"]


def test_nothing_is_left_of_what_is_closed_or_was_none():
    assert typed(replace(WRITTEN, state="closed", post_mortem=PostMortemDue("waived"))) == []
    assert typed(replace(NEW, state="dismissed")) == []

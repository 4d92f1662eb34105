"""What is due next in an incident, and to whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from opsbook.book.impact import Impact
from opsbook.book.incident_policy import Role
from opsbook.ledger.incident import Incident
from opsbook.ledger.incident_values import PostMortemDue, Promise, RoleHeld, Task, Writing
from opsbook.usecases.incident_due import Due, due, roles_of

NOW = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)
WRITTEN = (
    Role("Incident Commander", 1, "roles", "Decides", "Whoever acknowledges"),
    Role("Communications Lead", 2, "roles", "Writes", "Named by the commander for P0 and P1"),
    Role("Scribe", 3, "roles", "Keeps the timeline", "Named by the commander for P0"),
)
LED = Incident(
    "x", 14, "Payments fail", "investigating", "P1", NOW, NOW, acknowledged_at=NOW, acknowledged_by="kim",
    impact=Impact(users_pct=40.0), roles=(RoleHeld("commander", "kim", NOW), RoleHeld("communications", "ana", NOW)),
)  # fmt: skip


def of(incident: Incident, **more: object) -> list[Due]:
    """What is due, without what only takes it further."""
    found = due(incident, roles_of(incident, WRITTEN), (), NOW, **more)  # type: ignore[arg-type]
    return [each for each in found if not each.words.startswith("Once ")]


def test_nothing_is_due_where_all_is_done():
    assert of(LED) == []


def test_that_nobody_acknowledged_it_comes_first():
    found = of(replace(LED, acknowledged_at=None, roles=(), update_due_at=NOW + timedelta(minutes=9)))
    assert (found[0].words, found[0].tone) == ("Nobody has acknowledged it.", "bad")


def test_what_is_acknowledged_and_led_by_nobody_says_so():
    assert "It has no commander." in [each.words for each in of(replace(LED, roles=()))]


@pytest.mark.parametrize(("minutes", "tone"), [(-1, "bad"), (0, "bad"), (1, "note")])
def test_an_update_is_due_to_who_communicates(minutes, tone):
    at = NOW + timedelta(minutes=minutes)
    found = of(replace(LED, update_due_at=at))
    assert [(each.whose, each.tone, each.at) for each in found] == [("ana", tone, at)]


@pytest.mark.parametrize(("severity", "missing"), [("P0", {"Nobody is Scribe."}), ("P1", set()), ("P3", set())])
def test_a_role_is_wanted_at_the_severities_that_the_page_names(severity, missing):
    found = of(replace(LED, severity=severity))
    assert {each.words for each in found} == missing


def test_the_roles_of_the_page_come_in_its_words_with_who_has_each_and_who_had_it():
    had = RoleHeld("commander", "jo", NOW - timedelta(hours=1), NOW)
    roles = roles_of(replace(LED, roles=(had, *LED.roles)), WRITTEN)
    assert (roles[0].name, roles[0].holders, roles[0].before) == ("Incident Commander", ("kim",), ("jo",))
    assert [role.key for role in roles][:3] == ["commander", "communications", "scribe"]


def test_without_a_page_there_are_the_usual_roles():
    assert [role.key for role in roles_of(LED, ())][:2] == ["commander", "deputy"]


def test_an_open_task_is_due_to_its_owner_and_a_done_one_to_nobody():
    tasks = (Task(1, "Call the bank", "done", owner="jo"), Task(2, "Switch over", "open", owner="ana"))
    assert [(each.words, each.whose) for each in of(replace(LED, tasks=tasks))] == [("1 task is open: Switch over", "ana")]


def test_one_that_is_quiet_or_watched_may_be_resolved():
    assert [each.anchor for each in of(LED, is_quiet=True)] == ["acts"]
    assert [each.anchor for each in of(replace(LED, state="monitoring"))] == ["acts"]


def test_when_it_is_over_the_post_mortem_and_what_was_promised_are_due():
    over = replace(
        LED, state="resolved", post_mortem=PostMortemDue("due", "ana", "2026-03-06"),
        root_cause="Disk.", started_at=NOW,
        writings=(Writing("report", "a.md", "p", NOW),), actions=(Promise(1, "Watch it", "open", "jo"), Promise(2, "Tell them", "done", "jo")),
    )  # fmt: skip
    assert [each.whose for each in of(over)] == ["ana", "jo"]
    reviewed = replace(over, post_mortem=PostMortemDue("reviewed"), actions=())
    assert [each.typed for each in of(reviewed)] == ["status 14 closed"]

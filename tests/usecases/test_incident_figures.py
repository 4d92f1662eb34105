"""Figures of incidents and what is like one, out of a real ledger and a real book."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from tests.entrypoints.door import PAGES, opened, write_repository

from opsbook.entrypoints.figured import figures_csv, figures_of, stretch
from opsbook.ground.errors import Usage
from opsbook.usecases.incident_acts import Declaration
from opsbook.usecases.incident_cases import Case, Helped
from opsbook.usecases.incident_figures import case_rows, figures
from opsbook.usecases.similar_incidents import Likeness, remedies

AT = datetime(2026, 3, 10, 3, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CASE = Case(
    1, "", "Checkout fails", "P1", ("api",), False, False, "release", ("ApiErrors",), started_at=AT,
    detected_at=AT + MINUTE, declared_at=AT + 3 * MINUTE, acknowledged_at=AT + 4 * MINUTE,
    first_update_at=AT + 8 * MINUTE, mitigated_at=AT + 20 * MINUTE, resolved_at=AT + 40 * MINUTE, day="2026-03-10",
)  # fmt: skip
REPORT = """# Incident Response: The queue is full

**Severity:** P2
**Status:** Resolved
**Started:** 2026-03-11 10:00 UTC
**Resolved:** 2026-03-11 11:00 UTC

## Impact

- **Affected Services:** queue

## Resolution

The consumers were started again.

## Prevention

- [ ] Alert on lag (@ada, due 2026-03-20)
"""


def counted(*cases: Case, zone: str = "UTC", **more: str):
    """The figures of March."""
    since, until = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    return figures(cases, since=since, until=until, time_zone=ZoneInfo(zone), **more)


def lengths(*cases: Case) -> dict[str, tuple[int, float | None]]:
    """By name over how many, and the median."""
    return {each.name: (each.count, each.median_s) for each in counted(*cases).lengths}


def test_each_length_is_between_the_times_that_its_meaning_names():
    assert lengths(CASE) == {
        "MTTA": (1, 180.0), "Time to first update": (1, 300.0), "Time to mitigate": (1, 1200.0), "MTTR": (1, 2400.0),
    }  # fmt: skip


def test_what_nobody_told_is_counted_as_not_known_and_never_as_nothing():
    bare = Case(2, "", "x", "P1", (), False, False, declared_at=AT, day="2026-03-10")
    mttr = next(each for each in counted(CASE, bare).lengths if each.name == "MTTR")
    assert (mttr.count, mttr.unknown, mttr.mean_s) == (1, 1, 2400.0)


def test_drills_never_count():
    assert counted(replace(CASE, is_drill=True)).total == 0


def test_what_was_dismissed_or_merged_was_none_and_counts_nowhere(door):
    held = door.desk.incident_desk
    made = [held.incidents.declare(Declaration(f"Down {n}", severity="P1", severity_why="x"), "ada") for n in range(3)]
    held.incidents.duplicate(made[1].id, made[0].number, "ada", "The same")
    held.incidents.merge(made[2].id, made[0].number, "ada", "The same too")
    now = door.desk.now()
    found = figures_of(held, door.desk.library.snapshot(), now - MINUTE, now + MINUTE, now=now, time_zone=ZoneInfo("UTC"))
    assert found.total == 1


def test_hours_are_by_the_clock_that_is_asked_for():
    assert counted(CASE, zone="Asia/Tokyo").hours[12] == 1
    assert counted(CASE).hours[3] == 1


def test_a_month_without_incidents_is_there_with_none():
    found = figures([CASE], since=datetime(2026, 1, 5, tzinfo=UTC), until=datetime(2026, 4, 1, tzinfo=UTC), time_zone=ZoneInfo("UTC"))
    assert found.months == (("2026-01", 0), ("2026-02", 0), ("2026-03", 1))


def test_a_section_counts_by_how_often_it_ended_one():
    ran = Helped("runbooks/api.md", "rollback", "Rollback", True, True)
    tried = Helped("runbooks/api.md", "restart", "Restart", False, False)
    found = counted(replace(CASE, helped=(tried, ran)), replace(CASE, number=2, helped=(ran,))).sections
    assert [(each.anchor, each.used, each.succeeded, each.ended) for each in found] == [("rollback", 2, 2, 2), ("restart", 1, 0, 0)]


def test_a_length_that_would_be_negative_is_not_known():
    assert lengths(replace(CASE, resolved_at=AT - MINUTE))["MTTR"] == (0, None)


def test_a_stretch_of_time_that_ends_before_it_begins_is_told():
    with pytest.raises(Usage, match="before it begins"):
        stretch(AT, AT - MINUTE, AT)


@pytest.fixture
def door(tmp_path):
    write_repository(tmp_path, {**PAGES, "docs/operations/incidents/2026-03-11-queue.md": REPORT})
    with opened(tmp_path) as made:
        yield made


def test_reports_written_by_hand_count_beside_those_of_the_ledger(door):
    held = door.desk.incident_desk
    held.incidents.declare(Declaration("Checkout fails", severity="P1", severity_why="x"), "ada")
    now = door.desk.now()
    found = figures_of(held, door.desk.library.snapshot(), datetime(2026, 3, 1, tzinfo=UTC), now + MINUTE, now=now, time_zone=ZoneInfo("UTC"))
    assert (found.total, dict(found.services)["queue"], found.actions_open, found.actions_late) == (2, 1, 1, 1)


def test_an_incident_and_its_report_are_one(door):
    held = door.desk.incident_desk
    made = held.incidents.declare(Declaration("Checkout fails", severity="P1", severity_why="x"), "ada")
    held.incidents.move(made.id, "ada", "resolved")
    proposal = held.reports.report(held.incidents.find(made.id), "ada", ("Ada", "ada@example.org"))
    held.proposals.accept(proposal.id, "ada", ("Ada", "ada@example.org"))
    door.desk.library.look()
    assert [case.title for case in held.cases.all()] == ["Checkout fails", "Incident Response: The queue is full"]


def test_a_cell_that_a_spreadsheet_would_compute_is_text(door):
    door.desk.incident_desk.incidents.declare(Declaration("=HYPERLINK(1)", severity="P3", severity_why="x"), "ada")
    now = door.desk.now()
    assert "'=HYPERLINK(1)" in figures_csv(door.desk.incident_desk, now - MINUTE, now + MINUTE)


def test_rows_have_what_is_counted():
    (row,) = case_rows([CASE], AT - MINUTE, AT + MINUTE)
    assert row[:6] == ("1", "", "Checkout fails", "P1", "api", "release")


class Past:
    """Cases as they are given."""

    def __init__(self, *cases: Case) -> None:
        self._cases = cases

    def all(self) -> tuple[Case, ...]:
        """All."""
        return self._cases


def like(case: Case, *past: Case):
    """What is like it."""
    return Likeness(Past(*past)).similar(case)  # type: ignore[arg-type]


def test_the_same_alert_is_more_alike_than_the_same_words():
    words = replace(CASE, number=2, alerts=(), services=())
    alert = replace(CASE, number=3, title="Something else", services=())
    found = like(replace(CASE, title="Checkout slow", is_live=True), words, alert)
    assert found[0].case.number == 3
    assert "the same alert ApiErrors" in found[0].why


def test_what_has_nothing_in_common_is_not_like_it():
    other = Case(9, "", "Certificate expired", "P2", ("web",), False, False)
    assert like(CASE, other) == []


def test_it_is_not_like_itself_nor_like_what_goes_on_or_was_a_drill():
    assert like(CASE, CASE, replace(CASE, number=2, is_live=True), replace(CASE, number=3, is_drill=True)) == []


def test_what_ended_those_is_told_with_how_often():
    ran = Helped("runbooks/api.md", "rollback", "Rollback", True, True)
    past = [replace(CASE, number=n, helped=(ran,) if n < 4 else ()) for n in range(2, 6)]
    (remedy,) = remedies(like(CASE, *past))
    assert (remedy.title, remedy.ended, remedy.of) == ("Rollback", 2, 4)


def test_any_words_at_all_have_likenesses_between_nothing_and_one():
    chance = random.Random(7)
    words = ["api", "slow", "disk", "full", "", "§§", "deploy", "x" * 50, "checkout", "queue"]
    past = [replace(CASE, number=n, title=" ".join(chance.choices(words, k=6))) for n in range(2, 60)]
    assert all(0 <= each.likeness <= 1 for case in past for each in like(case, *past))

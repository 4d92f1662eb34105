"""Reading paths made of a book, and how far somebody is along them."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.usecases.snapshots import snapshot

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.book.page import read_page
from opsbook.ground.errors import Usage
from opsbook.usecases.practice_report import operations_line, practice_line, practice_report
from opsbook.usecases.reading import Readings, may_see_others, progress
from opsbook.usecases.reading_paths import find_path, path_names, reading_path

OWN = Path(__file__).parents[2] / "docs" / "operations"
RUNBOOK = "docs/operations/runbooks/opsbook.md"
RAW = {f"docs/operations/{path.relative_to(OWN)}": path.read_bytes() for path in sorted(OWN.rglob("*.md"))}


@pytest.fixture(scope="module")
def own():
    """The project's own book."""
    return snapshot(RAW)


def path_for(book, name, raw=RAW):
    return reading_path(book, find_path(book, name), lambda path: read_page(path, raw[path]))


@pytest.fixture
def readings(tmp_path):
    """The verbs over a ledger of their own."""
    with closing(SqliteLedger(str(tmp_path / "ledger.db"))) as ledger:
        yield Readings(ledger, lambda: datetime(2026, 11, 23, tzinfo=UTC))


def test_a_service_is_read_from_its_overview_to_its_past(own):
    parts = list(dict.fromkeys(each.part for each in path_for(own, "opsbook").sections))
    assert parts == [
        "Overview", "Architecture", "Health", "Operations", "Troubleshooting", "Past incidents", "Shared procedures",
    ]  # fmt: skip


def test_it_ends_with_something_to_practise(own):
    assert path_for(own, "opsbook").drill == f"{RUNBOOK}#restart-service"


@pytest.mark.parametrize("role", ["on-call-engineer", "incident-commander", "communications-lead", "support", "new-member"])
def test_every_role_has_something_to_read(own, role):
    found = path_for(own, role)
    assert found.sections
    assert found.minutes == sum(each.minutes for each in found.sections)


def test_a_role_that_the_policy_names_has_a_path(own):
    assert "scribe" in [each.name for each in path_names(own)]


def test_a_path_that_is_not_there_is_told_with_a_guess(own):
    with pytest.raises(Usage, match="Did you mean 'support'"):
        find_path(own, "suport")


def test_a_section_is_read_once_and_taken_back(own, readings):
    path = path_for(own, "opsbook")
    assert readings.mark("ada", path, "1", is_read=True).read == 1
    assert readings.mark("Ada", path, "overview", is_read=True).read == 1
    assert readings.begun("ada") == ("service/opsbook",)
    assert readings.mark("ada", path, "1", is_read=False).read == 0
    assert readings.marks("ben") == {}


def test_a_section_that_changed_is_to_be_read_again(own, readings):
    readings.mark("ada", path_for(own, "opsbook"), "overview", is_read=True)
    changed = {**RAW, RUNBOOK: RAW[RUNBOOK].replace(b"## Overview\n", b"## Overview\n\nNew.\n")}
    found = progress(path_for(own, "opsbook", changed), readings.marks("ada"))
    assert (found.steps[0].state, found.read, found.changed) == ("changed", 0, 1)
    assert found.next == f"{RUNBOOK}#overview"


def test_who_has_finished_is_told_without_more(own, readings):
    path = path_for(own, "support")
    for number in range(1, len(path.sections) + 1):
        readings.mark("ada", path, str(number), is_read=True)
    readings.mark("ben", path, "1", is_read=True)
    assert readings.finished(path) == ("ada",)


@pytest.mark.parametrize(
    ("person", "role", "sees"), [("ada byron", "viewer", True), ("ben", "operator", False), ("ben", "admin", True)]
)
def test_others_are_seen_by_admins_and_by_the_owner(own, person, role, sees):
    assert may_see_others(path_for(own, "opsbook"), person, role) is sees


def test_practice_is_a_share_of_pages_and_a_row_for_each_service(own):
    outlines = [facts.outline for facts in own.facts.values()]
    practised = {f"{RUNBOOK}#restart-service": date(2026, 11, 20)}
    report = practice_report(outlines, practised, date(2026, 11, 23), 90)
    assert (report.practised, report.of, report.share) == (1, 4, 0.25)
    assert practice_line(report).startswith("25% practised: 1 of 4 pages with procedures were practised within 90 days")
    assert "restart" not in operations_line(report.services[0])


def test_practice_of_long_ago_is_no_practice(own):
    outlines = [facts.outline for facts in own.facts.values()]
    report = practice_report(outlines, {f"{RUNBOOK}#restart-service": date(2026, 1, 2)}, date(2026, 11, 23), 90)
    assert (report.practised, report.last) == (0, date(2026, 1, 2))

"""The project's own docs/operations is the filled example: nothing in it is to be mended, and it can be computed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from opsbook.book.page import read_page
from opsbook.book.roster.calendar import on_call
from opsbook.book.roster.reading import read_roster
from opsbook.config import load
from opsbook.usecases.lint import Scope, lint
from opsbook.usecases.ports import Alerting
from opsbook.wire import build_book, build_seed, build_workers, lint_settings


def test_it_lints_clean_with_all_rules_and_its_alert_rules(root: Path) -> None:
    config = load(book=str(root / "docs/operations"), environ={}, here=str(root))
    book = build_book(config)
    alerting = Alerting((str(root / "docs/operations/monitoring"),))
    scope = Scope(date(2026, 11, 23), lint_settings(config), alerting=alerting)
    assert [str(found.span) + found.message for found in lint(book, book, scope, build_workers()).findings] == []


def test_it_has_the_pages_of_the_folder_with_a_runbook_of_its_own(root: Path) -> None:
    folder = root / "docs/operations"
    own = {str(path.relative_to(folder)) for path in folder.rglob("*.md")}
    seeded = {path for path in build_seed().pages if not path.startswith("runbooks/")}
    assert seeded | {"runbooks/opsbook.md"} <= own


def test_it_says_who_is_on_call_at_ten_past_three_on_christmas_day(root: Path) -> None:
    path = "docs/operations/incidents/incident-response.md"
    roster = read_roster(read_page(path, (root / path).read_bytes()))
    at = datetime(2026, 12, 25, 2, 10, tzinfo=UTC)
    assert {schedule.name: [duty.person for duty in on_call(schedule, at)] for schedule in roster.schedules} == {
        "Primary On-Call": ["chris"],
        "Secondary On-Call": ["ada"],
    }

"""Whoever promised something is reminded of it after the incident is over, once, at an hour at which people work."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from tests.usecases.snapshots import snapshot

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ground.errors import Fenced
from opsbook.ledger import incident_events as kinds
from opsbook.ledger.event import Draft
from opsbook.ledger.page import Page, page_of
from opsbook.ledger.views import VIEWS
from opsbook.usecases.action_nags import ActionNags
from opsbook.usecases.contact_book import ContactBook

MONDAY = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)  # 11:00 in Copenhagen
PEOPLE = """# On-Call

| Name | Handle | E-Mail | Time Zone |
| --- | --- | --- | --- |
| Ada Byron | @ada | ada@example.org | Europe/Copenhagen |
| Ben Nevis | @ben | ben@example.org | America/Los_Angeles |
"""
REPORT = """# Incident Response: Orders fail

**Status:** Resolved
**Started:** 2026-03-02 10:00 UTC
**Incident Commander:** @ben

## Prevention

{}
"""
ITEM = "- [ ] Alert at 80 % of the disk (@ada, due 2026-03-11)"


class Nagging:
    """An engine that reminds, its book and its clock."""

    def __init__(self, folder, items: str = ITEM, more: str = "") -> None:
        self.now = MONDAY
        self.ledger = SqliteLedger(str(folder / "opsbook.db"), views=VIEWS)
        self.more = more
        self.says(items)
        self.lease = self.ledger.claim("pager", "one", 600)
        self.nags = self.another()

    def another(self) -> ActionNags:
        contacts = ContactBook(self.ledger, lambda: self.book, now=lambda: self.now, chance=secrets.token_bytes)
        return ActionNags(
            self.ledger, lambda: self.book, contacts, now=lambda: self.now, address="https://ops.example.org"
        )

    def says(self, items: str) -> None:
        self.book = snapshot({
            "incidents/on-call.md": PEOPLE + self.more, "incidents/2026-03-02-orders.md": REPORT.format(items),
        })  # fmt: skip

    def until(self, day: int, *, hour: float = 10, step: float = 1) -> None:
        """Looks every so many hours until that day of March."""
        end = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)
        while self.now < end:
            self.now = min(end, self.now + timedelta(hours=step))
            self.nags.look(self.lease)

    def write(self, *drafts: Draft, id: str = "one") -> None:
        self.ledger.append(f"incident/{id}", drafts, expected=None, actor="Ada", at=self.now)

    @property
    def pages(self) -> list[Page]:
        return [page_of(kept) for kept in reversed(self.ledger.rows("pages"))]

    def told(self) -> list[tuple[str, str]]:
        """Whom each was for, and the day."""
        return [(page.policy.levels[0].targets[0], f"{page.opened_at:%m-%d}") for page in self.pages]


@pytest.fixture
def nagging(tmp_path):
    made = Nagging(tmp_path)
    yield made
    made.ledger.close()


def test_the_owner_is_reminded_before_the_day_on_it_and_every_week_behind_it(nagging):
    nagging.nags.look(nagging.lease)
    nagging.until(24, step=6)
    assert nagging.told() == [("ada", "03-09"), ("ada", "03-11"), ("ada", "03-18")]


def test_a_reminder_says_what_is_to_be_done_and_where_it_is_ticked(nagging):
    nagging.nags.look(nagging.lease)
    (page,) = nagging.pages
    assert page.subject == "1 thing is still to do: Alert at 80 % of the disk (@ada, due 2026-03-11)"
    assert "https://ops.example.org/incidents/actions?owner=ada" in page.policy.why
    assert page.severity == "P3"


@pytest.mark.parametrize("at", ["2026-03-11T07:30", "2026-03-11T16:30", "2026-03-14T10:00", "2026-03-15T10:00"])
def test_nobody_is_reminded_at_night_or_on_a_weekend_by_their_own_clock(nagging, at):
    nagging.now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    nagging.nags.look(nagging.lease)
    assert nagging.pages == []


def test_it_stops_when_it_is_ticked_and_the_last_reminder_ends(nagging):
    nagging.until(12)
    nagging.says(ITEM.replace("[ ]", "[x]"))
    nagging.until(31)
    assert [day for _, day in nagging.told()] == ["03-09", "03-11"]
    assert [page.is_open for page in nagging.pages] == [False, False]


def test_a_newer_reminder_takes_the_place_of_the_one_before(nagging):
    nagging.nags.look(nagging.lease)
    nagging.until(11)
    assert [page.is_open for page in nagging.pages] == [False, True]


def test_what_is_late_for_two_weeks_is_told_to_whoever_led_it_besides(nagging):
    nagging.until(26, hour=20, step=2)
    assert ("ben", "03-25") in nagging.told()
    assert ("ada", "03-25") in nagging.told()


def test_what_nobody_owns_is_told_to_whoever_led_it(tmp_path):
    nagging = Nagging(tmp_path, "- [ ] Alert earlier (due 2026-03-11)")
    nagging.until(9, hour=20)
    assert nagging.told() == [("ben", "03-09")]


def test_many_items_are_one_digest_a_day(tmp_path):
    nagging = Nagging(tmp_path, "\n".join(f"- [ ] Thing {n} (@ada, due 2026-03-{n:02})" for n in range(1, 13)))
    nagging.nags.look(nagging.lease)
    nagging.nags.look(nagging.lease)
    (page,) = nagging.pages
    assert page.subject.startswith("11 things are still to do, 8 late: Thing 1 (@ada, due 2026-03-01); ")
    assert page.subject.endswith("; and 8 more")
    nagging.until(9, hour=16)
    assert len(nagging.pages) == 1


def test_after_an_outage_there_is_one_reminder_and_not_one_for_each_week(nagging):
    nagging.now = MONDAY + timedelta(days=60)
    nagging.nags.look(nagging.lease)
    assert [who for who, _ in nagging.told()] == ["ada"]


def test_an_old_book_is_not_dug_up(tmp_path):
    nagging = Nagging(tmp_path, "- [ ] Long ago (@ada, due 2019-03-11)")
    nagging.nags.look(nagging.lease)
    assert nagging.pages == []


@pytest.mark.parametrize(
    ("says", "days"), [("none", []), ("every 3 days", ["03-09", "03-11", "03-16", "03-19"])]
)  # fmt: skip
def test_how_often_is_as_the_policy_page_says(tmp_path, says, days):
    response = f"\n## Severity Levels\n\n| Severity | Meaning |\n| --- | --- |\n| P0 | Down |\n\n- **Reminders:** {says}\n"
    nagging = Nagging(tmp_path, more=response)
    nagging.nags.look(nagging.lease)
    nagging.until(20, step=3)
    assert [day for _, day in nagging.told()] == days


def test_another_engine_reminds_nobody_a_second_time(nagging):
    nagging.nags.look(nagging.lease)
    nagging.another().look(nagging.lease)
    assert len(nagging.pages) == 1


def test_an_engine_whose_lease_was_taken_reminds_nobody(nagging):
    nagging.ledger.release(nagging.lease)
    nagging.ledger.claim("pager", "two", 600)
    with pytest.raises(Fenced):
        nagging.nags.look(nagging.lease)
    assert nagging.pages == []


def declare(nagging, **more) -> None:
    nagging.write(kinds.declared(
        number=14, title="Orders fail", state="investigating", severity="P1", severity_why="", **more
    ))  # fmt: skip
    nagging.write(kinds.role_given("commander", "@ada"))


def test_a_late_post_mortem_is_reminded_of_until_it_is_reviewed(tmp_path):
    nagging = Nagging(tmp_path, "Nothing.")
    declare(nagging)
    nagging.write(kinds.moved("resolved"), kinds.reviewed("due", owner="@ada", due="2026-03-12"))
    nagging.until(12)
    assert nagging.pages[-1].subject == "1 thing is still to do: Post-mortem of INC-14 (due 2026-03-12)"
    nagging.write(kinds.reviewed("reviewed", owner="@ada", due="2026-03-12"))
    nagging.until(31)
    assert [day for _, day in nagging.told()] == ["03-10", "03-12"]


def test_an_incident_that_is_mitigated_for_days_is_reminded_of(tmp_path):
    nagging = Nagging(tmp_path, "Nothing.")
    declare(nagging)
    nagging.write(kinds.moved("monitoring"))
    nagging.until(12)
    assert nagging.pages[0].subject == "1 thing is still to do: INC-14 is mitigated since 2026-03-09 and not resolved"


def test_a_drill_reminds_nobody(tmp_path):
    nagging = Nagging(tmp_path, "Nothing.")
    declare(nagging, is_drill=True)
    nagging.write(kinds.moved("monitoring"), kinds.action_set(1, "Practise more", "open", owner="@ada", due="2026-03-10"))
    nagging.until(31, step=6)
    assert nagging.pages == []


def test_what_the_ledger_alone_has_is_reminded_of_and_dropping_it_with_a_reason_ends_that(tmp_path):
    nagging = Nagging(tmp_path, "Nothing.")
    declare(nagging)
    nagging.write(kinds.moved("resolved"), kinds.action_set(1, "Buy a spare", "open", owner="@ada", due="2026-03-10"))
    nagging.until(10)
    assert [day for _, day in nagging.told()] == ["03-09", "03-10"]
    nagging.write(kinds.action_set(1, "Buy a spare", "dropped", owner="@ada", due="2026-03-10", why="It is gone."))
    nagging.until(31)
    assert len(nagging.pages) == 2

"""When the next update is due is kept up with the incident, and whoever leads is reminded once where it is late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from tests.usecases.told_world import START, ToldWorld

from opsbook.ground.errors import Fenced
from opsbook.ledger import incident_events as kinds
from opsbook.ledger.page import Page, page_of
from opsbook.usecases.ledger_ports import Timer
from opsbook.usecases.update_reminders import DUE, UpdateReminders

MINUTE = timedelta(minutes=1)


class Engine:
    """An engine that reminds, and its clock."""

    def __init__(self, folder, severity: str = "P1") -> None:
        self.world = ToldWorld(folder)
        self.world.declare(severity=severity)
        self.reminders = UpdateReminders(self.world.ledger, lambda: self.world.book, now=lambda: self.world.now)
        self.lease = self.world.ledger.claim("pager", "one", 600)
        self.reminders.keep(self.lease)

    def run(self, *, minutes: float = 0) -> None:
        """All that is due at a moment so much later, as an engine that was away does."""
        self.world.now += minutes * MINUTE
        for _ in range(5):
            due = [each for each in self.timers() if each.due <= self.world.now]
            if not due:
                return
            self.reminders.do(due, self.lease)
        raise AssertionError("It does not come to rest.")

    def timers(self) -> list[Timer]:
        """The timers that are set, whenever they are due."""
        rows = self.world.ledger._rows("SELECT stream, name, due, facts FROM timer WHERE name = ?", (DUE,))


        return [Timer(stream, name, datetime.fromtimestamp(due / 1e6, UTC), msgspec.json.decode(facts))
                for stream, name, due, facts in rows]  # fmt: skip

    @property
    def pages(self) -> list[Page]:
        """Who was reminded, the first first."""
        return [page_of(kept) for kept in reversed(self.world.ledger.rows("pages"))]

    def told(self) -> list[str]:
        """Whom each recorded miss was told."""
        return [each.facts["told"] for each in self.world.ledger.read("incident/one") if each.kind == kinds.UPDATE_MISSED]


@pytest.fixture
def engine(tmp_path):
    """An engine over a P1 that was just declared."""
    made = Engine(tmp_path)
    yield made
    made.world.ledger.close()


def test_the_first_is_due_five_minutes_after_the_declaration(engine):
    assert engine.world.incident.update_due_at == START + 5 * MINUTE
    assert [each.due for each in engine.timers()] == [START + 5 * MINUTE]


def test_what_is_set_already_is_not_set_again(engine):
    version = engine.world.incident.version
    assert engine.reminders.keep(engine.lease) == 0
    assert engine.world.incident.version == version


def test_nobody_is_reminded_before(engine):
    engine.run(minutes=4.9)
    assert engine.pages == []


def test_who_leads_is_reminded_once_and_then_everybody_with_a_role(engine):
    engine.world.write(kinds.role_given("Scribe", "Chris"))
    engine.run(minutes=5)
    engine.run(minutes=1)
    assert engine.told() == ["Ada, Ben"]
    assert [page.policy.levels[0].targets for page in engine.pages] == [("Ada", "Ben")]
    assert engine.pages[0].subject.startswith("INC-14: a status update was due at 03:15 UTC")
    engine.run(minutes=15)
    engine.run(minutes=300)
    assert engine.told() == ["Ada, Ben", "Ada, Ben, Chris"]
    assert engine.world.incident.updates_missed == 2


def test_an_update_ends_the_reminders_and_moves_the_next(engine):
    engine.run(minutes=6)
    engine.world.published("team", "Cards do not work.", channels=["#ops"])
    assert [page.state for page in engine.pages] == ["done"]
    assert [each.due for each in engine.timers()] == [START + 36 * MINUTE]
    engine.run(minutes=29)
    assert len(engine.pages) == 1


def test_a_graver_severity_makes_it_sooner(engine):
    engine.world.published("team", "Cards do not work.", channels=["#ops"])
    engine.world.write(kinds.rated("P0", "Nobody can pay."))
    engine.reminders.keep(engine.lease)
    assert engine.world.incident.update_due_at == START + 20 * MINUTE


def test_after_an_outage_it_is_looked_at_anew(engine):
    engine.world.now = START + 4 * MINUTE
    engine.world.write(kinds.moved("resolved"))
    engine.run(minutes=600)
    assert (engine.pages, engine.timers(), engine.world.incident.update_due_at) == ([], [], None)


def test_what_is_very_late_after_an_outage_is_one_message_to_everybody(engine):
    engine.world.write(kinds.role_given("Scribe", "Chris"))
    engine.run(minutes=120)
    assert engine.told() == ["Ada, Ben, Chris"]
    assert len(engine.pages) == 1


def test_of_a_day_ago_nobody_is_told_any_more(engine):
    engine.run(minutes=60 * 25)
    assert (engine.told(), engine.pages) == (["nobody"], [])


def test_a_former_engine_reminds_nobody(engine):
    engine.world.ledger.release(engine.lease)
    engine.world.ledger.claim("pager", "two", 600)
    with pytest.raises(Fenced):
        engine.run(minutes=6)
    assert engine.pages == []


def test_two_engines_that_look_at_once_remind_once(engine):
    [timer] = engine.timers()
    engine.world.now += 6 * MINUTE
    engine.reminders.do([timer], engine.lease)
    engine.reminders.do([timer], engine.lease)
    assert len([page for page in engine.pages if page.subject]) == 1


def test_what_is_told_at_the_end_has_no_due_time(tmp_path):
    engine = Engine(tmp_path, severity="P3")
    assert (engine.world.incident.update_due_at, engine.timers()) == (None, [])
    engine.world.ledger.close()


def test_what_went_to_nobody_ends_no_reminder(engine):
    engine.run(minutes=6)
    engine.world.published("team", "Cards do not work.", channels=[])
    assert [page.state for page in engine.pages] == ["active"]

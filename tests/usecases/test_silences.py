"""Silences are made, changed, ended and asked about; what recurs does so by the wall's clock."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.matchers import matchers_of
from opsbook.ledger.silence import Silence, folded, next_reminder, silence_of, state_of, window
from opsbook.ledger.views import VIEWS
from opsbook.usecases.ledger_ports import Write
from opsbook.usecases.silences import Silences

START = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
API = matchers_of(['alertname="ApiDown"'])


class World:
    """A ledger, its silences, and a clock that is moved."""

    def __init__(self, folder) -> None:
        self.now = START
        self.ledger = SqliteLedger(str(folder / "opsbook.db"), views=VIEWS)
        self.silences = Silences(self.ledger, now=lambda: self.now, chance=random.Random(5).randbytes)

    def add(self, *matchers: str, hours: float = 2, **more) -> Silence:
        """A silence from now on."""
        given = {"starts_at": self.now, "ends_at": self.now + hours * HOUR, "by": "Ada", "comment": "mending", **more}
        return self.silences.add(matchers_of(matchers) if matchers else API, **given)

    def holding(self, **labels: str) -> list[str]:
        """The ids of the silences that hold now."""
        return [each.id for each in self.silences.holding(labels, self.now)]

    def timers(self, silence: Silence) -> dict[str, datetime]:
        """The timers of a silence, whenever they are due."""
        rows = self.ledger._rows("SELECT name, due FROM timer WHERE stream = ?", (f"silence/{silence.id}",))
        return {name: datetime.fromtimestamp(due / 1e6, UTC) for name, due in rows}

    def turn(self, silence: Silence) -> None:
        """Does what whoever routes does when a timer is due."""
        self.write(self.silences.turned(self.silences.find(silence.id)))

    def write(self, write: Write) -> None:
        """Records what a verb gave to be recorded."""
        self.ledger.append(
            write.stream, write.drafts, expected=write.expected, actor="router", at=self.now,
            set_timers=write.set_timers, clear_timers=write.clear_timers,
        )  # fmt: skip


@pytest.fixture
def world(tmp_path):
    """A new ledger at noon."""
    made = World(tmp_path)
    yield made
    made.ledger.close()


def test_a_silence_holds_the_alerts_that_match_from_its_beginning_to_its_end(world):
    made = world.add(hours=1, starts_at=START + HOUR, ends_at=START + 2 * HOUR)
    held = []
    for _ in range(5):
        held.append(world.holding(alertname="ApiDown"))
        world.now += HOUR / 2
    assert held == [[], [], [made.id], [made.id], []]
    assert world.holding(alertname="Other") == []


def test_a_silence_of_another_process_holds_at_once(world):
    assert world.holding(alertname="ApiDown") == []
    other = Silences(world.ledger, now=lambda: START, chance=random.Random(6).randbytes)
    made = other.add(API, starts_at=START, ends_at=START + HOUR, by="Ben", comment="mending")
    assert world.holding(alertname="ApiDown") == [made.id]


@pytest.mark.parametrize(
    ("matchers", "more", "word"),
    [
        ((), {"hours": -1}, "before it begins"), (('alertname=~".+"',), {}, "every alert"), ((), {"comment": " "}, "reason"),
        ((), {"rule": "FREQ=HOURLY"}, "DAILY"), ((), {"time_zone": "Mars/Olympus"}, "time zone"),
        ((), {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "such a day"), ((), {"rule": "FREQ=DAILY;UNTIL=20200101"}, "never"), ((), {"rule": "SOMETIMES"}, "no rule"),
        ((), {"kind": "party"}, "kind"), ((), {"rule": "FREQ=DAILY;UNTIL=soon"}, "no rule|UNTIL"),
    ],
)  # fmt: skip
def test_what_cannot_be_silenced_is_refused_with_a_sentence(world, matchers, more, word):
    with pytest.raises(Usage, match=word):
        world.add(*matchers, **more)
    assert world.ledger.head() == 0


def test_a_silence_that_is_expired_holds_nothing_and_cannot_be_expired_twice(world):
    made = world.add()
    assert world.silences.expire(made.id[:8], "Ben").expired_by == "Ben"
    assert world.holding(alertname="ApiDown") == []
    with pytest.raises(Refusal, match="over already"):
        world.silences.expire(made.id, "Ben")
    assert set(world.timers(made)) == {"end"}


def test_a_longer_silence_is_the_same_one(world):
    made = world.add()
    world.now += HOUR
    longer = world.add(id=made.id, starts_at=made.starts_at, ends_at=made.ends_at + DAY)
    assert (longer.id, longer.ends_at, longer.number) == (made.id, made.ends_at + DAY, 2)


def test_other_matchers_are_another_silence_and_end_the_one_before(world):
    made = world.add()
    other = world.add('alertname="DbDown"', id=made.id)
    assert other.id != made.id
    assert state_of(world.silences.find(made.id), world.now) == "expired"
    assert [each.id for each in world.silences.select()] == [other.id]


def test_silences_are_found_by_what_their_matchers_say(world):
    made = world.add('alertname="ApiDown"', 'job="api"')
    world.add('alertname="DbDown"')
    assert [each.id for each in world.silences.select(matchers=matchers_of(['job="api"']))] == [made.id]
    assert len(world.silences.select(matchers=matchers_of(['alertname=~".*Down"']))) == 2


def test_an_unknown_silence_is_told_with_a_guess(world):
    made = world.add()
    with pytest.raises(Usage, match=f"Did you mean {made.id}"):
        world.silences.find(made.id[:-1] + "x")


def test_timers_lead_a_silence_from_its_beginning_to_its_end(world):
    made = world.add(starts_at=START + HOUR, ends_at=START + 3 * HOUR)
    assert world.timers(made) == {"start": START + HOUR}
    world.now = START + HOUR
    world.turn(made)
    assert world.timers(made) == {"end": START + 3 * HOUR}
    world.now = START + 3 * HOUR
    world.turn(made)
    assert world.timers(made) == {}
    assert world.silences.find(made.id).expired_at == START + 3 * HOUR


def test_what_recurs_begins_again_at_the_same_time_on_the_wall(world):
    copenhagen = {"rule": "FREQ=DAILY", "time_zone": "Europe/Copenhagen"}
    first = datetime(2026, 3, 27, 1, 30, tzinfo=UTC)  # 02:30 there, two days before the clocks change
    world.now = first
    made = world.add(starts_at=first, ends_at=first + HOUR, **copenhagen)
    begins = [window(made, first + days * DAY - HOUR).begin for days in range(1, 4)]
    assert [each.strftime("%d %H:%M") for each in begins] == ["28 01:30", "29 01:30", "30 00:30"]


def test_what_recurs_is_over_after_its_last_time(world):
    made = world.add(hours=1, rule="FREQ=DAILY;COUNT=2")
    states = [state_of(made, START + hours * HOUR) for hours in (0, 1, 24, 24.5, 25)]
    assert states == ["active", "pending", "active", "active", "expired"]


def test_what_recurs_and_has_ended_for_now_is_looked_at_again_when_it_begins(world):
    made = world.add(hours=1, rule="FREQ=WEEKLY")
    world.turn(made)
    assert world.timers(made)["end"] == START + HOUR
    world.now = START + HOUR
    world.turn(made)
    assert world.timers(made)["start"] == START + 7 * DAY
    assert world.holding(alertname="ApiDown") == []
    world.now = START + 7 * DAY
    assert world.holding(alertname="ApiDown") == [made.id]


def test_whoever_makes_a_long_silence_is_reminded_each_week_and_before_its_end(world):
    made = world.add(hours=24 * 10)
    reminders = [world.timers(made)["remind"]]
    for at in (7, 9.99):
        world.now = START + at * DAY
        world.write(world.silences.reminded(world.silences.find(made.id), 3, "It still holds."))
        reminders += [world.timers(made)["remind"]] if "remind" in world.timers(made) else []
    assert reminders == [START + 7 * DAY, START + 10 * DAY - HOUR]


def test_a_short_silence_reminds_nobody_unless_it_is_asked_to(world):
    assert next_reminder(world.add(), START) is None
    assert next_reminder(world.add(remind_at=START + HOUR), START) == START + HOUR


def test_the_rows_of_silences_are_their_fold(world):
    made = world.add()
    world.silences.expire(made.id, "Ben")
    row = world.ledger.row("silences", f"silence/{made.id}")
    assert silence_of(row) == folded(world.ledger.read(f"silence/{made.id}"))
    assert not row.row.is_open


def test_silences_are_read_once_for_many_alerts(world):
    for number in range(50):
        world.add(f'instance="host-{number}"', 'severity=~"warning|critical"')
    calls = []
    world.ledger.rows = lambda *given, **more: calls.append(given) or SqliteLedger.rows(world.ledger, *given, **more)
    for number in range(50):
        assert len(world.holding(instance=f"host-{number}", severity="critical")) == 1
    assert len(calls) == 1


def test_a_silence_that_would_be_over_already_is_refused(world):
    with pytest.raises(Usage, match="over already"):
        world.add(starts_at=START - 2 * HOUR, ends_at=START - HOUR)


def test_whoever_is_reminded_may_have_another_name_than_the_one_that_acts(world):
    made = world.add(maker="Ada Byron", by="terminal:ada")
    assert (made.created_by, world.ledger.read(f"silence/{made.id}")[0].actor) == ("Ada Byron", "terminal:ada")
